"""ITFlow's rule for a balance, case by case."""

import datetime as dt
from decimal import Decimal

import pytest

from bridge.accounts import Basis, Certainty, State, balance, current
from bridge.clock import Moment
from bridge.directory.entries import Client, Invoice
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotFound, NotReady, Uncertain
from bridge.itflow.capabilities import Generation

TODAY = dt.date(2026, 6, 15)
ACME = Client(1, "Acme", currency="USD")


def invoice(number, status, amount, paid=None, *, currency="USD", due=None):
    return Invoice(
        id=number,
        client_id=1,
        number=f"INV-{number}",
        status=status,
        date=dt.date(2026, 1, 1),
        due=due,
        currency=currency,
        amount=Decimal(amount),
        paid=None if paid is None else Decimal(paid),
    )


def statement(*invoices, payments=True):
    snapshot = Snapshot.build(clients=[ACME], invoices=invoices, payments=payments)
    return balance(snapshot, 1, today=TODAY)


def sums(found):
    totals: dict[str, Decimal] = {}
    for line in found.lines:
        totals[line.currency] = totals.get(line.currency, Decimal(0)) + line.rest
    return totals


@pytest.mark.parametrize(
    ("status", "paid", "rest"),
    [
        ("Sent", "0", "100.00"),
        ("Viewed", "0", "100.00"),
        ("Overdue", "40.00", "60.00"),
        ("Partial", "99.99", "0.01"),
        ("Paid", "100.00", "0.00"),
        ("Paid", "0", "100.00"),  # set by hand: ITFlow's own sum counts it
        ("Paid", "110.00", "-10.00"),
        ("Draft", "0", "0.00"),
        ("Draft", "5.00", "-5.00"),
        ("Cancelled", "5.00", "-5.00"),
        ("Non-Billable", "0", "0.00"),
        ("Non-Billable", "7.00", "-7.00"),
    ],
)
def test_with_payments_every_payment_counts_whatever_the_status(status, paid, rest):
    found = statement(invoice(1, status, "100.00", paid))
    assert found.as_text() == rest
    assert (found.basis, found.certainty, found.reason) == (Basis.PAYMENTS, Certainty.EXACT, "")
    assert all(line.amount - line.paid == line.rest for line in found.lines)


@pytest.mark.parametrize(
    ("status", "rest"), [("Sent", "100.00"), ("Viewed", "100.00"), ("Draft", "0.00"), ("Non-Billable", "0.00")]
)
def test_without_payments_some_statuses_leave_one_amount_only(status, rest):
    found = statement(invoice(1, status, "100.00"), payments=False)
    assert found.as_text() == rest
    assert (found.basis, found.certainty, found.reason) == (Basis.STATUSES, Certainty.EXACT, "")


@pytest.mark.parametrize(
    ("status", "amount", "shown", "certainty"),
    [
        ("Partial", "100.00", "100.00", Certainty.AT_MOST),
        ("Overdue", "100.00", "100.00", Certainty.AT_MOST),
        ("Cancelled", "100.00", "0.00", Certainty.AT_MOST),
        ("", "100.00", "100.00", Certainty.AT_MOST),
        ("Bezahlt", "100.00", "100.00", Certainty.AT_MOST),
        ("sent", "100.00", "100.00", Certainty.AT_MOST),
        ("draft", "100.00", "0.00", Certainty.AT_MOST),
        ("Partial", "-100.00", "-100.00", Certainty.UNCERTAIN),
        ("Paid", "100.00", "0.00", Certainty.UNCERTAIN),
        ("Paid", "0.00", "0.00", Certainty.UNCERTAIN),
    ],
)
def test_without_payments_other_statuses_leave_several_and_no_number_is_given(status, amount, shown, certainty):
    found = statement(invoice(1, "Sent", "0.00"), invoice(2, status, amount), payments=False)
    assert found.balances == {"USD": Decimal(shown)}
    assert (found.basis, found.certainty) == (Basis.STATUSES, certainty)
    with pytest.raises(Uncertain, match=rf"INV-2 \({status or 'no status'}\)\. Exact balances need"):
        found.as_text()


def test_of_many_unsure_invoices_some_are_named_the_partial_ones_first():
    paid = [invoice(number, "Paid", "1.00") for number in range(1, 30)]
    found = statement(*paid, invoice(30, "Cancelled", "1.00"), invoice(31, "Partial", "1.00"), payments=False)
    assert "INV-31 (Partial), INV-30 (Cancelled), INV-1 (Paid), INV-2 (Paid), INV-3 (Paid) and 26 more" in found.reason


