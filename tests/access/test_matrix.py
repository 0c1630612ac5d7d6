"""Every route × method × key × place of the key, on a real bridge in a process of its own.

The routes are the application's own: one without a row here fails the test, and so does a row without a route.
"""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import re
import socket
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from urllib.parse import quote, urlencode

import pytest
from sansldap import BindResponse, LDAPClient, LDAPFilter, LDAPMessage, SearchResultDone, SearchResultEntry

from bridge import service
from bridge.access.keys import Feature, Keys, Options
from bridge.http import heads, legacy
from bridge.settings import load
from bridge.storage import Database
from tests.access.running import Answer, Running, running
from tests.embedded.recordings import WIRE

F = Feature

# What each key's secret is; the fixture makes them. Each of the first group opens one feature.
SECRETS: Mapping[str, str] = {
    **{f"only {feature}": f"secret that opens {feature} alone 4711" for feature in Feature},
    **{kind: f"secret of the key {kind} 0815" for kind in ("all", "client 3", "elsewhere", "revoked", "expired")},
    "replaced": "old secret of a key that has a new one 81",
    "unknown": "secret that no key has 2718",
}
REFUSED = {"none", "two that differ", "unknown", "revoked", "expired"}
KINDS = ("none", "two that differ", *SECRETS)
STRANGERS = itertools.count(1)


@dataclass(frozen=True)
class Row:
    """A question, and what the keys get.

    Attributes:
        path: With ``{key}`` where a key may stand in it.
        feature: What opens it; None: every key; "open": no key is needed; "sign-in": none helps.
        good: The status with a key that opens it.
        other: The status with a key of another client.
        query: Its parameters.
        body: Fields of a body, sent as a form and as JSON.
        silent: A refusal has no body (a phone would show it as the caller's name).
        header_only: The body is a phone system's own: a key in it is none.
    """

    path: str
    feature: Feature | str | None
    good: int = 200
    other: int = 200
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] | None = None
    silent: bool = False
    header_only: bool = False


def api(feature: Feature | None, good: int = 200, other: int = 200, *, silent: bool = False, **query: str) -> Row:
    return Row("/api.php", feature, good, other, query, silent=silent)


