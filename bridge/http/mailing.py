"""Lists for mailing tools: ``/emails`` and ``/numbers``, and the four old ones of ``/api.php``."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import TypeVar

from aiohttp import hdrs, web

from bridge import mailing
from bridge.access.keys import Feature, Key
from bridge.errors import BadParameter
from bridge.http import query
from bridge.http.keys import require
from bridge.http.state import MIRROR
from bridge.mailing import Addresses, Choice, Recipient, Who

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


@routes.get("/emails")
async def emails(request: web.Request) -> web.Response:
    """E-mail addresses: ``format``, ``who``, ``leads``, ``client_id``.

    ``X-Left-Out`` counts those that are not in the list because they cannot be used; JSON names them.
    """
    key = require(request, Feature.EMAILS)
    parameters = query.read(request.rel_url.raw_query_string)
    form = _word(EmailFormat, parameters, "format", EmailFormat.JSON)
    found = mailing.addresses(request.app[MIRROR].snapshot, _choice(parameters, key))
    if form is EmailFormat.JSON:
        response = web.json_response(_emails_json(found))
    elif form is EmailFormat.CSV:
        response = _csv(mailing.to_csv(found.recipients), "emails.csv")
    else:
        response = web.Response(text=mailing.lines(PLAIN[form](found.recipients)))
    left_out = len(found.invalid) + (len(mailing.formulas(found.recipients)) if form is EmailFormat.CSV else 0)
    response.headers[LEFT_OUT] = str(left_out)
    return _with_age(request, response)


@routes.get("/numbers")
async def numbers(request: web.Request) -> web.Response:
    """Numbers: ``format``, ``who``, ``leads``, ``client_id``."""
    key = require(request, Feature.NUMBERS)
    parameters = query.read(request.rel_url.raw_query_string)
    form = _word(NumberFormat, parameters, "format", NumberFormat.JSON)
    found = mailing.numbers(request.app[MIRROR].snapshot, _choice(parameters, key))
    if form is NumberFormat.JSON:
        response = web.json_response({"numbers": [asdict(one) for one in found]})
    elif form is NumberFormat.CSV:
        response = _csv(mailing.numbers_csv(found), "numbers.csv")
    else:
        response = web.Response(text=mailing.lines(mailing.contact_numbers(found)))
    return _with_age(request, response)


async def legacy_list(request: web.Request, key: Key, name: str) -> web.Response:
    """One of the old lists, as lines of HTML that end in ``<br>``.

    Args:
        request: The request; ``who``, ``leads`` and ``client_id`` narrow or widen the list here too.
        key: Its key, found to open ``emails`` or ``numbers``.
        name: A key of ``LEGACY``.
    """
    parameters = query.read(request.rel_url.raw_query_string)
    texts = LEGACY[name](request, _choice(parameters, key))
    return _with_age(request, web.Response(text=mailing.html_lines(texts), content_type="text/html"))


def _legacy_emails(line: Callable[[tuple[Recipient, ...]], Iterator[str]]) -> Callable[..., Iterator[str]]:
    return lambda request, choice: line(mailing.addresses(request.app[MIRROR].snapshot, choice).recipients)


def _legacy_numbers(line: Callable[[tuple[mailing.Numbers, ...]], Iterator[str]]) -> Callable[..., Iterator[str]]:
    return lambda request, choice: line(mailing.numbers(request.app[MIRROR].snapshot, choice))


# The old lists, by the parameter that asks for them.
LEGACY: Mapping[str, Callable[[web.Request, Choice], Iterator[str]]] = {
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


def _emails_json(found: Addresses) -> dict[str, object]:
    return {"emails": [asdict(one) for one in found.recipients], "invalid": [asdict(one) for one in found.invalid]}


def _csv(text: str, name: str) -> web.Response:
    return web.Response(
        text=text, content_type="text/csv", headers={hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'}
    )


def _with_age(request: web.Request, response: web.Response) -> web.Response:
    """Add how old the list is, and an ETag by which a caller sees "nothing new" (RFC 9110, 8.8.3 and 13.1.2)."""
    body = response.body
    tag = hashlib.sha256(body if isinstance(body, bytes) else b"").hexdigest()[:32]
    response.etag = tag
    age_s = request.app[MIRROR].freshness.people_age_s(dt.datetime.now(dt.UTC))
    if age_s is not None:
        response.headers[hdrs.AGE] = str(age_s)
    if any(one.value in {tag, "*"} for one in request.if_none_match or ()):
        kept = {name: response.headers[name] for name in (hdrs.ETAG, hdrs.AGE, LEFT_OUT) if name in response.headers}
        return web.Response(status=304, headers=kept)
    return response
