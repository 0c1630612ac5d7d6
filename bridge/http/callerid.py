"""Who is calling: ``/callerid?number=…`` and what ``/api.php?cid=…`` answers; ``/explain`` says why.

A call must ring. A phone shows any body as the caller's name, so a body holds the name, or the ``name=`` that
came along, or nothing; what happened stands in the header ``X-Bridge-Result``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web

from bridge import callerid
from bridge.access.keys import Feature, Shown
from bridge.callerid.answer import DENIED, MAX_NUMBER, Answer
from bridge.callerid.attestation import attested
from bridge.errors import BadParameter, FeatureDenied, NotFound, RequestError
from bridge.http import query
from bridge.http.errors import CHALLENGE, MAX_REASON, NO_STORE, NOSNIFF, REASON
from bridge.http.front import Shortcut
from bridge.http.keys import require, secret
from bridge.http.operations import JSON, TEXT, Described, Operation, Parameter, asked, one_of
from bridge.http.state import IN_USE, KEYS, MIRROR, PEOPLE
from bridge.http.unreadable import RESULT, http_date

routes = web.RouteTableDef()

PLAIN = "text/plain; charset=utf-8"
HASH = "application/x-www-form-urlencoded"


class Form(StrEnum):
    """How an answer is written."""

    TEXT = "text"
    JSON = "json"
    HASH = "hash"


_NUMBER = Parameter("The caller's number as the phone system sends it.")
_VERSTAT = Parameter("What the network says of the number (RFC 8224): TN-Validation-Passed, ….")
CALLERID = Operation(
    "Who is calling; a refused key gives an answer without a name, status 401.",
    Feature.CALLERID,
    {
        "number": _NUMBER,
        "format": one_of("How the answer is written; hash is for Asterisk's HASH().", Form, Form.TEXT),
        "verstat": _VERSTAT,
        "name": Parameter("What to show where ITFlow's name is not certain; the last parameter."),
    },
    gives={TEXT: str, JSON: dict[str, Any], HASH: str},
    statuses=(200, 401),
    others=True,
)
EXPLAIN = Operation(
    "Every step of a lookup.",
    Feature.ADMIN,
    {
        "number": replace(_NUMBER, required=True),
        "as": Parameter("The name of a key, to see what it would be told."),
        "verstat": _VERSTAT,
    },
    gives={JSON: callerid.Explanation},
)
DESCRIBED: Described = {("GET", "/callerid"): CALLERID, ("GET", "/explain"): EXPLAIN}

# With one of these, a request asks for more than a name.
_LONGER = frozenset({"format", "incoming_call"})
_PROTECTED = dict([NOSNIFF, NO_STORE])
_DOORS = {"/api.php": "cid", "/callerid": "number"}


def legacy_cid(request: web.Request, parameters: Mapping[str, str]) -> web.Response:
    """The whole answer of ``/api.php?cid=…`` from the request's query, its key included; never raises."""
    return _text(_answer(request.app, parameters, "cid", secret(request, parameters), request.remote))


def shortcut(app: web.Application) -> Shortcut:
    """Answers ``/api.php?cid=`` and ``/callerid`` as text, for a key in the query, before a request is made.

    Whatever else a request may be is left to the application.
    """

    def answer(target: str, remote: str | None) -> bytes | None:
        path, _, raw = target.partition("?")
        parameter = _DOORS.get(path)
        if parameter is None:
            return None
        parameters = query.read(raw)
        if parameter not in parameters or "api_key" not in parameters or not parameters.keys().isdisjoint(_LONGER):
            return None
        return _octets(_answer(app, parameters, parameter, parameters["api_key"], remote))

    return answer


async def as_it_comes(_request: web.Request) -> None:
    """Answers whatever ``Expect:`` asks for (aiohttp would refuse with 417)."""


@routes.get("/callerid", expect_handler=as_it_comes)
async def named(request: web.Request) -> web.Response:
    """The name of ``number``: ``format=text`` (the default), ``json`` or ``hash``; ``name`` comes last.

    ``verstat`` says whether the network vouches for the number; see ``callerid.attestation``.
    """
    parameters = query.read(request.rel_url.raw_query_string)
    render = FORMATS.get(parameters.get("format", ""), _text)
    key_secret = secret(request, parameters)
    answer = _answer(request.app, parameters, "number", key_secret, request.remote, with_facts=render is not _text)
    return render(answer._replace(facts={**answer.facts, "attestation": attested(parameters.get("verstat", ""))}))