ASSET = {"client_id": "1", "name": "PC"}
EVENT = {"event": "hangup", "direction": "in", "callId": "1"}
CONTACT = {"client_id": "1", "email": "ann@new.example", "phone": "2125550177", "name": "Ann"}
TICKET = {"client_id": "1", "subject": "Printer"}
NOTE = {"client_id": "1", "ticket_id": "1", "text": "Called"}
OLD_ASSET = {"client_id": "1", "add_asset": "PC"}
# What /api.php answers, by the parameter that asks.
QUESTIONS: Mapping[str, Row] = {
    "cid": api(F.CALLERID, silent=True, cid="2125550101"),
    "incoming_call": api(F.CALLS, incoming_call="", cid="2125550101"),
    "phonebook": api(F.PHONEBOOK, phonebook=""),
    "client_emails": api(F.EMAILS, client_emails=""),
    "primary_contact_emails": api(F.EMAILS, primary_contact_emails=""),
    "client_numbers": api(F.NUMBERS, client_numbers=""),
    "primary_contact_numbers": api(F.NUMBERS, primary_contact_numbers=""),
    "add_asset": Row("/api.php", F.ASSETS, 200, 404, OLD_ASSET),
    "account_balance": api(F.BALANCE, 200, 404, account_balance="2"),
    "client_id": api(F.BALANCE, 200, 404, client_id="2"),
    "": api(None, 400, 400),
}
WRITING = {"incoming_call", "add_asset"}
PHONEBOOK = [
    Row("/phonebook/yealink", F.PHONEBOOK),
    Row("/phonebook/yealink/{key}/book.xml", F.PHONEBOOK),
]
# Every route, by method and canonical path; HEAD goes with GET.
ROWS: dict[tuple[str, str], list[Row]] = {
    ("GET", "/api.php"): list(QUESTIONS.values()),
    ("GET", "/{slashes}api.php"): [replace(row, path="//api.php") for row in QUESTIONS.values()],
    ("POST", "/api.php"): [
        Row("/api.php", F.ASSETS, 200, 404, OLD_ASSET),
        Row("/api.php", F.ASSETS, 200, 404, {"add_asset": "PC"}, {"client_id": "1"}),
        Row("/api.php", F.CALLERID, 200, 200, {"cid": "2125550101"}, silent=True),
        Row("/api.php", F.ASSETS, 400, 400),
    ],
    ("*", "/phonebook/{place}"): PHONEBOOK,
    ("*", "/{slashes}{door}{place}"): [replace(row, path=f"/{row.path}") for row in PHONEBOOK],
    ("GET", "/balance"): [Row("/balance", F.BALANCE, 200, 404, {"client_id": "2"})],
    ("GET", "/emails"): [Row("/emails", F.EMAILS), Row("/emails", F.EMAILS, 200, 404, {"client_id": "1"})],
    ("GET", "/numbers"): [Row("/numbers", F.NUMBERS), Row("/numbers", F.NUMBERS, 200, 404, {"client_id": "1"})],
    ("POST", "/assets"): [Row("/assets", F.ASSETS, 201, 404, ASSET), Row("/assets", F.ASSETS, 201, 404, {}, ASSET)],
    ("GET", "/assets/{id}"): [
        Row("/assets/1", F.ASSETS, 200, 404),
        Row("/assets/999", F.ASSETS, 404, 404),
    ],
    ("GET", "/calls"): [Row("/calls", F.CALLS), Row("/calls", F.CALLS, query={"client_id": "1"})],
    ("POST", "/calls/dial"): [Row("/calls/dial", F.CALLS, 503, 503, {"number": "1", "extension": "101"})],
    ("POST", "/calls/events"): [Row("/calls/events", F.CALLS, body=EVENT, header_only=True)],
    ("POST", "/calls/events/{form}"): [Row("/calls/events/zammad", F.CALLS, body=EVENT, header_only=True)],
    ("POST", "/contacts"): [
        Row("/contacts", F.CONTACTS, 201, 404, CONTACT),
        Row("/contacts", F.CONTACTS, 201, 404, {}, CONTACT),
    ],
    ("GET", "/contacts/{id}"): [Row("/contacts/2", F.CONTACTS, 200, 404), Row("/contacts/1", F.CONTACTS, 404, 404)],
    ("POST", "/tickets"): [
        Row("/tickets", F.TICKETS, 201, 404, TICKET),
        Row("/tickets", F.TICKETS, 201, 404, {}, TICKET),
    ],
    ("GET", "/tickets/{id}"): [Row("/tickets/3", F.TICKETS, 200, 404), Row("/tickets/2", F.TICKETS, 404, 404)],
    # This ITFlow is older than notes.
    ("POST", "/notes"): [Row("/notes", F.TICKETS, 400, 404, NOTE), Row("/notes", F.TICKETS, 400, 404, {}, NOTE)],
    ("GET", "/notes/{id}"): [Row("/notes/3", F.TICKETS, 404, 404)],
    ("GET", "/healthz"): [Row("/healthz", "open")],
    ("GET", "/readyz"): [Row("/readyz", "open or admin")],
    ("GET", "/openapi.json"): [Row("/openapi.json", "open")],
    ("GET", "/metrics"): [Row("/metrics", F.ADMIN)],
    ("GET", "/.well-known/carddav"): [Row("/.well-known/carddav", "open", 301)],
    ("PROPFIND", "/.well-known/carddav"): [Row("/.well-known/carddav", "open", 301)],
    ("OPTIONS", "/carddav{place}"): [Row("/carddav/", "open")],
    ("GET", "/carddav{place}"): [
        Row("/carddav/book/", F.PHONEBOOK),
        Row("/carddav/book/x.vcf", F.PHONEBOOK, 404, 404),
    ],
    ("PROPFIND", "/carddav{place}"): [Row("/carddav/", F.PHONEBOOK, 207, 207)],
    ("REPORT", "/carddav{place}"): [Row("/carddav/book/", F.PHONEBOOK, 400, 400)],
    ("GET", "/callerid"): [Row("/callerid", F.CALLERID, query={"number": "2125550101"}, silent=True)],
    ("GET", "/explain"): [Row("/explain", F.ADMIN, query={"number": "2125550101"})],
}
# The page is for people who have signed in, whatever key comes along (tests/page tries their rights).
SIGN_IN = "/sign-in"
PAGE: Mapping[tuple[str, str], list[Row]] = {
    **{
        ("GET", path): [Row(path, "open", 303)]
        for path in (
            *("/", "/page/calls", "/page/calls.csv", "/page/week", "/page/lookup", "/page/books", "/page/outbox"),
            *("/page/data", "/page/setup", "/page/health", "/page/contact"),
        )
    },
    **{
        ("POST", path): [Row(path, "open", 303)]
        for path in (
            *("/page/dial", "/page/calls/done", "/page/outbox/retry", "/page/health/accept", "/page/setup"),
            *("/page/contact", "/page/ticket", "/page/sign-out"),
        )
    },
    ("GET", "/page/calls/{row}/assets"): [Row("/page/calls/1/assets", "open", 303)],
    ("GET", "/page/live"): [Row("/page/live", "open", 401)],
    ("GET", "/page/static/{version}/{name}"): [Row("/page/static/1/page.css", "open")],
    ("GET", SIGN_IN): [Row(SIGN_IN, "open"), Row(SIGN_IN, "open", query={"link": "0" * 43})],
    ("POST", SIGN_IN): [Row(SIGN_IN, "sign-in"), Row(SIGN_IN, "sign-in", body={"link": "0" * 43})],
}
ROWS |= PAGE
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND")
ANY = "*"


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A bridge with those keys, its mirror read, and one asset added."""
    path = tmp_path_factory.mktemp("matrix") / "bridge.db"
    database = Database(path)
    keys = Keys(database, load())
    everything = frozenset(Feature)
    for feature in Feature:
        keys.add(f"only {feature}", Options(frozenset({feature})), secret=SECRETS[f"only {feature}"])
    for kind in ("all", "revoked"):
        keys.add(kind, Options(everything), secret=SECRETS[kind])
    keys.add("client 3", Options(everything, frozenset({3})), secret=SECRETS["client 3"])
    keys.add("elsewhere", Options(everything, networks=(ip_network("198.51.100.0/24"),)), secret=SECRETS["elsewhere"])
    keys.add(
        "expired", Options(everything), expires_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), secret=SECRETS["expired"]
    )
    keys.add("replaced", Options(everything), secret=SECRETS["replaced"])
    keys.rotate("replaced", dt.timedelta(days=1))
    keys.revoke("revoked")
    database.close()
    data = str(WIRE / "v26.02-before.json")
    embedded = running("embedded", "--port", "0", "--data", data, "--key", "KEYALL", until=r"(http://\S+)")
    with embedded as itflow:
        settings = {"ITFLOW_URL": itflow.url, "ITFLOW_API_KEY": "KEYALL", "STORAGE_PATH": str(path), "AGI_PORT": "0"}
        settings |= {"LDAP_PORT": "0", "LDAP_HOST": "127.0.0.1"}
        with running("serve", "--port", "0", until=r"answers on (http://\S+)", **settings) as bridge:
            until_synced(bridge)
            answer = ask(bridge, "POST", Row("/assets", F.ASSETS, query=ASSET), "all", "query")
            assert answer.headers.get("location") == "/assets/1", answer
            answer = ask(bridge, "POST", Row("/contacts", F.CONTACTS, query=CONTACT), "all", "query")
            assert answer.headers.get("location") == "/contacts/2", answer
            answer = ask(bridge, "POST", Row("/tickets", F.TICKETS, query=TICKET), "all", "query")
            assert answer.headers.get("location") == "/tickets/3", answer
            yield bridge


def until_synced(bridge: Running) -> None:
    """Wait until balances can be told too."""
    deadline = time.monotonic() + 60
    while ask(bridge, "GET", QUESTIONS["account_balance"], "all", "query").status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)  # another process cannot tell us


def ask(bridge: Running, method: str, row: Row, kind: str, place: str) -> Answer:
    """One request with a key of a kind in a place; with one that differs in another place."""
    # As through a proxy, so that nothing is open because it comes from the same machine.
    query, body, headers = dict(row.query), dict(row.body or {}), {"Via": "1.1 proxy"}
    secret = SECRETS.get("all" if kind == "two that differ" else kind, "")
    if place == "query" and secret:
        query = {"api_key": secret, **query}  # name= goes to the very end
    elif place == "bearer" and secret:
        headers["Authorization"] = f"Bearer {secret}"
    elif place == "basic" and secret:
        headers["Authorization"] = "Basic " + base64.b64encode(f"phone:{secret}".encode()).decode()
    elif place == "body" and secret:
        body["api_key"] = secret
    if kind == "two that differ":
        if place == "query":
            headers["Authorization"] = f"Bearer {SECRETS['replaced']}"
        else:
            query = {"api_key": SECRETS["replaced"], **query}
    sent = None
    if method == "POST":
        sent = urlencode(body).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    path = row.path.replace("{key}", quote(secret, safe="") or "none")
    target = path + ("?" + urlencode(query) if query else "")
    # Right keys come from one address, wrong ones each from another, so that the one is not slowed by the others.
    number = next(STRANGERS) if kind in REFUSED else 0
    origin = f"127.66.{number >> 8 & 255}.{number & 255}" if number else "127.0.0.9"
    return bridge.ask(method, target, headers, sent, origin=origin)


def expected(row: Row, kind: str) -> set[int]:
    """The statuses that a key may get."""
    if row.feature == "open" or (row.feature == "open or admin" and kind == "none"):
        return {row.good}
    if row.feature == "sign-in":  # slowed by address, like wrong keys
        return {401, 429}
    feature = F.ADMIN if row.feature == "open or admin" else row.feature
    if kind in REFUSED:
        found = {401, 429}
    elif kind == "elsewhere" or (kind.startswith("only ") and feature not in {None, kind.removeprefix("only ")}):
        found = {403}
    else:
        return {row.other if kind == "client 3" else row.good}
    return {401} if row.silent else found


def cells(row: Row, method: str) -> Iterator[tuple[str, str]]:
    """Every kind of key in every place where this question can have one."""
    if "{key}" in row.path:
        return itertools.product(KINDS, ("path",))
    # Caller ID is asked in the query alone: no call waits for a body.
    body = ("body",) if method == "POST" and not row.silent and not row.header_only else ()
    return itertools.product(KINDS, ("query", "bearer", "basic", *body))


def application_routes() -> dict[str, set[str]]:
    """The application's methods by path."""
    found: dict[str, set[str]] = {}
    for route in service.make_app(load()).router.routes():
        if route.resource is not None:
            found.setdefault(route.resource.canonical, set()).add(route.method)
    return found


