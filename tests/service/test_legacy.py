"""``/api.php`` as its callers use it: a real bridge process in front of an ITFlow of each generation."""

import html
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bridge import resources

CALLERS = [
    # cid as it stands in the request line, name shown
    ("2125550101", "Alice O'Neil"),
    ("12125550101", "Alice O'Neil"),
    ("%2B1%20212%20555-0101", "Alice O'Neil"),
    ("(212)%20555-0101", "Alice O'Neil"),
    ("+12125550101", "Alice O'Neil"),
    ("2125550102", 'Bob "Bobby" Tables; DROP'),
    ("2125550199", "Acme & Sons <Ltd>"),
    ("2125550100", "Acme & Sons <Ltd>, Acme HQ"),
    ("%2B492219876543", "Jürgen Müller"),
    ("011492219876543", "Jürgen Müller"),
    ("%2B33612345678", "Zoë <b>Bold</b> & Co"),
    ("%2B819012345678", "山田 太郎"),
    ("3035550111", "Lead Larry"),
    ("4155550112", "Comma, Inc {EXEC(x)} %20"),
    ("4155550114", "Emoji 😀 Line Break"),
    ("8005550199", "Contoso Telecom & Co"),
    ("6175550118", "Clientless Carl"),
    ("3125550108", ""),  # archived client
    ("2125550150", ""),  # archived location
    ("8005550000", ""),  # archived vendor
    ("2125559999", ""),
    ("2125559999&name=WIRELESS%20CALLER", "WIRELESS CALLER"),
    ("2125559999&name=Foo & Q é", "Foo & Q é"),
    ("2125550101&name=Somebody Else", "Alice O'Neil"),
    ("anonymous", ""),
    ("0", ""),
    ("", ""),
    ("anonymous&name=Anonymous", "Anonymous"),
]

BALANCES: dict[str, dict[int, str | None]] = {
    "26.02": {1: "220.10", 2: "0.30", 3: "-10.00", 5: "10000.00", 7: "0.00", 8: "123456789012.35"},
    "26.08": {1: None, 2: "0.30", 7: "0.00", 8: "123456789012.35"},
}


@pytest.fixture
async def bridge(serve):
    """A bridge that has read everything once."""
    bridge = await serve()
    await bridge.ready()
    return bridge


def raw(query):
    """A URL part that is sent as it stands."""
    return f"/api.php?{query}"


async def test_callers(bridge):
    for cid, name in CALLERS:
        answer = await bridge.ask_raw(raw(f"api_key=all&cid={cid}"))
        assert (answer.status, answer.text) == (200, name), cid
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_a_lost_cid_keeps_the_trunks_name(bridge):
    answer = await bridge.ask_raw(raw("api_key=all&name=WIRELESS CALLER&cid=2125550101"))
    assert (answer.status, answer.text) == (200, "WIRELESS CALLER&cid=2125550101")
    assert (await bridge.ask_raw(raw("api_key=all&name=A"))).text == "A"


async def test_the_phonebook(bridge):
    for words in ("phonebook", "phonebook=1", "phonebook="):
        answer = await bridge.ask(raw(f"{words}&api_key=all"))
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/xml")
    book = ET.fromstring(answer.body)
    assert book.tag == "AddressBook"
    names = [contact.findtext("LastName", "") for contact in book]
    for part in ("Zoë", "山田", "&", "<"):
        assert any(part in name for name in names), part
    assert not any("Annie" in name or "Old Site" in name or "Dead Vendor" in name for name in names)
    assert all(contact.findtext("Phone/phonenumber") for contact in book)
    assert {contact.findtext("Groups/groupid") for contact in book} == {"0", "1"}
    everyone = ET.fromstring((await bridge.ask(raw("api_key=all&phonebook&contacts=all"))).body)
    assert len(everyone) > len(book)
    assert "Alice O'Neil" in names
    with_client = ET.fromstring((await bridge.ask(raw("api_key=all&phonebook&name_form=client-name"))).body)
    assert "Acme & Sons <Ltd> - Alice O'Neil" in [contact.findtext("LastName", "") for contact in with_client]


# What differs on purpose from ITFlow's script: words of the table in docs/api.md, then what shows it.
TABLE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
DIFFERENCES = [
    ("no body: a phone would show it as the name", "api_key=no&cid=2125550101", 401, ""),
    ("the name alone", "cid=2125550101", 200, "Alice O'Neil"),
    ("nothing for an unknown caller", "cid=2125559999", 200, ""),
    ("a withheld one matches nobody", "cid=anonymous", 200, ""),
    ("archived people are not shown", "cid=3125550108", 200, ""),
    ("two decimals", "account_balance=2", 200, "0.30"),
    ("| 404 |", "account_balance=99", 404, None),
    ("| 404 |", "add_asset=PC&client_id=99", 404, None),
]


