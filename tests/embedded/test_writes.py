"""Writes: what each leaves behind, beyond what the recordings show."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from bridge.embedded import GENERATIONS, EmbeddedItflow
from tests.embedded.recordings import recorded_itflow


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_numbers_lose_all_but_digits_and_text_its_tags(serve, generation) -> None:
    itflow = recorded_itflow(generation)
    ask = await serve(itflow)
    contact = {
        "client_id": 7,
        "contact_name": " Ann <b>Lee</b> ",
        "contact_email": "ann@example.com",
        "contact_phone": "+1 (555) 010-0100",
        "contact_billing": True,
    }
    row_id = (await ask("contacts/create", contact))[1]["data"][0]["insert_id"]
    row = (await ask("contacts/read", contact_id=row_id))[1]["data"][0]
    assert row["contact_name"] == "Ann Lee"
    assert row["contact_phone"] == "15550100100"
    assert (row["contact_billing"], row["contact_mobile"], row["contact_pin"]) == ("1", "", None)


async def test_an_e_mail_is_taken_within_its_client_only(serve) -> None:
    ask = await serve(recorded_itflow("26.02"))
    contact = {"contact_name": "Alice", "contact_email": "ALICE@acme.example"}
    assert (await ask("contacts/create", {"client_id": 1, **contact}))[1]["success"] == "False"
    assert (await ask("contacts/create", {"client_id": 2, **contact}))[1]["success"] == "True"


async def test_the_id_of_a_deleted_row_is_not_given_again(serve) -> None:
    ask = await serve(recorded_itflow("26.02"))
    asset = {"client_id": 1, "asset_name": "PC"}
    assert (await ask("assets/create", asset))[1]["data"] == [{"insert_id": 1}]
    assert (await ask("assets/delete", {"client_id": 1, "asset_id": 1}))[1]["success"] == "False"
    assert (await ask("assets/read", asset_id=1))[1]["success"] == "False"
    assert (await ask("assets/create", asset))[1]["data"] == [{"insert_id": 2}]


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_an_update_without_address_empties_the_assets_address(serve, generation) -> None:
    ask = await serve(recorded_itflow(generation))
    await ask("assets/create", {"client_id": 1, "asset_name": "PC", "asset_ip": "192.0.2.1"})
    assert (await ask("assets/read"))[1]["data"][0]["interface_ip"] == "192.0.2.1"
    await ask("assets/update", {"client_id": 1, "asset_id": 1, "asset_os": "Debian"})
    row = (await ask("assets/read"))[1]["data"][0]
    assert (row["asset_os"], row["interface_ip"]) == ("Debian", "")


async def test_a_write_names_the_rows_client(serve) -> None:
    ask = await serve(recorded_itflow("26.02"))
    for function in ("update", "archive", "delete"):
        body = {"client_id": 2, "contact_id": 1, "contact_name": "Mallory"}
        assert (await ask(f"contacts/{function}", body))[1]["success"] == "False"
    assert (await ask("contacts/read", contact_id=1))[1]["data"][0]["contact_name"] == "Alice O'Neil"


async def test_an_archived_contact_loses_its_roles(serve) -> None:
    ask = await serve(recorded_itflow("26.02"))
    assert (await ask("contacts/archive", {"client_id": 1, "contact_id": 2}))[1]["success"] == "True"
    assert (await ask("contacts/archive", {"client_id": 1, "contact_id": 2}))[1]["success"] == "False"
    row = (await ask("contacts/read", contact_id=2))[1]["data"][0]
    assert row["contact_archived_at"] is not None
    assert (row["contact_important"], row["contact_billing"]) == ("0", "0")


async def test_a_client_is_updated_once_it_is_said_whether_it_is_a_lead(serve) -> None:
    ask = await serve(recorded_itflow("26.02"))
    body = {"client_id": 7, "client_is_lead": 1, "client_rate": "95.5"}
    assert (await ask("clients/update", body))[1] == {"success": "True", "count": 1}
    row = (await ask("clients/read", client_id=7))[1]["data"][0]
    assert (row["client_lead"], row["client_rate"], row["client_name"]) == ("1", "95.50", "Empty Client")


async def test_a_new_primary_location_replaces_the_old(serve) -> None:
    ask = await serve(recorded_itflow("26.02"))
    for name in ("Depot", "Yard"):
        await ask("locations/create", {"client_id": 7, "location_name": name, "location_primary": 1})
    rows = (await ask("locations/read", client_id=7))[1]["data"]
    assert [(row["location_name"], row["location_primary"]) for row in rows] == [("Depot", "0"), ("Yard", "1")]


async def test_a_new_item_makes_the_invoices_amount(serve) -> None:
    itflow = recorded_itflow("26.08")
    itflow.connection.execute("UPDATE invoices SET invoice_discount_amount = '1.05' WHERE invoice_id = 1")
    ask = await serve(itflow)
    item = {"invoice_id": 1, "name": "Cable", "qty": 3, "price": "2.35"}
    assert (await ask("invoice_items/create", item))[1]["success"] == "True"
    assert (await ask("invoices/read", invoice_id=1))[1]["data"][0]["invoice_amount"] == "6.00"
    rows = (await ask("invoice_items/read", invoice_id=1))[1]["data"]
    assert [(row["item_name"], row["item_total"]) for row in rows] == [("Cable", "7.05")]
    paid = {**item, "invoice_id": 3}
    assert (await ask("invoice_items/create", paid))[1]["success"] == "False"


async def test_a_public_reply_is_the_tickets_first_response_and_may_resolve_it(serve) -> None:
    itflow = recorded_itflow("26.08")
    ask = await serve(itflow)
    await ask("tickets/create", {"client_id": 1, "ticket_subject": "Printer"})
    reply = {"ticket_id": 1, "ticket_reply": "<p>On it</p>", "ticket_reply_type": "public", "ticket_status": 4}
    assert (await ask("ticket_replies/create", {**reply, "client_id": 2}))[1]["success"] == "False"
    assert (await ask("ticket_replies/create", reply))[1]["success"] == "True"
    ticket = (await ask("tickets/read"))[1]["data"][0]
    assert ticket["ticket_status"] == "4"
    assert ticket["ticket_first_response_at"] is not None
    assert (await ask("ticket_replies/read", type="internal"))[1]["success"] == "False"
    found = (await ask("ticket_replies/read", ticket_id=1))[1]["data"][0]
    assert (found["ticket_reply"], found["ticket_reply_type"]) == ("<p>On it</p>", "Public")
    assert found["ticket_client_id"] == "1"


_WRITER = """
import sys, time
from bridge.embedded import EmbeddedItflow
itflow = EmbeddedItflow(sys.argv[1])
itflow.load({"clients": [{"client_name": "Kept"}]})
itflow.connection.execute("UPDATE clients SET client_type = 'Direct'")
print("written", flush=True)
time.sleep(60)
"""


def test_rows_survive_the_death_of_the_process(tmp_path) -> None:
    database = tmp_path / "itflow.db"
    command = [sys.executable, "-c", _WRITER, str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
    with closing(sqlite3.connect(database)) as connection, connection:
        rows = connection.execute("SELECT client_id, client_name, client_type FROM clients").fetchall()
    connection.close()
    assert rows == [(1, "Kept", "Direct")]


async def test_a_file_can_be_opened_as_the_next_generation(serve, tmp_path) -> None:
    database = tmp_path / "itflow.db"
    old = EmbeddedItflow(database, "26.02")
    old.load_sample()
    old.close()
    new = EmbeddedItflow(database, "26.08")
    new.add_key("KEYALL")
    ask = await serve(new)
    ticket = (await ask("tickets/read"))[1]["data"][0]
    assert ticket["ticket_sla_id"] == "0"
    assert ticket["ticket_subject"] == "Printer offline at front desk"


@pytest.mark.parametrize(
    "rows",
    [
        {"clients": [{"client_id": 1, "client_name": "A"}, {"client_id": 1, "client_name": "B"}]},
        {"clients": [{"client_id": 1}], "contacts": [{"contact_shoe_size": 44}]},
    ],
    ids=["the same id twice", "no such column"],
)
def test_a_load_that_fails_leaves_nothing(rows) -> None:
    itflow = EmbeddedItflow()
    with pytest.raises(sqlite3.Error):
        itflow.load(rows)
    assert itflow.connection.execute("SELECT count(*) FROM clients").fetchone() == (0,)
    itflow.close()
