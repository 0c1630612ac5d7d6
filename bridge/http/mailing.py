"""Lists for mailing tools: ``/emails`` and ``/numbers``, and the four old ones of ``/api.php``."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TypeVar

from aiohttp import hdrs, web
from typing_extensions import TypedDict

from bridge import mailing
from bridge.access.keys import Feature, Key
from bridge.directory.snapshot import Snapshot
from bridge.errors import BadParameter
from bridge.http import query
from bridge.http.keys import require
from bridge.http.operations import CLIENT_ID, CSV, JSON, TEXT, Described, Operation, Parameter, asked, one_of
from bridge.http.state import MIRROR
from bridge.mailing import Choice, Numbers, Recipient, Who

routes = web.RouteTableDef()

LEFT_OUT = "X-Left-Out"

PLAIN: Mapping[str, Callable[[tuple[Recipient, ...]], Iterator[str]]] = {
    "text": mailing.client_emails,
    "rfc5322": mailing.rfc5322,
    "sympa": mailing.sympa,
    "addresses": mailing.bare,
}


class EmailFormat(StrEnum):
    """How addresses are written."""

    JSON = "json"
    TEXT = "text"
    RFC5322 = "rfc5322"
    SYMPA = "sympa"
    ADDRESSES = "addresses"
    CSV = "csv"


class NumberFormat(StrEnum):
    """How numbers are written."""

    JSON = "json"
    TEXT = "text"
    CSV = "csv"


W = TypeVar("W", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Document:
    """A list that is written out.

    Attributes:
        file: A name to save it under; empty for none.
        left_out: How many addresses could not be used.
    """

    text: str
    content_type: str = "text/plain"
    file: str = ""
    left_out: int = 0


class EmailsJson(TypedDict):
    """``/emails`` as JSON."""

    emails: list[Recipient]
    invalid: list[Recipient]


class NumbersJson(TypedDict):
    """``/numbers`` as JSON."""

    numbers: list[Numbers]


_CHOICE = {
    "who": one_of("Which contacts.", Who, Who.PRIMARY),
    "leads": Parameter("Contacts of leads too.", {"type": "boolean", "default": True}),
    "client_id": CLIENT_ID,
}
EMAILS = Operation(
    "E-mail addresses of contacts, for mailing tools.",
    Feature.EMAILS,
    {"format": one_of("How they are written.", EmailFormat, EmailFormat.JSON), **_CHOICE},
    gives={JSON: EmailsJson, TEXT: str, CSV: str},
)
NUMBERS = Operation(
    "Phone numbers of contacts.",
    Feature.NUMBERS,
    {"format": one_of("How they are written.", NumberFormat, NumberFormat.JSON), **_CHOICE},
    gives={JSON: NumbersJson, TEXT: str, CSV: str},
)
DESCRIBED: Described = {("GET", "/emails"): EMAILS, ("GET", "/numbers"): NUMBERS}


@routes.get("/emails")
async def emails(request: web.Request) -> web.Response:
    """E-mail addresses: ``format``, ``who``, ``leads``, ``client_id``.

    ``X-Left-Out`` counts those that are not in the list because they cannot be used; JSON names them.
    """
    key = require(request, Feature.EMAILS)
    parameters = asked(request, EMAILS)
    form = _word(EmailFormat, parameters, "format", EmailFormat.JSON)
    return await _answer(request, _choice(parameters, key), lambda *asked: _emails(form, *asked))


@routes.get("/numbers")
async def numbers(request: web.Request) -> web.Response:
    """Numbers: ``format``, ``who``, ``leads``, ``client_id``."""
    key = require(request, Feature.NUMBERS)
    parameters = asked(request, NUMBERS)
    form = _word(NumberFormat, parameters, "format", NumberFormat.JSON)
    return await _answer(request, _choice(parameters, key), lambda *asked: _numbers(form, *asked))


async def legacy_list(request: web.Request, key: Key, name: str) -> web.Response:
    """One of the old lists, as lines of HTML that end in ``<br>``.

    Args:
        request: The request; ``who``, ``leads`` and ``client_id`` narrow or widen the list here too.
        key: Its key, found to open ``emails`` or ``numbers``.
        name: A key of ``LEGACY``.
    """
    parameters = query.read(request.rel_url.raw_query_string)
    return await _answer(request, _choice(parameters, key), LEGACY[name])


def _emails(form: EmailFormat, snapshot: Snapshot, choice: Choice) -> Document:
    found = mailing.addresses(snapshot, choice)
    left_out = len(found.invalid)
    if form is EmailFormat.JSON:
        given = {"emails": [*map(asdict, found.recipients)], "invalid": [*map(asdict, found.invalid)]}
        return Document(json.dumps(given), "application/json", left_out=left_out)
    if form is EmailFormat.CSV:
        left_out += len(mailing.formulas(found.recipients))
        return Document(mailing.to_csv(found.recipients), "text/csv", "emails.csv", left_out)
    return Document(mailing.lines(PLAIN[form](found.recipients)), left_out=left_out)


def _numbers(form: NumberFormat, snapshot: Snapshot, choice: Choice) -> Document:
    found = mailing.numbers(snapshot, choice)
    if form is NumberFormat.JSON:
        return Document(json.dumps({"numbers": [*map(asdict, found)]}), "application/json")
    if form is NumberFormat.CSV:
        return Document(mailing.numbers_csv(found), "text/csv", "numbers.csv")
    return Document(mailing.lines(mailing.contact_numbers(found)))


Write = Callable[[Snapshot, Choice], Document]


def _legacy_emails(line: Callable[[tuple[Recipient, ...]], Iterator[str]]) -> Write:
    def write(snapshot: Snapshot, choice: Choice) -> Document:
        found = mailing.addresses(snapshot, choice, shared=True)
        return Document(mailing.html_lines(line(found.recipients)), "text/html", left_out=len(found.invalid))

    return write


def _legacy_numbers(line: Callable[[tuple[Numbers, ...]], Iterator[str]]) -> Write:
    return lambda snapshot, choice: Document(mailing.html_lines(line(mailing.numbers(snapshot, choice))), "text/html")


# The old lists, by the parameter that asks for them.
LEGACY: Mapping[str, Write] = {
    "client_emails": _legacy_emails(mailing.client_emails),
    "primary_contact_emails": _legacy_emails(mailing.contact_emails),
    "client_numbers": _legacy_numbers(mailing.client_numbers),
    "primary_contact_numbers": _legacy_numbers(mailing.contact_numbers),
}


def _choice(parameters: Mapping[str, str], key: Key) -> Choice:
    return Choice(
        scope=key.clients,
        who=_word(Who, parameters, "who", Who.PRIMARY),
        leads=query.switch(parameters, "leads", default=True),
        client_id=query.whole_number(parameters, "client_id"),
    )


def _word(words: type[W], parameters: Mapping[str, str], name: str, default: W) -> W:
    value = parameters.get(name, "").strip().lower()
    try:
        return words(value) if value else default
    except ValueError as error:
        raise BadParameter(f"{name} must be one of {', '.join(words)}, such as {name}={default}") from error


async def _answer(request: web.Request, choice: Choice, write: Write) -> web.Response:
    """A list with its age, and an ETag by which a caller sees "nothing new" (RFC 9110, 8.8.3 and 13.1.2).

    A long list takes seconds, so it is written in a thread while calls go on.
    """
    mirror = request.app[MIRROR]
    document = await asyncio.to_thread(write, mirror.snapshot, choice)
    body = document.text.encode("utf-8")
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {LEFT_OUT: str(document.left_out)}
    age_s = mirror.freshness.people_age_s
    if age_s is not None:
        headers[hdrs.AGE] = str(age_s)
    if any(one.value in {tag, "*"} for one in request.if_none_match or ()):
        response = web.Response(status=304, headers=headers)
    else:
        if document.file:
            headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{document.file}"'
        response = web.Response(body=body, content_type=document.content_type, charset="utf-8", headers=headers)
    response.etag = tag
    return response