@routes.get("/explain")
async def explained(request: web.Request) -> web.Response:
    """Every step of a lookup of ``number``, as the key named ``as`` would have it; for admins.

    Raises:
        BadParameter: There is no number.
        NotFound: There is no such key.
        FeatureDenied: That key sees more clients than the one that asks.
        NotReady: There is no mirror yet.
    """
    key = require(request, Feature.ADMIN)
    parameters = asked(request, EXPLAIN)
    if "number" not in parameters:
        raise BadParameter("Say which number: /explain?number=…")
    if "as" in parameters:
        found = next((one for one in request.app[KEYS].all() if one.name == parameters["as"]), None)
        if found is None:
            raise NotFound("There is no key of that name; see: itflow-bridge keys list")
        if key.clients is not None and (found.clients is None or not found.clients <= key.clients):
            raise FeatureDenied(f"The key {found.name} sees more clients than the key {key.name}.")
        key = found
    url = request.app[IN_USE].settings.itflow.url
    explanation = callerid.explain(
        request.app[MIRROR].snapshot,
        key,
        parameters["number"][:MAX_NUMBER],
        itflow_url=str(url or ""),
        attestation=attested(parameters.get("verstat", "")),
    )
    return web.json_response(asdict(explanation))


def _answer(
    app: web.Application,
    parameters: Mapping[str, str],
    number_parameter: str,
    key_secret: Shown,
    remote: str | None,
    *,
    with_facts: bool = False,
) -> Answer:
    """Find the key and ask the one rule; a fault is an answer too."""
    began = time.perf_counter()
    fallback, number = parameters.get("name", ""), parameters.get(number_parameter, "")
    try:
        key = app[KEYS].open(key_secret, Feature.CALLERID, remote)
    except RequestError as error:
        return callerid.denied(str(error), fallback, number=number, began=began)
    except Exception as error:  # noqa: BLE001 - a call must ring, whatever is wrong here
        return callerid.failed(error, fallback, number=number, began=began)
    return callerid.answer(
        app[MIRROR],
        key,
        number,
        fallback,
        with_facts=with_facts,
        began=began,
        extension_of=app[PEOPLE].extension_of if with_facts and PEOPLE in app else callerid.nobody,
    )


def _status(answer: Answer) -> int:
    """200, or 401 where the key does not fit."""
    return 401 if answer.result == DENIED else 200


def _facts(answer: Answer) -> dict[str, Any]:
    """All that is known, flat but for ``candidates``."""
    return {
        **answer.facts,
        "result": answer.result,
        "name": answer.name,
        "age_s": answer.age_s,
        "reason": answer.reason,
    }


def _headers(answer: Answer, content_type: str) -> dict[str, str]:
    headers = {hdrs.CONTENT_TYPE: content_type, RESULT: answer.result, **_PROTECTED}
    if answer.age_s is not None:
        headers[hdrs.AGE] = str(answer.age_s)
    if answer.reason:
        headers[REASON] = callerid.safe(answer.reason, MAX_REASON, ascii_language="")
    if _status(answer) == 401:
        headers[hdrs.WWW_AUTHENTICATE] = CHALLENGE
    return headers


def _text(answer: Answer) -> web.Response:
    return web.Response(status=_status(answer), body=answer.name.encode(), headers=_headers(answer, PLAIN))


def _octets(answer: Answer) -> bytes:
    """What ``_text`` becomes on the wire."""
    body = answer.name.encode()
    headers = {**_headers(answer, PLAIN), hdrs.CONTENT_LENGTH: str(len(body)), hdrs.DATE: http_date()}
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    status = "401 Unauthorized" if _status(answer) == 401 else "200 OK"
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


def _json(answer: Answer) -> web.Response:
    response = web.json_response(_facts(answer), status=_status(answer))
    response.headers.update(_headers(answer, "application/json; charset=utf-8"))
    return response


def _hash(answer: Answer) -> web.Response:
    """Pairs for Asterisk's ``CURLOPT(hashcompat)=yes``: percent-encoded, flags as 1 or empty."""
    facts = {name: value for name, value in _facts(answer).items() if name != "candidates"}
    # For URIDECODE(): names whole, whatever is in them.
    facts |= {"name_uri": quote(answer.name, safe=""), "client_uri": quote(facts.get("client") or "", safe="")}
    facts["agent_uri"] = quote(facts.get("agent") or "", safe="")
    pairs = "&".join(f"{name}={_hash_value(value)}" for name, value in facts.items())
    headers = _headers(answer, HASH)
    return web.Response(status=_status(answer), body=pairs.encode(), headers=headers)


def _hash_value(value: object) -> str:
    if value is None or value is False:
        return ""
    return "1" if value is True else quote(str(value).translate(_COUNTED), safe="")


# HASH() counts brackets and takes quotation marks and backslashes for its own: an odd one would swallow every fact
# behind it (Asterisk, main/app.c, __ast_app_separate_args). So these stay encoded there.
_COUNTED = str.maketrans({character: quote(character, safe="") for character in '()[]"\\'})

FORMATS: Mapping[str, Callable[[Answer], web.Response]] = {Form.TEXT: _text, Form.JSON: _json, Form.HASH: _hash}
