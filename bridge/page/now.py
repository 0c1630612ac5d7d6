"""*Now*: who rings, with the cards of the person who looks; click-to-dial; and a caller who becomes a contact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bridge.access.key import Feature
from bridge.calls.rows import Logged
from bridge.errors import BadParameter, NotFound
from bridge.http.errors import asks_for_a_name
from bridge.http.state import BOOK, PHONE
from bridge.page import render
from bridge.page.card import assets, card, part
from bridge.page.door import Visitor, back, form, shown, view
from bridge.page.live import card_html, line_html, may_see

routes = web.RouteTableDef()


@routes.get("/")
async def root(request: web.Request) -> web.StreamResponse:
    """The first view; nothing for a phone system whose path is wrong, which would show the page as a caller's name.

    Raises:
        HTTPNotFound: A phone system asks.
    """
    if asks_for_a_name(request):
        raise web.HTTPNotFound
    return await now(request)


@view(None)
async def now(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """The calls that are up: one's own as cards, the others as lines."""
    if not seen.may(Feature.CALLS):
        return render.elsewhere(request, seen.menu[0][0]) if seen.menu else shown(request, seen, "nothing.html")
    up = request.app[BOOK].now()
    lines = [(one.id, line_html(request.app, one)) for one in up if may_see(seen, one)]
    return shown(request, seen, "now.html", title="Now", lines=lines, **await live_part(request, seen, up))


async def live_part(request: web.Request, seen: Visitor, up: list[Logged]) -> dict[str, Any]:
    """What a view needs that shows one's own calls: their cards, and the change that they are of."""
    after = request.app[BOOK].last
    parts = [(one, mine) for one in up if (mine := part(one, seen.person)) in {"ringing", "calling", "talking"}]
    cards = [card_html(request, seen, await card(request.app, seen, one, mine)) for one, mine in parts]
    return {"cards": cards, "after": after}


@routes.get(r"/page/calls/{row:\d{1,18}}/assets")
@view(Feature.ASSETS)
async def assets_of(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """The assets of a caller, for a card that was shown before they were known; 204 where there are none to tell."""
    logged = await request.app[BOOK].one(int(request.match_info["row"]))
    if not (may_see(seen, logged) or part(logged, seen.person)):
        raise NotFound(f"There is no call {logged.id} in the log.")
    found = await assets(request.app, seen, logged)
    if not found.first:
        return web.Response(status=204, headers=render.HEADERS)
    html = render.text("assets.html", assets=found)
    return web.Response(text=html, content_type="text/html", headers=render.HEADERS)


@routes.post("/page/dial")
@form(Feature.CALLS)
async def dial(request: web.Request, seen: Visitor, fields: Mapping[str, str]) -> web.StreamResponse:
    """Ring one's own phone, then call a number."""
    if PHONE not in request.app:
        raise BadParameter("No phone system dials for the bridge: set ami.host, as docs/calls.md says.")
    if not seen.person.extensions:
        raise BadParameter(
            f"{seen.person.name} has no extension to ring: itflow-bridge people add '{seen.person.name}' --extension …"
        )
    number = fields.get("number", "")
    if not number or len(number) > 40 or not all(c.isdigit() or c in "+*#" for c in number):
        raise BadParameter("number must be a phone number such as +12065550123")
    await request.app[PHONE].dial(seen.person.extensions[0], number, fields.get("name", "")[:60])
    return render.elsewhere(request, back(fields, "/"))


@routes.get("/page/static/{version}/{name}")
async def static(request: web.Request) -> web.StreamResponse:
    """A file of the page: style, script, icon."""
    return render.file(request.match_info["name"])
