"""Balances without payments, against every history that ITFlow's forms could have made."""

import random
from decimal import Decimal

import pytest

from bridge.accounts import balance
from bridge.embedded import EmbeddedItflow
from bridge.errors import Uncertain
from tests.accounts.forms import State, moves, rests

CLIENTS = 500
LONGEST = 8


def walk(rng, release):
    """An invoice after some presses of ITFlow's buttons."""
    state = State()
    for _ in range(rng.randrange(LONGEST)):
        # A state is chosen by its status first, or edits of the amount would drown all others.
        ahead = list(moves(state, release))
        status = rng.choice(sorted({one.status for one in ahead}))
        state = rng.choice([one for one in ahead if one.status == status])
    return state


def clients(rng, release):
    return {number: [walk(rng, release) for _ in range(rng.randrange(4))] for number in range(1, CLIENTS + 1)}


def rows(invoices_of):
    invoices = [(client, state) for client, states in invoices_of.items() for state in states]
    return {
        "clients": [{"client_name": f"Client {client}", "client_currency_code": "USD"} for client in invoices_of],
        "invoices": [
            {
                "invoice_prefix": "INV-",
                "invoice_number": number,
                "invoice_status": state.status,
                "invoice_amount": f"{Decimal(state.amount) / 100:.2f}",
                "invoice_currency_code": "USD",
                "invoice_client_id": client,
            }
            for number, (client, state) in enumerate(invoices, 1)
        ],
        "payments": [
            {"payment_amount": f"{Decimal(payment) / 100:.2f}", "payment_invoice_id": number}
            for number, (_, state) in enumerate(invoices, 1)
            for payment in state.payments
        ],
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("release", ["26.05", "26.08"])
async def test_a_balance_is_given_where_every_history_gives_it_and_nowhere_else(pull, release, seed):
    invoices_of = clients(random.Random(f"{release} {seed}"), release)
    possible = rests(release)
    embedded = EmbeddedItflow(generation="26.08")  # neither release shows payments
    embedded.add_key("KEY")
    embedded.load(rows(invoices_of))
    snapshot, _ = await pull(embedded)
    embedded.close()
    given = 0
    for client, states in invoices_of.items():
        certain = all(len(possible[state.status, state.amount]) == 1 for state in states)
        if certain:
            given += 1
            assert balance(snapshot, client).as_text() == f"{Decimal(sum(state.rest for state in states)) / 100:.2f}"
        else:
            with pytest.raises(Uncertain):
                balance(snapshot, client).as_text()
    assert CLIENTS / 4 < given < CLIENTS * 3 / 4


@pytest.mark.parametrize("release", ["26.05", "26.08"])
def test_the_forms_make_every_kind_of_invoice(release):
    possible = rests(release)
    assert {status for status, _ in possible} == {
        *("Draft", "Sent", "Viewed", "Partial", "Paid", "Cancelled", "Non-Billable")
    }
    assert possible["Sent", 3] == possible["Viewed", 3] == {3}
    assert possible["Draft", 3] == possible["Non-Billable", 3] == {0}
    assert {0, 1, -1} < possible["Paid", 2]
    assert {0, -1, -2} <= possible["Cancelled", 2]
    assert {1, -1} <= possible["Partial", 2]
