"""*Outbox*: what is on its way to ITFlow; *Health*: the mirror, its doubts, keys, phones; *Set-up*: lines to paste."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial

from aiohttp import web

from bridge.access.key import Feature, Options
from bridge.access.setup import SYSTEMS, Place, system
from bridge.directory.entries import covers
from bridge.errors import BadParameter, NotFound
from bridge.http.phonebook import BOOKS, PHONES
from bridge.http.proxies import PREFIX
from bridge.http.state import KEYS, MIRROR, PEOPLE, SETTINGS, STORAGE, WATCH
from bridge.ldap.setup import SUFFIX, over_ldap, recipes
from bridge.outbox.journal import Journal, JournalEntry
from bridge.page import render
from bridge.page.door import RIGHTS, Visitor, form, shown, view

routes = web.RouteTableDef()

SHOWN = 200
# Which right shows which entries of the journal.
OF_KIND = {"asset": "assets", "contact": "contacts", "ticket": "tickets", "note": "tickets"}


@routes.get("/page/outbox")
@view(Feature.ASSETS)
async def outbox(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """The newest writes and what became of them."""
    entries = await request.app[STORAGE].run(partial(Journal(request.app[STORAGE]).entries, None, 5 * SHOWN))
    snapshot = request.app[MIRROR].current
    mine = [one for one in entries if _may_see(seen, one)][:SHOWN]
    clients = {one.client_id: snapshot.client(one.client_id) if snapshot else None for one in mine}
    return shown(request, seen, "outbox.html", title="Outbox", entries=mine, clients=clients)


@routes.post("/page/outbox/retry")
@form(Feature.ASSETS)
async def retry(request: web.Request, seen: Visitor, fields: Mapping[str, str]) -> web.StreamResponse:
    """Try a write again that ITFlow has refused."""
    text = fields.get("id", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadParameter("id must be the number of an entry")
    database = request.app[STORAGE]
    journal = Journal(database)
    entry = await database.run(partial(journal.get, int(text)))
    if not _may_see(seen, entry):
        raise NotFound(f"There is no journal entry {entry.id}.")
    await database.run(partial(journal.retry, [entry.id]))
    return render.elsewhere(request, "/page/outbox")


@routes.get("/page/health")
@view(Feature.ADMIN)
async def health(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """Whether all is well, and who uses the bridge."""
    app = request.app
    keys, database = app[KEYS], app[STORAGE]
    return shown(
        request,
        seen,
        "health.html",
        title="Health",
        mirror=app[MIRROR].status(),
        fault=app[WATCH].fault,
        keys=keys.all(),
        unreadable=keys.unreadable,
        uses=await database.run(keys.uses.all),
        phones=await database.run(app[PHONES].all),
        outbox=await database.run(Journal(database).counts),
        people=[(person, app[RIGHTS].of(person.name)) for person in app[PEOPLE].all()],
        settings=app[SETTINGS],
        accepted="accepted" in request.query,
    )


# Every form is called alike.
@routes.post("/page/health/accept")
@form(Feature.ADMIN)
async def accept(request: web.Request, seen: Visitor, fields: Mapping[str, str]) -> web.StreamResponse:  # noqa: ARG001
    """Believe what ITFlow shows, also where it was doubted."""
    request.app[MIRROR].accept()
    return render.elsewhere(request, "/page/health?accepted=1")


@routes.get("/page/setup")
@view(Feature.ADMIN)
async def setup(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """Every phone system and phone, to choose from."""
    return _setup(request, seen)


@routes.post("/page/setup")
@form(Feature.ADMIN)
async def set_up(request: web.Request, seen: Visitor, fields: Mapping[str, str]) -> web.StreamResponse:
    """Make a key for one of them, and show the lines to paste: this once, since the secret is not kept."""
    app = request.app
    name = fields.get("system", "")
    chosen = over_ldap(name, app[SETTINGS].ldap) or system(name, app[BOOKS].formats)
    key_name = (fields.get("name") or name).strip()
    options = Options(chosen.features)
    secret = await app[STORAGE].run(partial(app[KEYS].add, key_name, options))
    settings = app[SETTINGS]
    here = f"{request.scheme}://{request.host}{request.get(PREFIX, '')}"
    base = str(settings.http.public_url or here).rstrip("/")
    itflow = str(settings.itflow.url or "").rstrip("/")
    host = request.url.host or "127.0.0.1"
    lines = chosen.text(Place(base, f"{host}:{settings.agi.port}", secret, itflow, secrets.token_urlsafe(24)))
    return _setup(request, seen, name=name, key=key_name, lines=lines)


def _setup(request: web.Request, seen: Visitor, *, name: str = "", key: str = "", lines: str = "") -> web.Response:
    return shown(
        request,
        seen,
        "setup.html",
        title="Set-up",
        systems=list(SYSTEMS),
        ldap=[(f"{maker}{SUFFIX}", recipe.title) for maker, recipe in recipes().items()],
        formats=sorted(request.app[BOOKS].formats, key=lambda one: one.title.casefold()),
        chosen=name,
        key=key,
        lines=lines,
    )


def _may_see(seen: Visitor, entry: JournalEntry) -> bool:
    return seen.may(OF_KIND.get(entry.kind)) and covers(seen.rights.clients, entry.client_id)
