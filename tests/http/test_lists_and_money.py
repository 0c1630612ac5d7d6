"""The doors for balances and lists, on a real server."""

import datetime as dt
from decimal import Decimal

import pytest

from bridge.access.keys import Feature, Keys, Options
from bridge.clock import Moment
from bridge.directory.entries import Client, Entry, Invoice, Kind, Label, Phone
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.storage import Database
from tests import bridges

WORK = Phone("+12125550101", Label.WORK)


def invoice(number, client_id, status, amount, currency="USD", paid="0"):
    return Invoice(
        id=number,
        client_id=client_id,
        number=f"INV-{number}",
        status=status,
        date=dt.date(2026, 1, 1),
        due=dt.date(2026, 1, 31),
        currency=currency,
        amount=Decimal(amount),
        paid=Decimal(paid),
    )


SNAPSHOT = Snapshot.build(
    clients=[Client(1, "Acme & Sons", currency="USD"), Client(2, "Beta", currency="EUR")],
    entries=[
        Entry(Kind.CONTACT, 1, 1, "Zoë", (WORK,), "zoe@acme.example", primary=True),
        Entry(Kind.CONTACT, 2, 1, "Bad", (), "not an address", billing=True),
        Entry(Kind.CONTACT, 3, 2, "Bea", (WORK,), "=bea@beta.example", primary=True),
    ],
    invoices=[
        invoice(1, 1, "Sent", "100.10"),
        invoice(2, 1, "Cancelled", "50.00", paid="5.00"),
        invoice(3, 2, "Sent", "1.00"),
        invoice(4, 2, "Sent", "2.00", currency="EUR"),
    ],
)


@pytest.fixture
async def door(aiohttp_client, tmp_path):
    database = Database(tmp_path / "bridge.db")
    made = bridges.settings(database)
    keys = Keys(database, made)
    keys.add("all", Options(), secret="ALL")
    keys.add("one", Options(clients=frozenset({1})), secret="ONE")
    keys.add("none", Options(features=frozenset({Feature.CALLERID})), secret="NONE")
    now = dt.datetime.now(dt.UTC)
    freshness = Freshness(people_at=Moment(now), money_at=Moment(now - dt.timedelta(seconds=90)))
    app = bridges.application(made, database, keys, Mirror(SNAPSHOT, freshness))
    yield await aiohttp_client(app)
    database.close()


async def test_a_balance_with_its_invoices(door):
    response = await door.get("/balance?client_id=1&api_key=ONE")
    found = await response.json()
    assert response.status == 200
    assert int(response.headers["Age"]) == found["age_s"] >= 90
    assert {name: found[name] for name in ("client", "amount", "currency", "certainty", "basis", "reason")} == {
        "client": "Acme & Sons",
        "amount": "95.10",
        "currency": "USD",
        "certainty": "exact",
        "basis": "payments",
        "reason": "",
    }
    assert [(line["number"], line["state"], line["rest"]) for line in found["invoices"]] == [
        ("INV-1", "overdue", "100.10"),
        ("INV-2", "credit", "-5.00"),
    ]
    assert found["invoices"][0] | {"date": "2026-01-01", "due": "2026-01-31", "paid": "0.00"} == found["invoices"][0]


async def test_two_currencies_are_reported_each(door):
    found = await (await door.get("/balance?client_id=2&api_key=ALL")).json()
    assert (found["amount"], found["currency"]) == (None, None)
    assert found["balances"] == [{"currency": "USD", "amount": "1.00"}, {"currency": "EUR", "amount": "2.00"}]


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/balance?client_id=2&api_key=ONE", 404, "does not cover"),
        ("/balance?client_id=9&api_key=ALL", 404, "no client 9"),
        ("/balance?api_key=ALL", 400, "client_id"),
        ("/balance?client_id=1x&api_key=ALL", 400, "client_id"),
        ("/balance?client_id=1&api_key=NONE", 403, "--allow balance"),
        ("/balance?client_id=1", 401, "Missing"),
        ("/emails?api_key=NONE", 403, "--allow emails"),
        ("/numbers?api_key=NONE", 403, "--allow numbers"),
        ("/emails?who=everyone&api_key=ALL", 400, "primary, billing, technical, important, all"),
        ("/emails?format=pdf&api_key=ALL", 400, "json, text, rfc5322, sympa, addresses, csv"),
        ("/emails?client_id=2&api_key=ONE", 404, "does not cover"),
        ("/emails?leads=maybe&api_key=ALL", 400, "leads"),
        ("/emails?client=1&api_key=ALL", 400, "did you mean client_id?"),
        ("/emails?client_id=&api_key=ALL", 400, "client_id is empty"),
        ("/numbers?page=2&api_key=ALL", 400, "'page'"),
        ("/balance?client_id=1&currency=EUR&api_key=ALL", 400, "'currency'"),
    ],
)
async def test_what_is_wrong_is_told(door, path, status, told):
    response = await door.get(path)
    assert response.status == status
    assert told in (await response.json())["detail"]


@pytest.mark.parametrize(
    ("query", "text", "left_out"),
    [
        ("format=text", "Acme & Sons - zoe@acme.example\nBeta - =bea@beta.example\n", "0"),
        ("format=rfc5322&client_id=1", '"Zoë" <zoe@acme.example>\n', "0"),
        ("format=sympa&client_id=1", "zoe@acme.example Zoë\n", "0"),
        ("format=addresses&who=all&client_id=1", "zoe@acme.example\n", "1"),
        (
            "format=csv&who=all",
            """email,name,client,attributes\r
zoe@acme.example,Zoë,Acme & Sons,"{""client"": ""Acme & Sons"", ""client_id"": 1}"\r
""",
            "2",
        ),
    ],
)
async def test_the_formats_of_emails(door, query, text, left_out):
    response = await door.get(f"/emails?{query}&api_key=ALL")
    assert (await response.text(), response.headers["X-Left-Out"]) == (text, left_out)


async def test_json_names_what_was_left_out(door):
    found = await (await door.get("/emails?who=all&api_key=ONE")).json()
    assert [one["email"] for one in found["emails"]] == ["zoe@acme.example"]
    assert found["invalid"] == [{"client_id": 1, "client": "Acme & Sons", "contact": "Bad", "email": "not an address"}]


@pytest.mark.parametrize("path", ["/emails?format=text", "/numbers?format=csv", "/numbers?format=text", "/numbers?"])
async def test_a_nightly_job_sees_that_nothing_is_new(door, path):
    first = await door.get(f"{path}&api_key=ALL")
    again = await door.get(f"{path}&api_key=ALL", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    narrower = await door.get(f"{path}&api_key=ONE", headers={"If-None-Match": first.headers["ETag"]})
    assert narrower.status == 200
    assert b"eta" not in await narrower.read()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("client_emails", "Acme &amp; Sons - zoe@acme.example<br>\n"),
        ("primary_contact_emails", "Acme &amp; Sons - Zoë - zoe@acme.example<br>\n"),
        ("client_numbers", "Acme &amp; Sons - +12125550101<br>\n"),
        ("primary_contact_numbers", "Acme &amp; Sons - Zoë - +12125550101 - <br>\n"),
    ],
)
async def test_the_old_lists(door, name, line):
    response = await door.get(f"/api.php?{name}&api_key=ONE")
    assert (await response.text(), response.content_type, response.charset) == (line, "text/html", "utf-8")
