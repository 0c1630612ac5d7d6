"""The sample data is what a demo wants to show."""

from datetime import datetime

import pytest

from bridge.embedded import EmbeddedItflow
from bridge.embedded.modules import TABLES
from bridge.embedded.sample import rows

STATUSES = {"Draft", "Sent", "Viewed", "Partial", "Paid", "Overdue", "Cancelled", "Non-Billable"}


@pytest.fixture(scope="module")
def sql():
    itflow = EmbeddedItflow()
    itflow.load_sample()
    yield lambda text: itflow.connection.execute(text).fetchall()
    itflow.close()


def test_every_column_is_one_of_itflows() -> None:
    for table, several in rows().items():
        assert set(several[0]) <= {column.name for column in TABLES[table].columns}, table


@pytest.mark.parametrize(
    ("least", "what"),
    [
        (30, "clients"),
        (100, "contacts"),
        (30, "locations"),
        (10, "vendors"),
        (100, "invoices"),
        (50, "payments"),
        (2, "clients WHERE client_lead = '1'"),
        (2, "clients WHERE client_archived_at IS NOT NULL"),
        (5, "contacts WHERE contact_archived_at IS NOT NULL"),
        (15, "contacts WHERE contact_pin IS NOT NULL"),
        (20, "contacts WHERE contact_billing = '1'"),
        (10, "contacts WHERE contact_technical = '1'"),
        (15, "contacts WHERE contact_important = '1'"),
        (15, "contacts WHERE contact_extension IS NOT NULL"),
        (20, "contacts WHERE contact_phone_country_code IS NULL AND contact_phone IS NOT NULL"),
        (1, "contacts WHERE contact_client_id = '0'"),
        (1, "contacts WHERE contact_email IS NULL"),
        (1, "contacts WHERE contact_email NOT LIKE '%@%'"),
        (1, "assets"),
        (1, "tickets"),
        (1, "domains"),
    ],
)
def test_there_is_enough_of_everything(sql, least, what) -> None:
    assert sql(f"SELECT count(*) FROM {what}")[0][0] >= least


def test_invoices_have_every_status(sql) -> None:
    assert {status for (status,) in sql("SELECT DISTINCT invoice_status FROM invoices")} == STATUSES


def test_every_client_in_business_has_one_primary_contact(sql) -> None:
    assert not sql(
        "SELECT client_name FROM clients WHERE (SELECT count(*) FROM contacts WHERE contact_client_id = "
        "client_id AND contact_primary = '1') != 1"
    )


def test_contacts_share_main_lines(sql) -> None:
    shared = sql("SELECT count(*) FROM contacts GROUP BY contact_client_id, contact_phone HAVING count(*) > 2")
    assert len(shared) >= 5


def test_addresses_are_of_domains_for_examples(sql) -> None:
    sources = "SELECT contact_email AS address FROM contacts UNION SELECT vendor_email FROM vendors"
    for (address,) in sql(f"SELECT address FROM ({sources}) WHERE address LIKE '%@%'"):
        assert address.endswith(".example")


def test_payments_fit_their_invoices(sql) -> None:
    paid = dict(
        sql(
            "SELECT invoice_status || CASE WHEN sum(payment_amount) < invoice_amount + 0 THEN ' less' "
            "WHEN sum(payment_amount) > invoice_amount + 0 THEN ' more' ELSE ' all' END, count(*) "
            "FROM (SELECT *, CAST(payment_amount AS REAL) FROM payments) JOIN invoices "
            "ON invoice_id = payment_invoice_id GROUP BY invoice_id"
        )
    )
    assert {"Paid all", "Paid more", "Partial less", "Cancelled less"} == set(paid)


def test_dates_are_near_today(sql) -> None:
    today = datetime.now().astimezone().date().isoformat()
    assert not sql(f"SELECT * FROM invoices WHERE invoice_status = 'Overdue' AND invoice_due >= '{today}'")
    assert sql(f"SELECT * FROM invoices WHERE invoice_status = 'Sent' AND invoice_due > '{today}'")
    assert not sql(f"SELECT * FROM invoices WHERE invoice_date > '{today}'")
