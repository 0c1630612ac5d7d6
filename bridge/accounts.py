"""What a client owes, by ITFlow's own rule, and how sure that is.

A balance is the sum of the invoices that are billed, less every payment on any of the client's invoices,
whatever their status (ITFlow shows agents and its client portal the same). From ITFlow 26.04 on, payments
cannot be read without the bridge's own page in ITFlow (``templates/itflow``). Then the statuses decide: ITFlow
sets Paid when an invoice is settled and Partial when it is not, and refuses overpayment in its forms.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bridge.directory.entries import Client, Invoice, Scope, covers
from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotFound, NotReady, Uncertain

NOTHING = Decimal("0.00")
UNBILLED = frozenset({"Draft", "Cancelled", "Non-Billable"})
PAID = "Paid"
PARTIAL = "Partial"
OVERDUE = "Overdue"


class Certainty(StrEnum):
    """How a balance relates to the true one."""

    EXACT = "exact"
    AT_MOST = "at_most"


class Basis(StrEnum):
    """What a balance is made from."""

    PAYMENTS = "payments"
    STATUSES = "statuses"


class State(StrEnum):
    """What an invoice adds to the balance."""

    OPEN = "open"
    OVERDUE = "overdue"
    CREDIT = "credit"  # more was paid than billed


@dataclass(frozen=True, slots=True)
class Line:
    """An invoice that is not settled.

    Attributes:
        amount: What it bills: nothing while Draft, Cancelled or Non-Billable.
        paid: What was paid on it; None where that is not known.
        rest: What it adds to the balance: ``amount`` less ``paid``, negative for a credit.
    """

    number: str
    status: str
    state: State
    date: dt.date | None
    due: dt.date | None
    currency: str
    amount: Decimal
    paid: Decimal | None
    rest: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """A client's account.

    Attributes:
        balances: The amount owed by currency (ISO 4217), negative for a credit; never empty: where nothing is owed,
            that is so in the client's currency.
        lines: The invoices that are not settled; for each currency the sum of ``rest`` is the balance.
        unsure: Numbers of Partial invoices of which it is not known how much was paid. Without any, a balance
            from statuses is right unless an invoice was changed after it was paid.
    """

    client: Client
    balances: dict[str, Decimal]
    lines: tuple[Line, ...]
    basis: Basis
    unsure: tuple[str, ...]

    @property
    def certainty(self) -> Certainty:
        """Exact only where payments are known."""
        return Certainty.EXACT if self.basis is Basis.PAYMENTS else Certainty.AT_MOST

    @property
    def reason(self) -> str:
        """Why the balance is not exact; empty where it is."""
        if self.unsure:
            return (
                f"ITFlow does not tell what was paid on {', '.join(self.unsure)} (Partial). "
                "Exact balances need the bridge's page for payments in ITFlow: see templates/itflow/README.md"
            )
        if self.basis is Basis.STATUSES:
            return "Made from the invoices' statuses, because this ITFlow does not show payments."
        return ""

    def amount(self) -> Decimal:
        """The one number that is owed.

        Raises:
            Uncertain: There is no such number: what was paid is not known, or several currencies are owed.
        """
        if self.unsure:
            raise Uncertain(f"The balance of {self.client.name} is not certain. {self.reason}")
        if len(self.balances) > 1:
            amounts = ", ".join(f"{amount:.2f} {currency}" for currency, amount in self.balances.items())
            raise Uncertain(f"{self.client.name} has more than one currency: {amounts}")
        return next(iter(self.balances.values()))

    def as_text(self) -> str:
        """The one number that is owed, with two decimals, such as ``220.10`` or ``-10.00``.

        Raises:
            Uncertain: See ``amount``.
        """
        return f"{self.amount():.2f}"


def balance(snapshot: Snapshot, client_id: int, scope: Scope = None, *, today: dt.date | None = None) -> Statement:
    """Draw up a client's account.

    Args:
        snapshot: What to answer from; see ``current`` for whether it holds invoices yet.
        client_id: The client.
        scope: The clients that may be seen.
        today: The day by which an invoice is overdue; the bridge's own if left out.

    Raises:
        NotFound: There is no such client, it is archived, or out of scope.
    """
    client = snapshot.client(client_id) if covers(scope, client_id) else None
    if client is None:
        raise NotFound(f"There is no client {client_id}, or it is archived, or this key does not cover it.")
    invoices = snapshot.invoices(client_id)
    basis = Basis.PAYMENTS if snapshot.payments and all(i.paid is not None for i in invoices) else Basis.STATUSES
    today = today or dt.datetime.now().astimezone().date()
    lines = tuple(line for invoice in invoices if (line := _line(invoice, client, today)).rest)
    return Statement(
        client=client,
        balances=_totals(lines) or {client.currency: NOTHING},
        lines=lines,
        basis=basis,
        unsure=tuple(invoice.number for invoice in invoices if invoice.paid is None and invoice.status == PARTIAL),
    )


def current(mirror: Mirror, client_id: int, scope: Scope = None) -> Statement:
    """A client's account as the mirror has it now.

    Raises:
        NotReady: Invoices were never read, so that every balance would be a false zero.
        NotFound: See ``balance``.
    """
    snapshot = mirror.snapshot
    if mirror.freshness.money_at is None:
        raise NotReady(
            "The bridge has not yet read any invoices from ITFlow. "
            "Run `itflow-bridge check` to see whether its key may."
        )
    return balance(snapshot, client_id, scope)


def _line(invoice: Invoice, client: Client, today: dt.date) -> Line:
    amount = NOTHING if invoice.status in UNBILLED else invoice.amount
    settled = amount if invoice.status == PAID else NOTHING
    rest = amount - (settled if invoice.paid is None else invoice.paid)
    late = invoice.status == OVERDUE or (invoice.due is not None and invoice.due < today)
    return Line(
        number=invoice.number,
        status=invoice.status,
        state=State.CREDIT if rest < 0 else State.OVERDUE if late else State.OPEN,
        date=invoice.date,
        due=invoice.due,
        currency=invoice.currency or client.currency,
        amount=amount,
        paid=invoice.paid,
        rest=rest,
    )


def _totals(lines: Iterable[Line]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for line in lines:
        totals[line.currency] = totals.get(line.currency, NOTHING) + line.rest
    return {currency: total for currency, total in totals.items() if total}
