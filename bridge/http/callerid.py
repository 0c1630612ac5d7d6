"""Who is calling: ``/callerid?number=…`` and what ``/api.php?cid=…`` answers; ``/explain`` says why.

A call must ring. A phone shows any body as the caller's name, so a body holds the name, or the ``name=`` that
came along, or nothing; what happened stands in the header ``X-Bridge-Result``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple
from urllib.parse import quote

from aiohttp import hdrs, web
from cachetools import LRUCache
from prometheus_client import Counter

from bridge import callerid, numbers
from bridge.access.keys import Feature, Key
from bridge.callerid import Result
from bridge.callerid.attestation import attested
from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from bridge.errors import BadParameter, FeatureDenied, NotFound, NotReady, RequestError
from bridge.http import query
from bridge.http.errors import CHALLENGE, MAX_REASON, NO_STORE, NOSNIFF, REASON
from bridge.http.faults import place
from bridge.http.front import RESULT, Shortcut, http_date
from bridge.http.keys import require, secret
from bridge.http.state import KEYS, MIRROR, SETTINGS

log = logging.getLogger(__name__)
routes = web.RouteTableDef()

PLAIN = "text/plain; charset=utf-8"
NOTHING: Mapping[str, Any] = {}
MISS = Result.MISS.value
DENIED, FAULT = "denied", "fault"
HOT_NUMBERS = 131_072  # some 60 MB at most
MAX_NUMBER = 128  # characters; what is longer is no number
MAX_FALLBACK = 255

# With one of these, a request asks for more than a name.
_LONGER = frozenset({"format", "incoming_call"})
_PROTECTED = dict([NOSNIFF, NO_STORE])
_DOORS = {"/api.php": "cid", "/callerid": "number"}

_COUNTER = Counter("itflow_bridge_callerid", "Caller-ID lookups by result", ["result"])
_COUNTS = {result: _COUNTER.labels(result) for result in (*map(str, Result), DENIED, FAULT)}


class Names:
    """The names of one snapshot, so that a hot number costs one look-up in a dictionary.

    Args:
        most: So many numbers are remembered, the least recently asked are forgotten first.
    """

    def __init__(self, most: int) -> None:
        self._snapshot: Snapshot | None = None
        self._keys: dict[str, Key] = {}
        # Plain tuples of plain strings: the garbage collector passes over them, however many there are.
        self._hot: LRUCache[tuple[str, str], tuple[str, str, str]] = LRUCache(most)

    def find(self, snapshot: Snapshot, key: Key, number: str) -> tuple[str, str, str]:
        """Result, rule and name for a number and a key."""
        if snapshot is not self._snapshot:
            self._snapshot = snapshot
            self._hot.clear()
        known = self._keys.get(key.name)
        if known is not key:
            # Keys are read again whenever one of them may have changed; most of them have not.
            if known is not None and known != key:
                self._hot.clear()
            self._keys[key.name] = key
        found = self._hot.get((key.name, number))
        if found is None:
            verdict = callerid.lookup(snapshot, key, number)
            found = self._hot[key.name, number] = (verdict.result.value, verdict.rule.value, verdict.name)
        return found


NAMES = web.AppKey("NAMES", Names)


class Answer(NamedTuple):
    """What a lookup came to, for any format.

    Attributes:
        result: A ``Result``, ``denied`` or ``fault``.
        name: The name to show: the caller's, or what the phone system sent along, or nothing.
        rule: The rule that decided.
        reason: Why it was denied or failed.
        known: All facts, where they were wanted.
    """

    result: str
    name: str
    rule: str = ""
    reason: str = ""
    age_s: int | None = None
    known: Mapping[str, Any] = NOTHING

    @property
    def status(self) -> int:
        """200, or 401 where the key does not fit."""
        return 401 if self.result == DENIED else 200

    @property
    def facts(self) -> dict[str, Any]:
        """All that is known, flat but for ``candidates``."""
        return {**self.known, "result": self.result, "name": self.name, "age_s": self.age_s, "reason": self.reason}


def setup(app: web.Application, *, hot_numbers: int = HOT_NUMBERS) -> None:
    """Add the routes, and the numbers that they remember."""
    app[NAMES] = Names(hot_numbers)
    app.add_routes(routes)


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
    return render(answer._replace(known={**answer.known, "attestation": attested(parameters.get("verstat", ""))}))


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
    parameters = query.read(request.rel_url.raw_query_string)
    if "number" not in parameters:
        raise BadParameter("Say which number: /explain?number=…")
    if "as" in parameters:
        found = next((one for one in request.app[KEYS].all() if one.name == parameters["as"]), None)
        if found is None:
            raise NotFound("There is no key of that name; see: itflow-bridge keys list")
        if key.clients is not None and (found.clients is None or not found.clients <= key.clients):
            raise FeatureDenied(f"The key {found.name} sees more clients than the key {key.name}.")
        key = found
    url = request.app[SETTINGS].itflow.url
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
    key_secret: str | None,
    remote: str | None,
    *,
    with_facts: bool = False,
) -> Answer:
    """Find the key, look up, count and log; a fault is an answer too."""
    fallback, number, who = parameters.get("name", ""), parameters.get(number_parameter, ""), ""
    try:
        key = app[KEYS].find(key_secret)
        key.check(Feature.CALLERID, remote)
        who = key.name
        answer = _looked_up(app, key, number, fallback, with_facts=with_facts)
    except RequestError as error:
        answer = Answer(DENIED, _plain(fallback), reason=str(error))
    except Exception as error:  # noqa: BLE001 - a call must ring, whatever is wrong here
        answer = _fault(error, fallback)
    return _counted(answer, number, who)


def _looked_up(app: web.Application, key: Key, number: str, fallback: str, *, with_facts: bool = False) -> Answer:
    mirror = app[MIRROR]
    known: Mapping[str, Any] = NOTHING
    try:
        snapshot = mirror.snapshot
        if with_facts:
            verdict = callerid.lookup(snapshot, key, number[:MAX_NUMBER])
            result, rule, name = verdict.result.value, verdict.rule.value, verdict.name
            known = callerid.facts(snapshot, verdict)
        else:
            result, rule, name = app[NAMES].find(snapshot, key, number[:MAX_NUMBER])
        if result == MISS:
            mirror.nudge()
        if not name and fallback:
            name = _plain(fallback, key)
    except NotReady as error:
        return Answer(FAULT, _plain(fallback, key), reason=str(error))
    except Exception as error:  # noqa: BLE001 - a call must ring, whatever is wrong here
        return _fault(error, fallback)
    return Answer(result, name, rule, age_s=_age_s(mirror), known=known)


def _age_s(mirror: Mirror) -> int | None:
    return mirror.freshness.people_age_s


def _fault(error: Exception, fallback: str) -> Answer:
    # The error's own text may hold the number, so only its kind and place are logged.
    log.error("A lookup failed with %s and was answered without a name:\n%s", type(error).__name__, place(error))
    return Answer(FAULT, _plain(fallback), reason=type(error).__name__)


def _counted(answer: Answer, number: str, key_name: str) -> Answer:
    _COUNTS[answer.result].inc()
    if log.isEnabledFor(logging.DEBUG):
        why = answer.rule or answer.reason
        log.debug("%s for %s by key %s: %s", answer.result, numbers.masked(number), key_name or "-", why)
    return answer


def _plain(fallback: str, key: Key | None = None) -> str:
    return callerid.safe(fallback[: 4 * MAX_FALLBACK], key.callerid.max_chars if key else MAX_FALLBACK)


def _headers(answer: Answer, content_type: str) -> dict[str, str]:
    headers = {hdrs.CONTENT_TYPE: content_type, RESULT: answer.result, **_PROTECTED}
    if answer.age_s is not None:
        headers[hdrs.AGE] = str(answer.age_s)
    if answer.reason:
        headers[REASON] = callerid.safe(answer.reason, MAX_REASON, ascii_language="")
    if answer.status == 401:
        headers[hdrs.WWW_AUTHENTICATE] = CHALLENGE
    return headers


def _text(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.name.encode(), headers=_headers(answer, PLAIN))


def _octets(answer: Answer) -> bytes:
    """What ``_text`` becomes on the wire."""
    body = answer.name.encode()
    headers = {**_headers(answer, PLAIN), hdrs.CONTENT_LENGTH: str(len(body)), hdrs.DATE: http_date()}
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    status = "401 Unauthorized" if answer.status == 401 else "200 OK"
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


def _json(answer: Answer) -> web.Response:
    response = web.json_response(answer.facts, status=answer.status)
    response.headers.update(_headers(answer, "application/json; charset=utf-8"))
    return response


def _hash(answer: Answer) -> web.Response:
    """Pairs for Asterisk's ``CURLOPT(hashcompat)=yes``: percent-encoded, flags as 1 or empty."""
    facts = {name: value for name, value in answer.facts.items() if name != "candidates"}
    # For URIDECODE(): names whole, whatever is in them.
    facts |= {"name_uri": quote(answer.name, safe=""), "client_uri": quote(facts.get("client") or "", safe="")}
    pairs = "&".join(f"{name}={_hash_value(value)}" for name, value in facts.items())
    headers = _headers(answer, "application/x-www-form-urlencoded")
    return web.Response(status=answer.status, body=pairs.encode(), headers=headers)


def _hash_value(value: object) -> str:
    if value is None or value is False:
        return ""
    return "1" if value is True else quote(str(value).translate(_COUNTED), safe="")


# HASH() counts brackets and takes quotation marks and backslashes for its own: an odd one would swallow every fact
# behind it (Asterisk, main/app.c, __ast_app_separate_args). So these stay encoded there.
_COUNTED = str.maketrans({character: quote(character, safe="") for character in '()[]"\\'})

FORMATS: Mapping[str, Callable[[Answer], web.Response]] = {"text": _text, "json": _json, "hash": _hash}
