import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import errors
from bridge.errors import BadParameter, ItflowError
from bridge.itflow.protocol import MODULES, Answer, Request, build, decipher, of_client

WIRE = Path(__file__).parents[1] / "data" / "wire"
FILES = (
    *("v25.12", "v26.02", "v26.02-display-errors", "v26.02-effects"),
    *("v26.05", "v26.05-effects", "v26.08", "v26.08-effects"),
)
READ = Request("GET", "contacts/read.php", {"api_key": "s3cret"})
CREATE = Request("POST", "assets/create.php", body={"api_key": "s3cret"})
UPDATE = Request("POST", "assets/update.php", body={"api_key": "s3cret"})


def recorded(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (WIRE / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()]


def request_of(entry: dict[str, Any]) -> Request:
    path, _, query = entry["path"].partition("?")
    return Request(entry["method"], path, dict(parse_qsl(query, keep_blank_values=True)), entry.get("body"))


def body_of(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry["json"]).encode() if "json" in entry else entry["text"].encode()


def meaning(request: Request, status: int, content_type: str, body: bytes) -> str:
    try:
        answer = decipher(request, status, content_type, body)
    except ItflowError as error:
        return type(error).__name__
    if request.function == "create":
        return f"id {answer.insert_id}"
    if not request.reads:
        return f"count {answer.count}"
    assert answer.count == len(answer.rows)
    return f"rows {answer.count}" if answer.rows else "no rows"


def table() -> Iterator[Any]:
    for file in FILES:
        expected = (WIRE / f"{file}.expected.txt").read_text(encoding="utf-8").splitlines()
        for number, (entry, line) in enumerate(zip(recorded(file), expected, strict=True), 1):
            yield pytest.param(entry, line, id=f"{file}-{number}")


def test_all_recorded_answers_are_in_the_table() -> None:
    assert len(list(table())) == 627


@pytest.mark.parametrize(("entry", "line"), list(table()))
def test_a_recorded_answer_means(entry: dict[str, Any], line: str) -> None:
    expected, asked = line[:16].strip(), line[16:]
    assert asked.startswith(f"{entry['method']} {entry['path']}")
    found = meaning(request_of(entry), entry["status"], entry["content_type"], body_of(entry))
    assert found == expected


def noisy() -> Iterator[Any]:
    hidden = {(e["path"], json.dumps(e.get("body"))): e for e in recorded("v26.02")}
    for entry in recorded("v26.02-display-errors"):
        quiet = hidden[entry["path"], json.dumps(entry.get("body"))]
        if "json" in quiet and "{" not in entry["text"]:
            yield pytest.param(entry, quiet, id=f"{entry['path']}-{entry.get('body')}")


@pytest.mark.parametrize(("entry", "quiet"), list(noisy()))
def test_noise_before_the_json_changes_nothing(entry: dict[str, Any], quiet: dict[str, Any]) -> None:
    """The recordings cut long noise off before the JSON that followed it; here it follows again."""
    request = request_of(entry)
    body = entry["text"].encode() + b"</b><br />\n" + body_of(quiet)
    assert meaning(request, 200, "text/html", body) == meaning(request, 200, "", body_of(quiet))


def envelope(**fields: object) -> bytes:
    return json.dumps(fields).encode()


ROWS = envelope(success="True", count=1, data=[{"contact_id": "1", "contact_name": None}])

TRAPS: dict[str, tuple[Request, int, bytes, str]] = {
    "byte order mark": (READ, 200, b"\xef\xbb\xbf" + ROWS, "rows 1"),
    "blank lines before": (READ, 200, b"\r\n\n" + ROWS, "rows 1"),
    "noise that quotes JSON": (READ, 200, b'<b>Warning</b>: {"success":"False"} ' + ROWS, "rows 1"),
    "another order of keys": (READ, 200, b'{"count":0,"data":[],"success":"True"}', "no rows"),
    "HTML after": (READ, 200, ROWS + b"<!-- cached -->", "rows 1"),
    "booleans for success": (READ, 200, envelope(success=True, count=0, data=[]), "no rows"),
    "count as a string": (READ, 200, envelope(success="True", count="1", data=[{"a": "b"}]), "rows 1"),
    "count that is not the rows": (READ, 200, envelope(success="True", count=2, data=[{}]), "WireGarbled"),
    "no count": (READ, 200, envelope(success="True", data=[{}]), "WireGarbled"),
    "success without data": (READ, 200, envelope(success="True", count=1), "RightMissing"),
    "success of neither kind": (READ, 200, envelope(success="Maybe", count=1, data=[{}]), "WireGarbled"),
    "rows that are none": (READ, 200, envelope(success="True", count=1, data=[1]), "WireGarbled"),
    "a column with a list": (READ, 200, envelope(success="True", count=1, data=[{"a": []}]), "rows 1"),
    "data that is no list": (READ, 200, envelope(success="True", count=1, data="x"), "WireGarbled"),
    "another refusal of a read": (READ, 200, envelope(success="False", message="Bad month"), "RowMissing"),
    "a cut JSON": (READ, 200, ROWS[:-5], "NotItflow"),
    "broken UTF-8 in a name": (READ, 200, ROWS.replace(b"null", b'"\xff"'), "NotItflow"),
    "NaN": (READ, 200, ROWS.replace(b"null", b"NaN"), "rows 1"),
    "deep nesting": (READ, 200, b'{"success":' + b"[" * 100_000, "NotItflow"),
    "a JSON list": (READ, 200, b"[]", "NotItflow"),
    "a login page": (READ, 200, b"<html><title>ITFlow | Login</title></html>", "NotItflow"),
    "an empty answer": (READ, 200, b"", "ItflowFailing"),
    "PHP out of memory": (READ, 200, b"<b>Fatal error</b>:  Allowed memory size", "ItflowFailing"),
    "the same as text": (READ, 200, b"\nFatal error: Allowed memory size", "ItflowFailing"),
    "a bad gateway": (READ, 502, b"<html>502 Bad Gateway</html>", "ItflowFailing"),
    "too many requests": (READ, 429, b"", "ItflowFailing"),
    "success with a 500": (READ, 500, ROWS, "ItflowFailing"),
    "a firewall's 403": (READ, 403, b"<html>Forbidden</html>", "NotItflow"),
    "a proxy's 407": (READ, 407, b"<html>Proxy</html>", "NotItflow"),
    "a redirect": (READ, 302, b"", "NotItflow"),
    "a proxy's 401": (READ, 401, b"<html>Authorization Required</html>", "NotItflow"),
    "a 401 that saw no key": (READ, 401, b"", "KeyRefused"),
    "a 403 without a word": (READ, 403, b"", "RightMissing"),
    "a count of a million digits": (
        READ,
        200,
        b'{"success":"True","count":' + b"9" * 1_000_000 + b',"data":[]}',
        "WireGarbled",
    ),
    "a create without id": (CREATE, 200, envelope(success="True", count="1"), "WireGarbled"),
    "a create with id 0": (CREATE, 200, envelope(success="True", data=[{"insert_id": 0}]), "WireGarbled"),
    "a create with a text id": (CREATE, 200, envelope(success="True", data=[{"insert_id": "8"}]), "id 8"),
    "an update without count": (UPDATE, 200, envelope(success="True"), "count 0"),
}


@pytest.mark.parametrize(("request_", "status", "body", "expected"), TRAPS.values(), ids=TRAPS)
def test_a_trap_means(request_: Request, status: int, body: bytes, expected: str) -> None:
    assert meaning(request_, status, "text/html", body) == expected


def test_what_no_column_can_hold_is_left_out_of_its_row() -> None:
    body = envelope(success="True", count=2, data=[{"a": [], "b": "1", "c": True}, {"a": "2", "b": {}, "c": None}])
    assert decipher(READ, 200, "", body).rows == [{"b": "1", "c": "1"}, {"a": "2", "c": None}]


def test_numbers_stay_text() -> None:
    body = b'{"success":"True","count":1,"data":[{"invoice_amount":123456789012.35,"invoice_id":1}]}'
    rows = decipher(READ, 200, "", body).rows
    assert rows == [{"invoice_amount": "123456789012.35", "invoice_id": "1"}]


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 405, 500])
def test_no_error_text_holds_the_key(status: int) -> None:
    for request in (READ, CREATE):
        for body in (b"<p>GET /read.php?api_key=s3cret</p>", envelope(success="False", message="key s3cret!")):
            with pytest.raises(ItflowError) as raised:
                decipher(request, status, "text/html", body)
            assert "s3cret" not in str(raised.value)
    assert "s3cret" not in repr(READ) + repr(CREATE)


