"""v1's wire without the wire: build a request, decipher an answer. No I/O.

What a real ITFlow does (recorded from 25.12, 26.02, 26.05 and 26.08) and its documentation does not say:

* ``success`` is the string ``"True"`` or ``"False"``; every column is a string or null.
* ``success: "True"`` on a read without ``data`` means that the key may not read this, not "no rows".
* With PHP's ``display_errors`` on, HTML comes before the JSON, or instead of it.
* A fatal PHP error is a 500 with an empty body, or a 200 with HTML and no JSON.
* 26.08 ignores ``client_id`` on reads, see ``of_client``.
* ``assets/delete`` deletes and answers that it failed, see ``ItflowClient.delete``.
* v1's own refusals (401, 403, 405) are JSON, or empty where it saw no key at all; a 401 or 403 in HTML is somebody
  else's.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.errors import (
    BadParameter,
    ItflowError,
    ItflowFailing,
    KeyRefused,
    ModuleMissing,
    NotItflow,
    RightMissing,
    RowMissing,
    WireGarbled,
    WriteRefused,
)
from bridge.itflow.modules import CUSTOM, EVERY_GENERATION, MODULES, PAGING, READING, Module, id_column

__all__ = [
    "LARGEST_ID",
    "MODULES",
    "Answer",
    "Module",
    "Request",
    "Row",
    "build",
    "decipher",
    "number",
    "of_client",
    "row_id",
]

Row = dict[str, str | None]

# ITFlow numbers its rows with a 32-bit INT; beyond this, JSON's readers lose digits (RFC 8259, 6).
LARGEST_ID: Final = 2**53 - 1

_CUSTOM_PATH = re.compile(r"custom(/[A-Za-z0-9_-]+)+")
_FUNCTION = re.compile(r"[a-z_]+")
_PHP_NOISE = re.compile(rb"Fatal error|Parse error|<b>(Warning|Notice|Deprecated)</b>:")
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
_DECRYPT: Final = "api_key_decrypt_password"

_NEW_KEY = (
    "Make a new one in ITFlow under Admin > API keys and put it into itflow.api_key. Up to 26.07, choose "
    "“All clients” for it; from 26.08 on, a key belongs to a user and has that user's role and clients."
)


@dataclass(frozen=True, slots=True)
class Request:
    """What goes to ITFlow.

    Attributes:
        method: ``GET`` or ``POST``.
        path: Below ``/api/v1/``, such as ``contacts/read.php``.
        query: For the query string; holds ITFlow's key on a GET, so it is not shown.
        body: To be sent as JSON, or None; holds ITFlow's key on a POST, so it is not shown.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, object] | None = field(default=None, repr=False)

    @property
    def module(self) -> str:
        """The folder, such as ``contacts`` or ``custom/invoices``."""
        return self.path.rpartition("/")[0]

    @property
    def function(self) -> str:
        """The script without its ending, such as ``read``."""
        return self.path.rpartition("/")[2].removesuffix(".php")

    @property
    def reads(self) -> bool:
        """Whether it changes nothing, so that it may be sent again."""
        return self.function in READING


@dataclass(frozen=True, slots=True)
class Answer:
    """What ITFlow answered.

    Attributes:
        rows: The rows of a read, in the order of their ids.
        insert_id: The id of what a create made; None with anything else.
        count: The rows that were read or changed.
    """

    rows: Sequence[Row] = ()
    insert_id: int | None = None
    count: int = 0


def build(module: str, function: str, api_key: str, fields: Mapping[str, object] | None = None) -> Request:
    """Makes the request for one call of v1.

    Args:
        module: A key of ``MODULES``, or ``custom/…`` for a page that the operator dropped in.
        function: One of the module's functions.
        api_key: ITFlow's key.
        fields: Filters of a read, columns of a write. None leaves a field out.

    Raises:
        BadParameter: The module, function or filter does not exist; the text names those that do. (ITFlow
            itself ignores an unknown filter and answers everything.)
    """
    given = {name: _wire_value(value) for name, value in (fields or {}).items() if value is not None}
    if "api_key" in given:
        raise BadParameter("Leave api_key out: the bridge adds ITFlow's key itself.")
    _check(module, function, given)
    path = f"{module}/{function}.php"
    if function not in READING:
        return Request("POST", path, body={"api_key": api_key, **given})
    # Until 26.07 the decryption password is read from the query, from 26.08 on from the body.
    body = {_DECRYPT: given[_DECRYPT]} if _DECRYPT in given else None
    return Request("GET", path, {"api_key": api_key, **{k: str(v) for k, v in given.items()}}, body)


def _wire_value(value: object) -> str | int:
    if isinstance(value, int):  # bool too: v1's flags are 1 and 0
        return int(value)
    return str(value)


