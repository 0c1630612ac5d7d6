"""What ITFlow's forms can do to an invoice and its payments, written down a second time, apart from the bridge.

Source: the pages and handlers of ITFlow for invoices, payments and guests (``agent/invoice.php``,
``agent/post/invoice.php``, ``agent/post/payment.php``, ``guest/``), where a button is shown only for some statuses.
A page that is kept open while somebody else changes the invoice, SQL and imports are not forms.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

Release = Literal["26.05", "26.08"]

# Cents. Small enough to try everything, large enough for "part", "all", "too much" and "a cent short".
AMOUNTS = range(4)
MOST_PAYMENTS = 2
LARGEST_PAYMENT = 4  # in either direction: a correction of a correction may grow without end

UNBILLED = ("Draft", "Cancelled", "Non-Billable")


@dataclass(frozen=True)
class State:
    """An invoice; ``payments`` are what stands after refunds."""

    status: str = "Draft"
    amount: int = 0
    payments: tuple[int, ...] = ()

    @property
    def paid(self) -> int:
        return sum(self.payments)

    @property
    def rest(self) -> int:
        """What it adds to ITFlow's own balance."""
        return (0 if self.status in UNBILLED else self.amount) - self.paid

    def pay(self, amount: int, status: str) -> "State":
        return replace(self, payments=tuple(sorted((*self.payments, amount))), status=status)

    def without(self, payment: int) -> "State":
        left = list(self.payments)
        left.remove(payment)
        return replace(self, payments=tuple(left))


def moves(state: State, release: Release) -> Iterator[State]:
    """Every state that one press of one button leads to."""
    yield from (replace(state, amount=amount) for amount in AMOUNTS)  # items, or the discount where items are locked
    if state.status == "Draft":
        yield replace(state, status="Sent")
    if state.status == "Sent":
        yield replace(state, status="Viewed")
    if state.status not in ("Cancelled", "Paid", "Non-Billable"):
        yield replace(state, status="Cancelled")
    if state.status in ("Sent", "Viewed") and state.amount == 0:
        yield replace(state, status="Non-Billable")
    if len(state.payments) < MOST_PAYMENTS:
        yield from payments(state, release)
    for payment in state.payments:
        yield from (
            replace(state.without(payment), payments=tuple(sorted((*state.without(payment).payments, amount))))
            for amount in AMOUNTS
            if amount or release == "26.05"
        )
        yield after_deletion(state.without(payment), release)  # 26.08: a refund in full does the same


def payments(state: State, release: Release) -> Iterator[State]:
    """A payment by an agent, one for all open invoices of a client, one by card."""
    balance = state.amount - state.paid
    least = 0 if release == "26.05" else 1
    if state.status not in ("Paid", "Cancelled", "Draft", "Non-Billable") and state.amount != 0:
        for amount in range(least, balance + 1):
            yield state.pay(amount, "Paid" if amount == balance else "Partial")
    if state.status not in ("Draft", "Paid", "Cancelled"):
        for bulk in AMOUNTS[1:]:
            part = min(bulk, balance)
            if part >= least or release == "26.05":
                yield state.pay(part, "Paid" if bulk >= balance else "Partial")
        if balance > 1:
            yield state.pay(balance, "Paid")
            yield state.pay(balance - 1, "Paid")  # by card, a cent short


def after_deletion(state: State, release: Release) -> State:
    if release == "26.05":
        return replace(state, status="Paid" if state.amount == state.paid else "Partial")
    if state.status in ("Draft", "Cancelled"):
        return state
    settled = "Paid" if state.paid >= state.amount else "Partial"
    return replace(state, status="Sent" if state.paid <= 0 else settled)


def reachable(release: Release) -> set[State]:
    """Every state of an invoice that the forms can make."""
    found = {State()}
    ahead = [State()]
    while ahead:
        for state in moves(ahead.pop(), release):
            if state not in found and all(abs(payment) <= LARGEST_PAYMENT for payment in state.payments):
                found.add(state)
                ahead.append(state)
    return found


def rests(release: Release) -> dict[tuple[str, int], set[int]]:
    """What an invoice may add to the balance, by all that v1 shows of it without payments."""
    found: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for state in reachable(release):
        found[state.status, state.amount].add(state.rest)
    return found
