"""Reads: paging, filters, the modules of 26.08, the page for payments, and what the wire looks like."""

import pytest

from bridge.embedded import GENERATIONS, EmbeddedItflow, Level
from tests.embedded.recordings import recorded_itflow

PAYMENT_COLUMNS = [
    "payment_id",
    "payment_date",
    "payment_amount",
    "payment_currency_code",
    "payment_method",
    "payment_reference",
    "payment_created_at",
    "payment_updated_at",
    "payment_archived_at",
    "payment_account_id",
    "payment_invoice_id",
    "invoice_client_id",
]


def many_contacts(count: int) -> EmbeddedItflow:
    itflow = EmbeddedItflow()
    itflow.add_key("KEYALL")
    rows = ({"contact_id": number, "contact_name": f"Person {number}"} for number in range(count, 0, -1))
    itflow.load({"contacts": list(rows)})
    return itflow


@pytest.mark.parametrize(
    ("query", "first", "last", "count"),
    [
        ({}, 1, 50, 50),
        ({"limit": 500}, 1, 120, 120),
        ({"limit": 7, "offset": 10}, 11, 17, 7),
        ({"limit": 50, "offset": 110}, 111, 120, 10),
        ({"limit": "3x"}, 1, 3, 3),
    ],
)
async def test_pages_come_in_the_order_of_ids(serve, query, first, last, count) -> None:
    ask = await serve(many_contacts(120))
    _, answer = await ask("contacts/read", **query)
    found = [row["contact_id"] for row in answer["data"]]
    assert found == [str(number) for number in range(first, last + 1)]
    assert answer["count"] == count


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": "all"}, {"offset": 120}, {"contact_id": 0}])
async def test_no_row_is_no_success(serve, query) -> None:
    ask = await serve(many_contacts(120))
    status, answer = await ask("contacts/read", **query)
    assert status == 200
    assert answer["success"] == "False"
    assert answer["message"].startswith("No resource")
    assert "data" not in answer


async def test_a_negative_limit_kills_the_script(aiohttp_client) -> None:
    client = await aiohttp_client(many_contacts(1).make_app())
    async with client.get("/api/v1/contacts/read.php?api_key=KEYALL&limit=-1") as response:
        assert (response.status, await response.read()) == (500, b"")


async def test_a_page_beyond_phps_memory_kills_the_script(aiohttp_client) -> None:
    itflow = many_contacts(100)
    itflow.memory_limit_rows = 60
    client = await aiohttp_client(itflow.make_app())
    for limit, status in ((60, 200), (61, 500), (1000, 500)):
        async with client.get(f"/api/v1/contacts/read.php?api_key=KEYALL&limit={limit}") as response:
            assert response.status == status


async def test_json_is_written_as_php_writes_it(aiohttp_client) -> None:
    itflow = many_contacts(0)
    itflow.load({"clients": [{"client_id": 1, "client_name": "Zoë 東京/Paris"}]})
    client = await aiohttp_client(itflow.make_app())
    async with client.get("/api/v1/clients/read.php?api_key=KEYALL") as response:
        text = await response.text()
        assert response.headers["Content-Type"] == "application/json"
    assert text.startswith('{"success":"True","count":1,"data":[{"client_id":"1","client_lead":"0",')
    assert r'"client_name":"Zo\u00eb \u6771\u4eac\/Paris"' in text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_dumped(aiohttp_client, method) -> None:
    client = await aiohttp_client(many_contacts(1).make_app())
    async with client.request(method, "/api/v1/contacts/read.php?api_key=KEYALL") as response:
        assert response.status == 405
        if method != "HEAD":
            assert await response.text() == f'string({len(method)}) "{method}"\n'


async def test_the_first_filter_of_the_script_decides(serve) -> None:
    ask = await serve(recorded_itflow("26.02"))
    _, answer = await ask("contacts/read", contact_email="desk@acme.example", contact_id=5)
    assert [row["contact_id"] for row in answer["data"]] == ["5"]


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_an_asset_is_found_by_its_interfaces_address(serve, generation) -> None:
    ask = await serve(recorded_itflow(generation))
    await ask("assets/create", {"client_id": 1, "asset_name": "PC", "asset_mac": "00:11:22:33:44:55"})
    _, answer = await ask("assets/read", asset_mac="00:11:22:33:44:55")
    assert [row["asset_name"] for row in answer["data"]] == ["PC"]


