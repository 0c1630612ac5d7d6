"""What a client owes, by ITFlow's own rule, and how sure that is.

A balance is the sum of the invoices that are billed, less every payment on any of the client's invoices,
whatever their status (ITFlow shows agents and its client portal the same). From ITFlow 26.04 on, payments
cannot be read without the bridge's own page in ITFlow (``templates/itflow``). Then an amount is certain only if
ITFlow's forms leave no other (its sources ``agent/invoice.php``, ``agent/post/payment.php`` and ``invoice.php``):

* A payment is taken on an invoice that is not Draft, Cancelled, Paid or Non-Billable, and makes it Partial or Paid.
  Only what was sent and never paid on is Sent or Viewed; a deletion or refund of all payments leads back to Sent. No
  form makes an invoice a Draft again, and Non-Billable is offered for an unpaid one of amount 0 only. So Draft, Sent,
  Viewed and Non-Billable carry no payment.
* How much was paid on a Partial one does not show. A Paid one can be changed afterwards, and so can its payments,
  without the status following; a card payment can be a cent short of it (ITFlow's changelog, 26.10). A Partial one
  can be cancelled, and its payments still count. No form sets Overdue or any other status, so nothing is known of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bridge.directory.entries import Client, Invoice, Scope, covers
from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotFound, NotReady, Uncertain
from bridge.itflow.capabilities import Generation

NOTHING = Decimal("0.00")
NON_BILLABLE = "Non-Billable"
# As MariaDB compares them: whatever their case.
UNBILLED = frozenset({"draft", "cancelled", NON_BILLABLE.lower()})
PAID = "Paid"
PARTIAL = "Partial"
OVERDUE = "Overdue"
# On these there is no payment; as PHP compares them: to the letter.
UNPAID = frozenset({"Draft", "Sent", "Viewed", NON_BILLABLE})

# Up to 25.05 ITFlow's own balance counts what is Non-Billable; where the release does not show, nobody knows.
COUNTS_NON_BILLABLE: Mapping[str, bool | None] = {Generation.UNTIL_25_05: True, Generation.UNTIL_25_12: None}

# As many invoices are named in a sentence.
NAMED = 5

PAGE = "Exact balances need the bridge's page for payments in ITFlow: see templates/itflow/README.md"


class Certainty(StrEnum):
    """How a balance relates to the true one; UNCERTAIN: it may be more or less."""

    EXACT = "exact"
    AT_MOST = "at_most"
    UNCERTAIN = "uncertain"


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
        unsure: The invoices of which neither payments nor status tell what was paid.
        disputed: Non-Billable invoices that count on some releases, where the release does not show.
        left_out: Invoices of ITFlow that cannot be read and may be this client's, in words.
    """

    client: Client
    balances: dict[str, Decimal]
    lines: tuple[Line, ...]
    basis: Basis
    unsure: tuple[Invoice, ...] = ()
    disputed: tuple[Invoice, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def certainty(self) -> Certainty:
        """Exact where there is no other amount; at most, where only payments can be missing."""
        if not (self.unsure or self.disputed or self.left_out):
            return Certainty.EXACT
        # A Paid invoice stands for nothing here, and may be more by now; less than nothing is paid on a credit.
        capped = all(invoice.status != PAID and invoice.amount >= 0 for invoice in self.unsure)
        return Certainty.AT_MOST if capped and not self.disputed and not self.left_out else Certainty.UNCERTAIN

    @property
    def reason(self) -> str:
        """Why the balance is not exact; empty where it is."""
        reasons = []
        if self.unsure and self.basis is Basis.PAYMENTS:
            reasons.append(
                f"A payment in ITFlow cannot be read, so what was paid on {_named(self.unsure)} is not known."
            )
        elif self.unsure:
            reasons.append(
                "This ITFlow does not show payments, and the status does not tell what was paid on "
                f"{_named(self.unsure)}. {PAGE}"
            )
        if self.disputed:
            reasons.append(
                f"ITFlow counts {_named(self.disputed)} up to 25.05 and not from 25.06 on, and which one this is does "
                "not show without any ticket. Update ITFlow."
            )
        if self.left_out:
            more = len(self.left_out) - 1
            reasons.append(f"{self.left_out[0]}{f' And {more} more.' if more else ''}")
        return " ".join(reasons)

    def amount(self) -> Decimal:
        """The one number that is owed.

        Raises:
            Uncertain: There is no such number: what was paid is not known, or several currencies are owed.
        """
        if self.certainty is not Certainty.EXACT:
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


def balance(
    snapshot: Snapshot,
    client_id: int,
    scope: Scope = None,
    *,
    today: dt.date | None = None,
    generation: str = "",
) -> Statement:
    """Draw up a client's account.

    Args:
        snapshot: What to answer from; see ``current`` for whether it holds invoices yet.
        client_id: The client.
        scope: The clients that may be seen.
        today: The day by which an invoice is overdue; the bridge's own if left out.
        generation: ITFlow's release, as ``Freshness`` has it.

    Raises:
        NotFound: There is no such client, it is archived, or out of scope.
    """
    client = snapshot.client(client_id) if covers(scope, client_id) else None
    if client is None:
        raise NotFound(f"There is no client {client_id}, or it is archived, or this key does not cover it.")
    invoices = snapshot.invoices(client_id)
    basis = Basis.PAYMENTS if snapshot.payments else Basis.STATUSES
    today = today or dt.datetime.now().astimezone().date()
    counted = COUNTS_NON_BILLABLE.get(generation, False)
    unbilled = UNBILLED - {NON_BILLABLE.lower()} if counted else UNBILLED
    lines = tuple(line for invoice in invoices if (line := _line(invoice, client, today, unbilled)).rest)
    return Statement(
        client=client,
        balances=_totals(lines) or {client.currency: NOTHING},
        lines=lines,
        basis=basis,
        # A payment that cannot be read is one, whatever the status.
        unsure=tuple(
            invoice
            for invoice in invoices
            if invoice.paid is None and (snapshot.payments or invoice.status not in UNPAID)
        ),
        disputed=tuple(invoice for invoice in invoices if counted is None and _is_non_billable(invoice)),
        left_out=tuple(snapshot.odd_invoices(client_id)),
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
    return balance(snapshot, client_id, scope, generation=mirror.freshness.generation)


def _is_non_billable(invoice: Invoice) -> bool:
    return invoice.status.lower() == NON_BILLABLE.lower() and invoice.amount != 0


def _named(invoices: Sequence[Invoice]) -> str:
    """Some of the invoices, what is rare first, and how many there are besides."""
    first = sorted(invoices, key=lambda invoice: (invoice.status != PARTIAL, invoice.status == PAID, invoice.id))
    names = [f"{invoice.number or f'invoice {invoice.id}'} ({invoice.status or 'no status'})" for invoice in first]
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _line(invoice: Invoice, client: Client, today: dt.date, unbilled: frozenset[str]) -> Line:
    amount = NOTHING if invoice.status.lower() in unbilled else invoice.amount
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