async def test_what_differs_on_purpose_stands_in_the_docs(bridge):
    for row, query, status, text in DIFFERENCES:
        assert row in TABLE
        answer = await bridge.ask_raw(raw(query if "api_key" in query else f"api_key=all&{query}"))
        assert answer.status == status, query
        assert text is None or answer.text == text, query


async def test_lists_have_no_empty_line_and_nobody_twice(bridge):
    assert "| no line |" in TABLE
    for name in LISTS:
        lines = (await bridge.ask(raw(f"{name}&api_key=all"))).text.splitlines()
        assert not any(line.startswith(" -") or line == " -  - <br>" for line in lines)
        assert len(lines) == len(set(lines))


LISTS = {
    "client_emails": ["Acme &amp; Sons &lt;Ltd&gt; - alice@acme.example<br>", "東京株式会社 - taro@tokyo.example<br>"],
    "primary_contact_emails": ["Acme &amp; Sons &lt;Ltd&gt; - Alice O&#x27;Neil - alice@acme.example<br>"],
    "client_numbers": ["Acme &amp; Sons &lt;Ltd&gt; - +12125550101<br>"],
    "primary_contact_numbers": ["Acme &amp; Sons &lt;Ltd&gt; - Alice O&#x27;Neil - +12125550101 - +19175550111<br>"],
}


@pytest.mark.parametrize("name", LISTS)
async def test_the_lists(bridge, name):
    answer = await bridge.ask(raw(f"{name}&api_key=all"))
    assert answer.headers["Content-Type"].startswith("text/html")
    lines = answer.text.splitlines()
    assert set(LISTS[name]) <= set(lines)
    assert all(line.endswith("<br>") for line in lines)
    assert "gone.example" not in answer.text
    assert "not an address" not in answer.text


async def test_balances(bridge, generation):
    for client_id, balance in BALANCES[generation].items():
        for question in (f"account_balance={client_id}", f"client_id={client_id}"):
            answer = await bridge.ask(raw(f"api_key=all&{question}"))
            if balance is None:
                assert answer.status == 409
                assert "Partial" in answer.text
            else:
                assert (answer.status, answer.text) == (200, balance), client_id
    for nobody in (4, 99):
        assert (await bridge.ask(raw(f"api_key=all&account_balance={nobody}"))).status == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_asset(bridge, itflow, method):
    question = raw("api_key=all&client_id=2&add_asset=PC%20%C3%A9&type=Laptop&make=Dell&model=X&serial=S9&os=Debian")
    for _ in range(2):  # the second is the same asset
        answer = await bridge.ask(question, method)
        assert (answer.status, answer.text) == (200, "Asset added!")
    rows = itflow.connection.execute(
        "SELECT asset_name, asset_client_id, asset_type, asset_make, asset_model, asset_os FROM assets "
        "WHERE asset_serial = 'S9'"
    ).fetchall()
    assert [tuple(map(str, row)) for row in rows] == [("PC é", "2", "Laptop", "Dell", "X", "Debian")]


async def test_a_posted_form(bridge):
    form = {"api_key": "all", "client_id": "1", "add_asset": "PC-POSTED"}
    assert (await bridge.ask("/api.php", "POST", data=form)).text == "Asset added!"


async def test_an_announced_call(bridge, command):
    answer = await bridge.ask(raw("api_key=all&incoming_call&cid=2125550101"))
    assert (answer.status, answer.body) == (200, b"")
    await bridge.ask(raw("api_key=all&incoming_call&cid=[/b]:key:%1b]0;"))
    assert not {"verified", "failed"} & set(command("calls").split())
    await bridge.ask(raw("api_key=all&incoming_call&cid=2125550101&verstat=TN-Validation-Passed-C"))
    calls = command("calls")
    assert "failed" in calls
    assert "Alice O'Neil" in calls
    assert "[/b]:key:" in calls
    assert "\x1b" not in calls


FAULTS = [
    # query, status, text
    ("", 401, "Missing the API Key."),
    ("phonebook", 401, "Missing the API Key."),
    ("api_key=wrong&phonebook", 401, "Incorrect or expired API Key."),
    ("api_key=wrong", 401, "Incorrect or expired API Key."),
    ("cid=2125550101", 401, ""),
    ("api_key=wrong&cid=2125550101", 401, ""),
    ("api_key=all", 400, "phonebook"),
    ("api_key=all&account_balance=x", 400, "account_balance"),
    ("api_key=all&account_balance", 400, "account_balance"),
    ("api_key=all&add_asset=&client_id=1", 400, "add_asset"),
    ("api_key=all&add_asset=PC", 400, "client_id"),
    ("api_key=all&add_asset=PC&client_id=99", 404, "99"),
]


