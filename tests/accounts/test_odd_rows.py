"""One odd row of money is one client's matter: its balance is uncertain, and everybody else's is exact."""

import pytest

from bridge.accounts import balance
from bridge.errors import Uncertain
from tests.accounts.test_recorded_balances import ITFLOW_S_OWN, recorded

# An update of ITFlow's tables; the clients that have no exact balance then, and what is said of one.
ODD = {
    "an amount": ("UPDATE invoices SET invoice_amount = 'x' WHERE invoice_id = 7", {2}, "invoice_amount of row 7"),
    "no status": ("UPDATE invoices SET invoice_status = NULL WHERE invoice_id = 7", {2}, "invoice_status of row 7"),
    "an amount beyond all bounds": (
        "UPDATE invoices SET invoice_amount = '1E+99999999' WHERE invoice_id = 10",
        {8},
        "invoice_amount of row 10",
    ),
    "whose invoice it is": (
        "UPDATE invoices SET invoice_client_id = '-1' WHERE invoice_id = 7",
        set(ITFLOW_S_OWN),
        "invoice_client_id of row 7",
    ),
    "a payment's amount": (
        "UPDATE payments SET payment_amount = 'x' WHERE payment_id = 3",
        {3},
        r"paid on INV-9 \(Paid\) is not known",
    ),
    "a payment of no invoice": (
        "UPDATE payments SET payment_invoice_id = 'x' WHERE payment_id = 3",
        {1, 2, 3, 5, 8},
        "payment",
    ),
    "a date that is none": ("UPDATE invoices SET invoice_due = '2026-02-31' WHERE invoice_id = 7", set(), ""),
    "an empty status": ("UPDATE invoices SET invoice_status = '' WHERE invoice_id = 7", set(), ""),
}


@pytest.mark.parametrize(("change", "uncertain", "says"), ODD.values(), ids=ODD)
async def test_an_odd_value_costs_its_client_the_exact_balance_and_nobody_else(pull, change, uncertain, says):
    embedded = recorded("26.02")
    embedded.connection.execute(change)
    snapshot, _ = await pull(embedded)
    for client, own in ITFLOW_S_OWN.items():
        if client in uncertain:
            with pytest.raises(Uncertain, match=says):
                balance(snapshot, client).as_text()
        else:
            assert balance(snapshot, client).as_text() == own