ADVICE = (
    (401, b"", "Admin > API keys"),
    (401, b"", "26.08"),
    (403, b"", "role"),
    (404, b"", "itflow.url"),
    (500, b"", "memory_limit"),
    (200, b'{"success":"True","count":1}', "All clients"),
    (200, b"<html>Sign in", "itflow.url"),
)


@pytest.mark.parametrize(("status", "body", "advice"), ADVICE)
def test_an_error_tells_what_to_do(status: int, body: bytes, advice: str) -> None:
    with pytest.raises(ItflowError, match=advice):
        decipher(READ, status, "", body)


def test_the_missing_payments_module_is_told_with_its_version() -> None:
    with pytest.raises(errors.ModuleMissing, match=r"until 26\.3"):
        decipher(Request("GET", "payments/read.php"), 404, "text/html", b"<html>")


def test_an_update_that_changes_nothing_says_both_reasons() -> None:
    body = envelope(success="False", message="Auth success but update query failed")
    with pytest.raises(errors.RowMissing, match=r"no such row exists .* or it already was as asked"):
        decipher(UPDATE, 200, "", body)


@given(
    st.sampled_from([READ, CREATE, UPDATE, Request("GET", "payments/read.php")]),
    st.one_of(st.just(200), st.integers(100, 599)),
    st.text(),
    st.one_of(
        st.binary(),
        st.builds(lambda noise, tail: noise + b'{"success":' + tail, st.binary(), st.binary()),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).map(lambda data: json.dumps({"success": "True", "count": 1, "data": data}).encode()),
    ),
)
def test_whatever_comes_is_an_answer_or_an_error_of_itflow(
    request_: Request, status: int, content_type: str, body: bytes
) -> None:
    with contextlib.suppress(ItflowError):
        assert isinstance(decipher(request_, status, content_type, body), Answer)