async def test_faults(bridge):
    for query, status, text in FAULTS:
        answer = await bridge.ask(raw(query))
        assert answer.status == status, query
        assert text in answer.text, query
        if "cid=" in query:
            assert answer.body == b""
            assert answer.headers["X-Bridge-Reason"]


WRONG_ADDRESSES = [
    # method, path, status, body
    ("GET", "//api.php?api_key=all&cid=2125550101", 200, b"Alice O'Neil"),
    ("POST", "/api.php?api_key=all&cid=2125550101", 200, b"Alice O'Neil"),
    ("PUT", "/api.php?api_key=all&cid=2125550101", 405, b""),
    ("GET", "/api.php/?api_key=all&cid=2125550101", 404, b""),
    ("GET", "/API.php?api_key=all&cid=2125550101", 404, b""),
    ("GET", "/callerid/?api_key=all&number=2125550101", 404, b""),
    ("POST", "/callerid?api_key=all&number=2125550101", 405, b""),
]


async def test_an_address_that_is_a_little_wrong_shows_no_error_as_a_name(bridge):
    for method, path, status, body in WRONG_ADDRESSES:
        answer = await bridge.ask(path, method)
        assert (answer.status, answer.body) == (status, body), path


async def test_figures_are_open_to_this_machine_and_not_through_its_proxy(bridge):
    assert b"itflow_bridge_answers_total" in (await bridge.ask("/metrics")).body
    for header in ("X-Forwarded-For", "Forwarded", "Via", "x-real-ip"):
        assert (await bridge.ask("/metrics", headers={header: "192.0.2.7"})).status == 401
        assert (await bridge.ask("/metrics?api_key=one", headers={header: "192.0.2.7"})).status == 403
        assert (await bridge.ask("/metrics?api_key=all", headers={header: "192.0.2.7"})).status == 200


async def test_head_is_get_without_a_body(bridge):
    for query in ("cid=2125550101", "phonebook", "client_emails", "account_balance=2"):
        got, head = [
            await bridge.ask(raw(f"api_key=all&{query}"), method, headers={"Accept-Encoding": "identity"})
            for method in ("GET", "HEAD")
        ]
        assert head.status == got.status == 200
        assert head.body == b""
        assert int(head.headers["Content-Length"]) == len(got.body)


# Names and numbers of other clients, of the firm's own vendors, and of nobody.
OTHERS = (
    "Müller",
    "Jürgen",
    "Köln",
    "2219876",
    "Zoë",
    "42685300",
    "東京",
    "Larry",
    "Comma",
    "Contoso",
    "8005550199",
    "Carl",
)


async def test_a_key_of_one_client_sees_nothing_of_another(bridge):
    for query in ("cid=%2B492219876543", "cid=2219876543"):
        assert (await bridge.ask_raw(raw(f"api_key=one&{query}"))).body == b""
    for name in ("phonebook", "phonebook&contacts=all", *LISTS):
        answer = await bridge.ask(raw(f"api_key=one&{name}"))
        assert answer.status == 200
        assert "Acme" in answer.text or "Alice" in answer.text
        assert not any(part in answer.text for part in ("Müller", "Köln", "221", "Zoë", "東京"))
    assert (await bridge.ask(raw("api_key=one&account_balance=2"))).status == 404
    assert (await bridge.ask(raw("api_key=one&add_asset=PC&client_id=2"))).status == 404
    for path in (
        "/callerid?api_key=one&number=%2B492219876543&format=json",
        "/phonebook/yealink?api_key=one",
        "/phonebook/vcard4?api_key=one",
        "/emails?api_key=one&who=all",
        "/numbers?api_key=one&who=all",
    ):
        answer = await bridge.ask(path)
        assert answer.status == 200, path
        assert not any(part in answer.text for part in ("Jürgen", "J\\u00fcrgen", "Köln", "zoe@")), path
    for name in tomllib.loads(
        (resources.path("templates") / "phonebook" / "formats.toml").read_text(encoding="utf-8")
    ):
        for more in ("contacts=all", "client_id=2", "search=4", "group=2"):
            answer = await bridge.ask(f"/phonebook/{name}?api_key=one&{more}")
            assert not any(part in html.unescape(answer.text) for part in OTHERS), (name, more)
    assert (await bridge.ask("/balance?api_key=one&client_id=2")).status == 404
    assert (await bridge.ask("/explain?api_key=one&number=2125550101")).status == 403