@pytest.mark.parametrize(
    ("generation", "text"),
    [
        (Generation.UNTIL_25_05, "77.77"),
        (Generation.UNTIL_25_12, None),
        (Generation.FROM_25_06, "0.00"),
        (Generation.UNTIL_26_02, "0.00"),
        (Generation.FROM_26_08, "0.00"),
        (Generation.UNKNOWN, "0.00"),
        ("", "0.00"),
    ],
)
@pytest.mark.parametrize("paid", ["0", None])
def test_what_is_not_billable_counts_as_that_release_counts_it(generation, text, paid):
    snapshot = Snapshot.build(
        clients=[ACME], invoices=[invoice(1, "Non-Billable", "77.77", paid)], payments=paid is not None
    )
    found = balance(snapshot, 1, today=TODAY, generation=generation)
    if text is None:
        assert found.certainty is Certainty.UNCERTAIN
        with pytest.raises(Uncertain, match=r"INV-1 \(Non-Billable\) up to 25\.05"):
            found.as_text()
    else:
        assert found.as_text() == text


def test_what_is_not_billable_and_costs_nothing_is_no_doubt():
    snapshot = Snapshot.build(clients=[ACME], invoices=[invoice(1, "Non-Billable", "0.00", "0")])
    assert balance(snapshot, 1, generation=Generation.UNTIL_25_12).as_text() == "0.00"


@pytest.mark.parametrize("status", ["Sent", "Partial", "Paid"])
def test_a_payment_that_cannot_be_read_leaves_open_what_was_paid(status):
    found = statement(invoice(1, status, "10.00"), invoice(2, "Sent", "5.00", "0"))
    assert found.basis is Basis.PAYMENTS
    assert found.certainty is not Certainty.EXACT
    with pytest.raises(Uncertain, match=rf"cannot be read, so what was paid on INV-1 \({status}\) is not known"):
        found.as_text()


def test_the_release_that_is_known_decides():
    snapshot = Snapshot.build(clients=[ACME], invoices=[invoice(1, "Non-Billable", "77.77", "0")])
    now = Moment.now()
    mirror = Mirror(snapshot, Freshness(people_at=now, money_at=now, generation=Generation.UNTIL_25_05.value))
    assert current(mirror, 1).as_text() == "77.77"


def test_the_lines_add_up_to_the_balance_with_credits_and_sums_no_float_could_hold():
    found = statement(
        invoice(1, "Sent", "123456789012.34", "0"),
        invoice(2, "Viewed", "0.01", "0"),
        invoice(3, "Cancelled", "50.00", "20.00"),
        invoice(4, "Paid", "9.99", "9.99"),
    )
    assert found.as_text() == "123456788992.35"
    assert sums(found) == found.balances
    assert [(line.number, line.state) for line in found.lines] == [
        ("INV-1", State.OPEN),
        ("INV-2", State.OPEN),
        ("INV-3", State.CREDIT),
    ]
    assert found.lines[-1].amount == 0


def test_currencies_are_never_added_up():
    found = statement(invoice(1, "Sent", "10.00", "0"), invoice(2, "Sent", "5.00", "0", currency="EUR"))
    assert found.balances == {"USD": Decimal("10.00"), "EUR": Decimal("5.00")} == sums(found)
    with pytest.raises(Uncertain, match=r"10\.00 USD, 5\.00 EUR"):
        found.as_text()


def test_a_currency_in_which_nothing_is_owed_is_no_doubt():
    found = statement(invoice(1, "Sent", "10.00", "0"), invoice(2, "Paid", "5.00", "5.00", currency="EUR"))
    assert found.as_text() == "10.00"


def test_a_currency_that_cancels_out_is_no_balance():
    found = statement(
        invoice(1, "Sent", "10.00", "0"),
        invoice(2, "Sent", "5.00", "0", currency="EUR"),
        invoice(3, "Cancelled", "9.00", "5.00", currency="EUR"),
    )
    assert found.balances == {"USD": Decimal("10.00")}
    assert found.as_text() == "10.00"
    assert [line.rest for line in found.lines if line.currency == "EUR"] == [Decimal("5.00"), Decimal("-5.00")]


def test_an_invoice_without_a_currency_has_its_client_s():
    assert statement(invoice(1, "Sent", "10.00", "0", currency="")).balances == {"USD": Decimal("10.00")}


def test_a_client_without_invoices_owes_nothing_in_its_own_currency():
    found = statement()
    assert (found.balances, found.as_text()) == ({"USD": Decimal("0.00")}, "0.00")


@pytest.mark.parametrize(
    ("status", "due", "state"),
    [
        ("Sent", dt.date(2026, 6, 14), State.OVERDUE),
        ("Sent", TODAY, State.OPEN),
        ("Sent", None, State.OPEN),
        ("Overdue", None, State.OVERDUE),
    ],
)
def test_what_is_overdue(status, due, state):
    assert statement(invoice(1, status, "1.00", "0", due=due)).lines[0].state is state


@pytest.mark.parametrize(("client_id", "scope"), [(2, None), (1, frozenset({2})), (0, None), (1, frozenset())])
def test_an_unknown_client_or_one_out_of_scope_is_not_found(client_id, scope):
    with pytest.raises(NotFound):
        balance(Snapshot.build(clients=[ACME]), client_id, scope)


def test_a_mirror_that_never_saw_invoices_gives_no_false_zero():
    mirror = Mirror(Snapshot.build(clients=[ACME]), Freshness(people_at=Moment.now()))
    with pytest.raises(NotReady, match="invoices"):
        current(mirror, 1)