def test_a_read_goes_into_the_query() -> None:
    request = build("contacts", "read", "K", {"limit": 2, "client_id": "1", "offset": None})
    assert (request.method, request.path) == ("GET", "contacts/read.php")
    assert request.query == {"api_key": "K", "limit": "2", "client_id": "1"}
    assert request.body is None


def test_a_write_goes_into_the_body() -> None:
    request = build("tickets", "create", "K", {"client_id": 1, "ticket_subject": "Tëst", "ticket_billable": True})
    assert (request.method, request.path, request.query) == ("POST", "tickets/create.php", {})
    assert request.body == {"api_key": "K", "client_id": 1, "ticket_subject": "Tëst", "ticket_billable": 1}


def test_a_page_of_the_operators_own_can_be_asked() -> None:
    assert build("custom/invoices", "read", "K").path == "custom/invoices/read.php"
    assert build("custom/my-things", "list_all", "K", {"x": 1}).method == "POST"


def test_every_function_of_every_module_can_be_built() -> None:
    for module in MODULES.values():
        for function in module.functions:
            request = build(module.name, function, "K")
            assert (request.module, request.function) == (module.name, function)
            assert request.reads == (request.method == "GET") == (function in {"read", "time"})


WRONG: tuple[tuple[str, str, dict[str, object], str], ...] = (
    ("contact", "read", {}, "contacts"),
    ("contacts", "resolve", {}, "archive"),
    ("contacts", "read", {"name": "x"}, "contact_email"),
    ("payments", "read", {"client_id": 1}, "payment_invoice_id"),
    ("contacts", "read", {"api_key": "K"}, "api_key"),
    ("contacts", "read", {"limit": "all"}, "limit must be a whole number"),
    ("contacts", "read", {"offset": -1}, "offset must be a whole number"),
    ("custom/../../x", "read", {}, "custom/invoices"),
    ("custom/x", "../read", {}, "custom/invoices"),
)


@pytest.mark.parametrize(("module", "function", "fields", "named"), WRONG)
def test_what_v1_does_not_know_is_refused_and_the_known_named(
    module: str, function: str, fields: dict[str, object], named: str
) -> None:
    with pytest.raises(BadParameter, match=named):
        build(module, function, "K", fields)


def test_the_decryption_password_goes_where_either_generation_looks() -> None:
    request = build("credentials", "read", "K", {"api_key_decrypt_password": "P"})
    assert request.query["api_key_decrypt_password"] == "P"
    assert request.body == {"api_key_decrypt_password": "P"}


def test_rows_of_another_client_are_dropped() -> None:
    [before] = [e for e in recorded("v26.08") if e["path"] == "contacts/read.php?api_key=KEYALL&client_id=8"]
    rows = before["json"]["data"]
    assert {row["contact_client_id"] for row in rows} > {"1", "8"}
    assert {row["contact_client_id"] for row in of_client("contacts", rows, "08")} == {"8"}
    assert of_client("contacts", rows, None) == rows
    with pytest.raises(BadParameter, match="client_id"):
        of_client("contacts", rows, "eight")


@pytest.mark.parametrize("generation", ["v25.12", "v26.02", "v26.05", "v26.08"])
def test_the_table_names_real_columns(generation: str) -> None:
    before = json.loads((WIRE / f"{generation}-before.json").read_text(encoding="utf-8"))
    for name, rows in before.items():
        for row in rows[:1]:
            assert MODULES[name].id_column in row
            assert MODULES[name].client_column is None or MODULES[name].client_column in row
