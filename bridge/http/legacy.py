"""``/api.php``: every question that ITFlow's old script answered, in every spelling it had since 2019.

A request asks one thing. Parameters may be empty or without ``=``, stand in any order, and unknown ones are
passed over. The first row of ``QUESTIONS`` whose parameter is there decides.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple

from aiohttp import hdrs, web

from bridge import accounts
from bridge.access.caller import looked_up
from bridge.access.keys import Feature, Key
from bridge.callerid.answer import MAX_NUMBER
from bridge.callerid.attestation import attested
from bridge.calls.push.announced import announced
from bridge.errors import BadParameter, StorageError
from bridge.http import query
from bridge.http.assets import legacy_add
from bridge.http.callerid import as_it_comes, legacy_cid
from bridge.http.keys import require, require_with_body
from bridge.http.mailing import legacy_list
from bridge.http.phonebook import LEGACY, book_response
from bridge.http.state import BOOK, MIRROR

log = logging.getLogger(__name__)
routes = web.RouteTableDef()

Parameters = Mapping[str, str]


class OldQuestion(NamedTuple):
    """What a parameter asks for, the feature that a key must open for it, and whether something is written."""

    feature: Feature
    answer: Callable[[web.Request, Key, Parameters], Awaitable[web.StreamResponse]]
    writes: bool = False


async def _incoming_call(request: web.Request, key: Key, parameters: Parameters) -> web.Response:
    """An empty answer, always; the call log is a courtesy that no call waits for in vain."""
    # It is shown on a terminal later, where control characters would be obeyed.
    number = "".join(filter(str.isprintable, parameters.get("cid", "")[:MAX_NUMBER]))
    event = announced(number, parameters.get("linkedid", ""), attested(parameters.get("verstat", "")))
    try:
        await request.app[BOOK].take([event], key=key.name, who=looked_up(request.app[MIRROR], key))
    except StorageError as error:
        log.warning("A call could not be noted in the call log: %s", error)
    return web.Response()


async def _phonebook(request: web.Request, key: Key, parameters: Parameters) -> web.StreamResponse:
    return await book_response(request, key, LEGACY, parameters)


async def _list(request: web.Request, key: Key, _parameters: Parameters, *, name: str) -> web.Response:
    return await legacy_list(request, key, name)


async def _balance(request: web.Request, key: Key, parameters: Parameters, *, name: str) -> web.Response:
    mirror = request.app[MIRROR]
    client_id = query.whole_number(parameters, name)
    if client_id is None:
        raise BadParameter(f"{name} must be the id of a client, such as {name}=1")
    statement = accounts.current(mirror, client_id, key.clients)
    age_s = mirror.freshness.money_age_s or 0
    return web.Response(text=statement.as_text(), headers={hdrs.AGE: str(age_s)})


async def _add_asset(request: web.Request, key: Key, parameters: Parameters) -> web.Response:
    return await legacy_add(request, key, parameters)


QUESTIONS: Mapping[str, OldQuestion] = {
    "incoming_call": OldQuestion(Feature.CALLS, _incoming_call, writes=True),
    "phonebook": OldQuestion(Feature.PHONEBOOK, _phonebook),
    "client_emails": OldQuestion(Feature.EMAILS, partial(_list, name="client_emails")),
    "primary_contact_emails": OldQuestion(Feature.EMAILS, partial(_list, name="primary_contact_emails")),
    "client_numbers": OldQuestion(Feature.NUMBERS, partial(_list, name="client_numbers")),
    "primary_contact_numbers": OldQuestion(Feature.NUMBERS, partial(_list, name="primary_contact_numbers")),
    "add_asset": OldQuestion(Feature.ASSETS, _add_asset, writes=True),
    "account_balance": OldQuestion(Feature.BALANCE, partial(_balance, name="account_balance")),
    "client_id": OldQuestion(Feature.BALANCE, partial(_balance, name="client_id")),
}


@routes.get("/api.php", expect_handler=as_it_comes)
@routes.get("/{slashes:/+}api.php", expect_handler=as_it_comes)
async def asked(request: web.Request) -> web.StreamResponse:
    """Answer one question; ``cid`` comes first, for its caller waits.

    ``name`` with no question is a lost ``cid``: a phone would show what is wrong with it as the caller's name.
    """
    parameters = query.read(request.rel_url.raw_query_string)
    lost = "name" in parameters and QUESTIONS.keys().isdisjoint(parameters)
    if lost or ("cid" in parameters and "incoming_call" not in parameters):
        return legacy_cid(request, parameters)
    return await _answered(request, parameters)


@routes.post("/api.php")
async def written(request: web.Request) -> web.StreamResponse:
    """Add an asset; its fields may stand in the query or in the body, a form or JSON."""
    asked_for = query.read(request.rel_url.raw_query_string)
    if "cid" in asked_for and "add_asset" not in asked_for:
        return legacy_cid(request, asked_for)  # a phone shows any body, also the one that says what POST is for
    key, _, body = await require_with_body(request, Feature.ASSETS)
    parameters = {**body, **asked_for}
    if "add_asset" not in parameters:
        raise BadParameter("POST is for add_asset=NAME&client_id=ID; ask everything else with GET.")
    return await _add_asset(request, key, parameters)


async def _answered(request: web.Request, parameters: Parameters) -> web.StreamResponse:
    for name, question in QUESTIONS.items():
        if name in parameters:
            key = require(request, question.feature, parameters)
            if question.writes and request.method == hdrs.METH_HEAD:
                raise web.HTTPMethodNotAllowed(request.method, (hdrs.METH_GET, hdrs.METH_POST))
            return await question.answer(request, key, parameters)
    require(request, None, parameters)
    raise BadParameter(f"Ask for one of: cid=NUMBER, {', '.join(QUESTIONS)}. See docs/api.md for each.")