def _check(module: str, function: str, given: Mapping[str, object]) -> None:
    known = MODULES.get(module)
    if known is None and module.startswith(CUSTOM):
        if not _CUSTOM_PATH.fullmatch(module) or not _FUNCTION.fullmatch(function):
            raise BadParameter(f"A custom page is named like custom/invoices read, not {module} {function}.")
        return
    if known is None:
        raise BadParameter(f"ITFlow has no module {module!r}. Known: {', '.join(MODULES)}, {CUSTOM}….")
    if function not in known.functions:
        raise BadParameter(f"{module} has no function {function!r}. Known: {', '.join(known.functions)}.")
    if function in READING:
        filters = (*known.filters, *(("client_id",) if known.client_column else ()), *PAGING)
        for name, value in given.items():
            if name in PAGING and number(value) is None:
                raise BadParameter(f"{name} must be a whole number, not {value!r}.")
            if name not in filters:
                raise BadParameter(f"{module} cannot be read by {name!r}. Known: {', '.join(filters)}.")


def of_client(module: str, rows: Sequence[Row], client_id: object) -> Sequence[Row]:
    """Keeps the rows of one client, because 26.08 ignores ``client_id`` and a scoped key replaces it.

    Args:
        module: Where the rows come from. Rows of an operator's own page are left as they are.
        rows: As ITFlow sent them.
        client_id: The client, as int or text; None keeps all rows.

    Raises:
        BadParameter: ``client_id`` is not a number.
    """
    known = MODULES.get(module)
    if client_id is None or known is None or known.client_column is None:
        return rows
    wanted = number(client_id)
    if wanted is None:
        raise BadParameter(f"client_id must be a number, not {client_id!r}.")
    return [row for row in rows if row.get(known.client_column) == str(wanted)]


def row_id(module: str, row: Row) -> int | None:
    """A row's id; None where it has none that can be read.

    Raises:
        BadParameter: The module is not one whose rows have a known id.
    """
    return number(row.get(id_column(module)))


def decipher(request: Request, status: int, content_type: str, body: bytes) -> Answer:
    """Turns an answer of ITFlow into what it means.

    Args:
        request: What was asked.
        status: The HTTP status.
        content_type: The ``Content-Type`` header; v1 says ``application/json`` over HTML too, so it only
            serves the error text.
        body: The raw body.

    Raises:
        KeyRefused: 401.
        RightMissing: 403, or success without data on a read.
        ModuleMissing: 404.
        RowMissing: A write names a row that is not there, or changes nothing.
        WriteRefused: A create was not accepted.
        ItflowFailing: 5xx, 429, an empty body, or a PHP error in place of the JSON.
        NotItflow: Not v1's envelope at all, such as a login page.
        WireGarbled: v1's envelope, but not what it holds.
    """
    envelope = _find_envelope(body)
    if not 200 <= status < 300:
        raise _refusal(request, status, content_type, body, envelope)
    if envelope is None:
        raise _not_an_envelope(request, content_type, body)
    success = str(envelope["success"])
    if success not in {"True", "False"}:
        raise WireGarbled(f"{_name(request)}: ITFlow's answer says neither success nor failure.")
    if request.reads:
        return _read_answer(request, envelope, success == "True")
    return _write_answer(request, envelope, success == "True")


