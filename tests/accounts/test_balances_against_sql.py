"""Balances of generated clients against a second computation: integers of cents, in SQL, over ITFlow's own rows."""

import random
from collections import defaultdict
from decimal import Decimal

import pytest

from bridge.accounts import Basis, Certainty, balance
from bridge.embedded import EmbeddedItflow

CLIENTS = 500
STATUSES = ("Draft", "Sent", "Viewed", "Partial", "Paid", "Overdue", "Cancelled", "Non-Billable")

BALANCES = """
SELECT client, currency, sum(cents) FROM (
    SELECT invoice_client_id AS client, invoice_currency_code AS currency,
        CAST(replace(invoice_amount, '.', '') AS INTEGER) AS cents
    FROM invoices WHERE invoice_status NOT IN ('Draft', 'Cancelled', 'Non-Billable')
    UNION ALL
    SELECT invoice_client_id, invoice_currency_code, -CAST(replace(payment_amount, '.', '') AS INTEGER)
    FROM payments JOIN invoices ON invoice_id = payment_invoice_id
) GROUP BY client, currency
"""


def money(cents):
    return f"{cents // 100}.{cents % 100:02d}"


def rows(rng):
    """Clients with invoices of every status, paid in every way, also by edits, imports and accidents."""
    clients: list[dict[str, object]] = []
    invoices: list[dict[str, object]] = []
    payments: list[dict[str, object]] = []
    for client in range(1, CLIENTS + 1):
        clients.append({"client_name": f"Client {client}", "client_currency_code": rng.choice(("USD", "EUR"))})
        for _ in range(rng.randrange(8)):
            status = rng.choice(STATUSES)
            amount = rng.choice((rng.randint(1, 999_999), rng.randint(1, 10**15 - 1)))
            paid = rng.choice((0, 0, amount, rng.randint(1, amount), amount + rng.randint(1, 5_000)))
            invoices.append(
                {
                    "invoice_prefix": "INV-",
                    "invoice_number": len(invoices) + 1,
                    "invoice_status": status,
                    "invoice_amount": money(amount),
                    "invoice_currency_code": rng.choice(("USD", "USD", "USD", "EUR")),
                    "invoice_client_id": client,
                    "invoice_archived_at": rng.choice((None, None, "2026-01-01 00:00:00")),
                }
            )
            first = rng.randint(0, paid)
            payments += [
                {"payment_amount": money(part), "payment_invoice_id": len(invoices)}
                for part in (first, paid - first)
                if part
            ]
    return {"clients": clients, "invoices": invoices, "payments": payments}


def itflow(generation, *, dropin):
    embedded = EmbeddedItflow(generation=generation, dropin=dropin)
    embedded.add_key("KEY")
    embedded.load(rows(random.Random(6)))
    return embedded


def expected(embedded):
    found: defaultdict[int, dict[str, Decimal]] = defaultdict(dict)
    for client, currency, cents in embedded.connection.execute(BALANCES):
        if cents:
            found[int(client)][currency] = Decimal(cents) / 100
    return found


def owed(statement):
    return {currency: amount for currency, amount in statement.balances.items() if amount}


def sums(statement):
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for line in statement.lines:
        totals[line.currency] += line.rest
    return {currency: amount for currency, amount in totals.items() if amount}


@pytest.mark.parametrize(("generation", "dropin"), [("26.02", False), ("26.08", True)])
async def test_with_payments_every_balance_is_exact(pull, generation, dropin):
    embedded = itflow(generation, dropin=dropin)
    snapshot, freshness = await pull(embedded)
    truth = expected(embedded)
    assert freshness.money_at is not None
    for client_id in range(1, CLIENTS + 1):
        statement = balance(snapshot, client_id)
        assert owed(statement) == truth[client_id] == sums(statement)
        assert (statement.basis, statement.certainty) == (Basis.PAYMENTS, Certainty.EXACT)
        if len(truth[client_id]) < 2:
            assert statement.as_text() == f"{sum(truth[client_id].values()):.2f}"
    assert len(truth) > CLIENTS / 2
    embedded.close()