def test_every_route_has_a_row_and_every_row_a_route():
    there = {(method, path) for path, methods in application_routes().items() for method in methods}
    assert {one for one in there if one[0] != "HEAD"} == set(ROWS)
    assert {path for method, path in there if method == "HEAD"} == {path for method, path in ROWS if method == "GET"}


def test_every_question_of_the_old_script_has_a_row():
    assert set(QUESTIONS) == {"cid", "", *legacy.QUESTIONS}


@pytest.mark.parametrize(("method", "path"), ROWS)
def test_keys(bridge: Running, method: str, path: str):
    wrong = []
    for row in ROWS[method, path]:
        for sent in {"GET": ("GET", "HEAD"), ANY: ("GET", "HEAD", "POST")}.get(method, (method,)):
            # HEAD and GET other than the old script's own never write.
            writes = sent == "HEAD" and not WRITING.isdisjoint(row.query)
            for kind, place in cells(row, sent):
                answer = ask(bridge, sent, row, kind, place)
                wanted = expected(row, kind)
                if writes and not wanted & {401, 403}:
                    wanted = {405}
                fine = answer.status in wanted and (answer.status != 429 or "retry-after" in answer.headers)
                if row.silent and answer.status != 200:
                    fine = fine and not answer.body
                if not fine:
                    wrong.append((sent, row.path, dict(row.query), kind, place, answer.status, wanted))
    assert not wrong