@pytest.mark.parametrize(("generation", "where"), [("26.05", "query"), ("26.08", "body")], ids=["query", "body"])
async def test_credentials_want_the_password_that_decrypts_them(serve, generation, where) -> None:
    itflow = recorded_itflow(generation)
    ask = await serve(itflow)
    secret = {"api_key_decrypt_password": "open sesame"}
    entry = {"client_id": 1, "credential_name": "Router", "credential_password": "<b>x"}
    assert (await ask("credentials/create", entry))[1]["success"] == "False"
    assert (await ask("credentials/create", entry | secret))[1]["data"] == [{"insert_id": 1}]
    assert (await ask("credentials/read"))[1]["success"] == "False"
    if where == "query":
        _, answer = await ask("credentials/read", **secret)
        assert answer["data"][0]["credential_password"] == "<b>x"
    else:
        assert (await ask("credentials/read", **secret))[1]["success"] == "False"


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_the_page_for_payments_is_there_only_if_dropped_in(aiohttp_client, generation) -> None:
    client = await aiohttp_client(recorded_itflow(generation).make_app())
    async with client.get("/api/v1/custom/invoices/read.php?api_key=KEYALL") as response:
        assert response.status == 404
        assert response.content_type == "text/html"


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_the_page_for_payments_names_the_invoices_client(serve, generation) -> None:
    ask = await serve(recorded_itflow(generation, dropin=True))
    _, answer = await ask("custom/invoices/read")
    assert [(row["payment_id"], row["invoice_client_id"]) for row in answer["data"]] == [
        ("1", "1"),
        ("2", "1"),
        ("3", "3"),
        ("4", "1"),
        ("5", "1"),
        ("6", "5"),
    ]
    assert [name for name in answer["data"][0] if not name.isdigit()] == PAYMENT_COLUMNS
    assert answer["data"][0]["payment_amount"] == "50.05"
    _, answer = await ask("custom/invoices/read", limit=2, offset=3)
    assert [row["payment_id"] for row in answer["data"]] == ["4", "5"]
    _, answer = await ask("custom/invoices/read", api_key="KEYONE")
    assert [row["payment_id"] for row in answer["data"]] == ["1", "2", "4", "5"]


async def test_the_page_for_payments_wants_the_right_to_read_invoices(serve) -> None:
    itflow = recorded_itflow("26.08", dropin=True)
    itflow.add_key("NOSALES", rights={"client": Level.FULL})
    ask = await serve(itflow)
    assert (await ask("custom/invoices/read", api_key="NOSALES"))[0] == 403


async def test_invoice_items_want_a_filter(serve) -> None:
    ask = await serve(recorded_itflow("26.08"))
    status, answer = await ask("invoice_items/read")
    assert status == 400
    assert (answer["success"], answer["count"], answer["data"]) == ("False", 0, [])


@pytest.mark.parametrize("path", ["invoice_items/read", "ticket_replies/read", "technicians/time"])
async def test_26_02_has_not_what_26_08_added(aiohttp_client, path) -> None:
    client = await aiohttp_client(recorded_itflow("26.02").make_app())
    async with client.get(f"/api/v1/{path}.php?api_key=KEYALL") as response:
        assert response.status == 404


async def test_technicians_time_adds_up_replies(serve) -> None:
    itflow = recorded_itflow("26.08")
    ask = await serve(itflow)
    await ask("tickets/create", {"client_id": 1, "ticket_subject": "Printer"})
    for worked in ("00:50:30", "01:10:40"):
        reply = {"ticket_id": 1, "ticket_reply": "done", "ticket_reply_time_worked": worked}
        assert (await ask("ticket_replies/create", reply))[1]["success"] == "True"
    _, answer = await ask("technicians/time")
    assert answer["data"] == [
        {
            "ticket_id": "1",
            "ticket_number": "0",
            "ticket_subject": "Printer",
            "client_id": "1",
            "company": "Acme & Sons <Ltd>",
            "technician_id": "90",
            "technician": "api",
            "time_worked": "02:01:10",
        }
    ]
    assert (await ask("technicians/time", month=13))[1]["message"].startswith("Invalid month")
    assert (await ask("technicians/time", year=2001))[1]["success"] == "False"
