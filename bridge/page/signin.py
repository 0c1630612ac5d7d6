"""Signing in, by a link that works once or by a password, and out again.

A link is opened by its page's button, not by its address alone: chat programs and mail filters fetch addresses, and
would use it up. Wrong secrets and passwords are slowed like wrong keys; since people choose passwords, right ones wait
too where wrong ones come from the same address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import NoReturn

from aiohttp import hdrs, web

from bridge.access.throttle import Throttle
from bridge.calls.people import Person
from bridge.errors import BridgeError, KeyWrong, TooMany
from bridge.http import query
from bridge.http.state import PEOPLE, STORAGE
from bridge.page import render
from bridge.page.door import COOKIE, SESSIONS, SIGN_IN, back, cookie_path, failure, form, from_here, shown, visitor

routes = web.RouteTableDef()

THROTTLE = web.AppKey("SIGN_IN_THROTTLE", Throttle)
# A password costs 64 MiB and a core while it is compared; who comes when so many wait is asked to come again.
HASHING = web.AppKey("HASHING", asyncio.Semaphore)
MAX_HASHING = 2
BUSY_S = 2.0


@routes.get(SIGN_IN)
async def ask(request: web.Request) -> web.StreamResponse:
    """The button of a link, or else the form for a password."""
    if link := request.query.get("link", ""):
        return shown(request, None, "link.html", title="Sign in", link=link)
    if visitor(request) is not None:
        return render.elsewhere(request, "/")
    return _form(request, back=request.query.get("back", ""))


@routes.post(SIGN_IN)
async def sign_in(request: web.Request) -> web.StreamResponse:
    """Sign in with a link, or with a name and a password."""
    try:
        from_here(request)
        _not_too_many(request)
        fields = await query.body(request)
        person = await (_linked if fields.get("link") else _checked)(request, fields)
        return await _signed_in(request, person, back(fields, "/"))
    except (KeyWrong, TooMany) as error:
        return _form(request, error=error)
    except BridgeError as error:
        return failure(request, error, None)


# Every form is called alike.
@routes.post("/page/sign-out")
@form(None)
async def sign_out(request: web.Request, seen: object, fields: object) -> web.StreamResponse:  # noqa: ARG001
    """End this browser's session."""
    sessions = request.app[SESSIONS]
    await request.app[STORAGE].run(partial(sessions.close, request.cookies.get(COOKIE, "")))
    response = render.elsewhere(request, SIGN_IN)
    response.del_cookie(COOKIE, path=cookie_path(request))
    return response


async def _linked(request: web.Request, fields: Mapping[str, str]) -> Person:
    person = await request.app[STORAGE].run(partial(request.app[PEOPLE].redeem, fields["link"]))
    return person or _wrong(request)


async def _checked(request: web.Request, fields: Mapping[str, str]) -> Person:
    hashing = request.app[HASHING]
    if hashing.locked():
        raise TooMany(BUSY_S, "Many people sign in at this moment; try again in 2 seconds.")
    async with hashing:
        person = await request.app[PEOPLE].check(fields.get("name", ""), fields.get("password", ""))
    return person or _wrong(request)


async def _signed_in(request: web.Request, person: Person, path: str) -> web.StreamResponse:
    sessions = request.app[SESSIONS]
    secret = await request.app[STORAGE].run(partial(sessions.open, person.name))
    response = render.elsewhere(request, path)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(sessions.lasting.total_seconds()),
        path=cookie_path(request),
        secure=request.scheme == "https",
        httponly=True,
        samesite="Lax",
    )
    return response


def _not_too_many(request: web.Request) -> None:
    if wait_s := request.app[THROTTLE].wait_s(request.remote):
        raise TooMany(wait_s, f"Too many tries came from your address; try again in {wait_s + 1:.0f} seconds.")


def _wrong(request: web.Request) -> NoReturn:
    if wait_s := request.app[THROTTLE].wrong(request.remote):
        raise TooMany(wait_s, f"Too many tries came; try again in {wait_s + 1:.0f} seconds.")
    raise KeyWrong("That is not right, or the link was used already or is older than an hour.")


def _form(request: web.Request, *, error: BridgeError | None = None, back: str = "") -> web.Response:
    response = shown(
        request,
        None,
        "sign-in.html",
        status=error.status if error else 200,
        title="Sign in",
        error=str(error) if error else "",
        back=back,
        anybody=bool(request.app[PEOPLE].all()),
    )
    if isinstance(error, TooMany):
        response.headers[hdrs.RETRY_AFTER] = str(int(error.retry_after_s) + 1)
    return response