def _read_answer(request: Request, envelope: Mapping[str, Any], success: bool) -> Answer:
    if not success:
        said = _said(request, envelope)
        if said.startswith("No resource"):
            return Answer()  # and the same after a database error: an empty first page is a doubt, not a fact
        raise RowMissing(f"{_name(request)}: ITFlow gives nothing and says: {said}")
    if "data" not in envelope:
        raise RightMissing(
            f"{_name(request)}: ITFlow claims success but sends no data, which is how it refuses a key "
            f"without the right (a key limited to one client may not read {request.module}). {_NEW_KEY}"
        )
    rows = envelope["data"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise WireGarbled(f"{_name(request)}: ITFlow's data is not a list of rows.")
    rows = [row if _is_plain(row) else _plain(row) for row in rows]
    count = envelope.get("count")
    if number(count) != len(rows):
        counted = _quote(request, str(count))
        raise WireGarbled(f"{_name(request)}: ITFlow counts {counted} rows but sends {len(rows)}.")
    return Answer(rows=rows, count=len(rows))


def _write_answer(request: Request, envelope: Mapping[str, Any], success: bool) -> Answer:
    if not success:
        said = _said(request, envelope)
        if request.function == "create":
            raise WriteRefused(
                f"{_name(request)}: ITFlow did not take it. A field that must be there is missing, or the "
                f"same row exists already. ITFlow says: {said}"
            )
        raise RowMissing(
            f"{_name(request)}: nothing was changed. Either no such row exists (for this client_id and this "
            f"key), or it already was as asked; ITFlow answers both alike. ITFlow says: {said}"
        )
    if request.function != "create":
        return Answer(count=number(envelope.get("count")) or 0)
    match envelope.get("data"):
        case [{"insert_id": made}] if insert_id := number(made):
            return Answer(insert_id=insert_id, count=1)
        case _:
            raise WireGarbled(f"{_name(request)}: ITFlow claims success but names no id. Look there first.")


def _refusal(
    request: Request, status: int, content_type: str, body: bytes, envelope: Mapping[str, Any] | None
) -> ItflowError:
    name = _name(request)
    said = _said(request, envelope) if envelope else _looks_like(request, content_type, body)
    if status in {401, 403} and not envelope and body.strip():
        return NotItflow(
            f"{name}: what answers is not ITFlow's v1 but something in front of it or in its place ({status}): a "
            f"login for the web server or a proxy, a firewall, or an ITFlow of before 2022. Let /api/v1/ pass without "
            f"it, or set itflow.url to what comes before /api/v1/. The answer: {said}"
        )
    if status == 401:
        return KeyRefused(
            f"{name}: ITFlow refuses the API key (401): it is wrong, expired or deleted; the update to 26.08 "
            f"deletes every key. {_NEW_KEY} The answer: {said}"
        )
    if status == 403:
        return RightMissing(
            f"{name}: ITFlow refuses this to the key (403). In ITFlow, give the user that the key belongs to "
            f"a role with the right on this module (Admin > Roles) and access to the client (Admin > Users), "
            f"or make the key for another user (Admin > API keys). The answer: {said}"
        )
    if status == 404:
        since = MODULES[request.module].generations if request.module in MODULES else EVERY_GENERATION
        only = "" if since == EVERY_GENERATION else f" ITFlow has it {since} only."
        return ModuleMissing(
            f"{name}: there is no such page (404).{only} If all pages are missing, itflow.url is wrong (it "
            f"is what comes before /api/v1/), or the ITFlow is from before 2022 and has no v1."
        )
    if status >= 500 or status in {408, 429}:
        return ItflowFailing(
            f"{name}: ITFlow fails ({status}). The PHP and web server logs of ITFlow tell why; often it is "
            f"PHP's memory_limit or a value that the database does not take. The answer: {said}"
        )
    kind = WireGarbled if envelope else NotItflow
    return kind(
        f"{name}: ITFlow does not answer this way ({status} to {request.method}); is a proxy or firewall in "
        f"between, or itflow.url wrong? The answer: {said}"
    )


def _not_an_envelope(request: Request, content_type: str, body: bytes) -> ItflowError:
    if not body.strip() or _PHP_NOISE.search(body):
        return ItflowFailing(
            f"{_name(request)}: PHP failed in ITFlow before it could answer. ITFlow's PHP log tells why. "
            f"The answer: {_looks_like(request, content_type, body)}"
        )
    return NotItflow(
        f"{_name(request)}: the answer is not ITFlow's v1. A login or proxy page in front of it, or a wrong "
        f"itflow.url (it is what comes before /api/v1/)? The answer: "
        f"{_looks_like(request, content_type, body)}"
    )


def _find_envelope(body: bytes) -> dict[str, Any] | None:
    """Finds v1's JSON object, also behind HTML that PHP printed before it.

    Inside the JSON every quote is escaped, so the last ``{"success"`` is the envelope's own.
    """
    body = body.strip()
    start = 0 if body.startswith(b"{") else body.rfind(b'{"success"')
    if start < 0:
        return None
    try:
        found, _ = _DECODER.raw_decode(body[start:].decode())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "success" in found else None


# Numbers stay text, as in every other column, so that no amount ever becomes a float.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)


def _is_plain(row: Mapping[str, object]) -> bool:
    return all(value is None or type(value) is str for value in row.values())


def _plain(row: Mapping[str, object]) -> Row:
    """A row whose odd columns are gone: flags become 1 and 0, and what no column can hold is left out."""
    return {
        column: str(int(value)) if isinstance(value, bool) else value
        for column, value in row.items()
        if value is None or isinstance(value, str | bool)
    }


def number(value: object) -> int | None:
    """A whole number as ITFlow writes ids and counts; None where it is none, or beyond any id."""
    text = str(value)
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    return found if found is None or found <= LARGEST_ID else None


def _name(request: Request) -> str:
    return f"{request.module} {request.function}"


def _said(request: Request, envelope: Mapping[str, Any]) -> str:
    return _quote(request, str(envelope.get("message") or "nothing more"))


def _looks_like(request: Request, content_type: str, body: bytes) -> str:
    text = body[:2000].decode(errors="replace")
    if not text.strip():
        return "empty"
    title = _TITLE.search(text)
    text = title[1] if title else re.sub(r"<[^>]*>", " ", text)
    return f"{content_type or 'untyped'}: {_quote(request, text)}"


def _quote(request: Request, text: str) -> str:
    """Shortens foreign text to one line, without the key, which a proxy's page may repeat."""
    key = str((request.body or {}).get("api_key") or request.query.get("api_key") or "")
    text = " ".join(text.split())
    if key:
        text = text.replace(key, "…")
    return text if len(text) <= 300 else text[:299] + "…"