@pytest.mark.parametrize("path", application_routes())
def test_other_methods(bridge: Running, path: str):
    methods = application_routes()[path]
    rows = next(rows for (_, one), rows in ROWS.items() if one == path)
    for method in set(METHODS) - methods - {"GET", "HEAD", "POST"} if ANY in methods else set(METHODS) - methods:
        for row in rows:
            for kind, place in itertools.product(("none", "all"), ("path",) if "{key}" in row.path else ("query",)):
                answer = ask(bridge, method, row, kind, place)
                wanted = {405} if ANY not in methods or kind == "all" else {401, 429}
                if method.encode() not in heads.METHODS:  # no request of HTTP that is spoken here
                    wanted = {400}
                assert answer.status in wanted, (method, row.path, kind)
                assert not (row.silent and answer.body)


def test_head_writes_nothing(bridge: Running):
    tables = ("journal", "calls")
    with closing(sqlite3.connect(bridge.path)) as opened, opened:
        before = [opened.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables]
        for row in QUESTIONS.values():
            ask(bridge, "HEAD", replace(row, query={**row.query, "add_asset": "PC 2"}), "all", "query")
            ask(bridge, "HEAD", row, "all", "query")
        assert [opened.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables] == before
    opened.close()


def test_who_has_no_right_learns_nothing_of_other_clients_assets(bridge: Running):
    foreign, unknown = (
        ask(bridge, "GET", Row(f"/assets/{number}", F.ASSETS), "client 3", "query").body for number in (1, 999)
    )
    assert foreign.replace(b"1", b"") == unknown.replace(b"999", b"")


def over_ldap(bridge: Running, kind: str) -> tuple[int, int, set[str]]:
    """How a bind with a key of a kind ends, how a search behind it, and whose entries it finds."""
    found = re.search(r"LDAP is answered on ldap://[^:]+:(\d+)", bridge.log())
    assert found
    number = next(STRANGERS) if kind in REFUSED else 0
    origin = (f"127.67.{number >> 8 & 255}.{number & 255}" if number else "127.0.0.9", 0)
    client = LDAPClient()
    answers: list[LDAPMessage] = []

    def talk(stream: socket.socket) -> None:
        stream.sendall(client.data_to_send())
        while not answers or isinstance(answers[-1], SearchResultEntry):
            answers.extend(client.receive(stream.recv(65536)))

    with socket.create_connection(("127.0.0.1", int(found[1])), timeout=30, source_address=origin) as stream:
        client.bind_simple("cn=phone" if kind in SECRETS else "", SECRETS.get(kind, ""))
        talk(stream)
        bound = answers.pop()
        client.search_request("dc=phonebook", filter=LDAPFilter.from_string("(cn=*)"), attributes=["o"])
        talk(stream)
    assert isinstance(bound, BindResponse)
    assert isinstance(answers[-1], SearchResultDone)
    entries = [one for one in answers if isinstance(one, SearchResultEntry)]
    clients = {value.decode() for one in entries for row in one.attributes for value in row.values}
    return bound.result.result_code, answers[-1].result.result_code, clients


@pytest.mark.parametrize("kind", ["none", *SECRETS])
def test_keys_over_ldap(bridge: Running, kind: str):
    """A key that opens no phonebook, or not from here, or no longer, sees nothing; a client's key, that client."""
    bound, searched, clients = over_ldap(bridge, kind)
    _, _, everybody = over_ldap(bridge, "all")
    assert len(everybody) > 1
    if kind in {"all", "replaced", f"only {F.PHONEBOOK}"}:
        assert (bound, searched, clients) == (0, 0, everybody)
    elif kind == "client 3":
        assert (bound, searched) == (0, 0)
        assert len(clients) <= 1
        assert clients < everybody
    else:
        assert bound in ({0} if kind == "none" else {49, 51} if kind in REFUSED else {50})
        assert (searched, clients) == (50, set())
