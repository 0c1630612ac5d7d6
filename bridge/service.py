"""Everything put together: the only place that knows everyone, and how long each of them lives."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from aiohttp import web
from yarl import URL

from bridge import notify
from bridge.access.background import repeated
from bridge.access.caller import Own, looked_up
from bridge.access.keys import Keys
from bridge.agi.features import features
from bridge.agi.server import listening as agi_listening
from bridge.calls.ami.dial import Originator
from bridge.calls.ami.follow import SOURCE as AMI
from bridge.calls.ami.line import Line
from bridge.calls.book import CallBook
from bridge.calls.people import People
from bridge.controls import log_to_stderr
from bridge.directory.mirror import Mirror
from bridge.directory.process import Follow, following
from bridge.errors import BridgeError, SettingsError
from bridge.followup.colleagues import colleagues, personal_clients
from bridge.followup.following import Followup
from bridge.health import Health
from bridge.http import (
    accounts,
    assets,
    callerid,
    callevents,
    calls,
    errors,
    health,
    legacy,
    mailing,
    openapi,
    phonebook,
    proxies,
    writes,
)
from bridge.http.carddav import door as carddav
from bridge.http.counting import counted
from bridge.http.listening import listening
from bridge.http.state import (
    BOOK,
    DELIVERER,
    FOLLOWUP,
    HEALTH,
    IN_USE,
    ITFLOW,
    KEYS,
    MIRROR,
    PEOPLE,
    PHONE,
    SETTINGS,
    STORAGE,
    WATCH,
)
from bridge.http.tls import certified
from bridge.itflow.client import connected
from bridge.itflow.keyfile import followed
from bridge.ldap.server import listening as ldap_listening
from bridge.metrics import LAG
from bridge.outbox.delivery import Deliverer, delivering
from bridge.outbox.journal import Journal
from bridge.page import serving as page
from bridge.reload import InUse, change
from bridge.settings import Settings
from bridge.storage import Database, Watch, rescue
from bridge.tasks import running

log = logging.getLogger(__name__)

DOORS = (callerid, legacy, phonebook, accounts, mailing, assets, writes, calls, callevents, health, openapi, carddav)
MAX_BODY_BYTES = 64 * 1024
SWEEP_S = 5.0  # between two looks for calls of which nothing more is heard
NOTHING: Mapping[web.AppKey[Any], object] = {}
FOLLOW = web.AppKey("FOLLOW", Follow)


def make_app(settings: Settings, given: Mapping[web.AppKey[Any], object] = NOTHING) -> web.Application:
    """The bridge as an aiohttp application; what it needs lives as long as the application runs.

    Args:
        settings: See there.
        given: Parts that are there already, by their keys of ``http.state``; the others are made from the settings.
            Tests give a mirror or keys of their own; their lifetimes stay theirs.
    """
    middlewares = [errors.rendered, proxies.believed, counted]
    app = web.Application(middlewares=middlewares, client_max_size=MAX_BODY_BYTES)
    app.on_response_prepare.append(errors.protected)
    app[SETTINGS], app[IN_USE] = settings, InUse(settings)
    for key, part in given.items():
        app[key] = part
    for door in DOORS:
        app.add_routes(door.routes)
    app.cleanup_ctx.extend(lifetime for key, lifetime in LIFETIMES.items() if key not in given)
    app.cleanup_ctx.extend([phonebook.keep_books, carddav.keep_cards, _lag, _agi, _ami, _ldap])
    page.add_to(app)
    return app


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Open the door of an application, as its settings say; at the end requests finish.

    Yields:
        The address that is answered.

    Raises:
        SettingsError: The address cannot be listened on, or a certificate is wrong.
    """
    section = app[SETTINGS].http
    async with certified(section) as tls, listening(app, section, callerid.shortcut(app), tls=tls) as (host, port):
        yield str(URL.build(scheme=section.scheme, host=host, port=port))


async def run(settings: Settings, started: Callable[[str], None], read: Callable[[], Settings] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; then requests finish and the state is stored.

    Args:
        settings: See there.
        started: Told the address once the door is open.
        read: Reads the settings anew, on SIGHUP; see ``bridge.reload`` for what takes effect then. None: SIGHUP is
            not listened to.

    Raises:
        SettingsError: ITFlow's address or key is not set, or the address to listen on cannot be had.
        StorageError: ``bridge.db`` cannot be opened.
    """
    stop, again = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    # Before the door opens: whoever is told the address may end the service at once.
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if read is not None:
        loop.add_signal_handler(signal.SIGHUP, again.set)
    app = make_app(settings)
    async with serving(app) as url, notify.watched(), running(_kept_up(app, again, read), "settings"):
        notify.tell(notify.READY, notify.status(f"answers on {url}"))
        started(url)
        await stop.wait()
        notify.tell(notify.STOPPING)


async def _kept_up(app: web.Application, again: asyncio.Event, read: Callable[[], Settings] | None) -> None:
    """Follow the file of ITFlow's key, and read the settings anew whenever that is asked for."""

    async def with_key(key: str) -> None:
        app[ITFLOW].api_key = key
        await app[DELIVERER].hurry()

    while True:
        async with followed(app[IN_USE].settings.itflow, with_key):
            await again.wait()
        again.clear()
        if read is not None:
            notify.tell(notify.reloading())
            await _reload(app, read)
            notify.tell(notify.READY)


async def _reload(app: web.Application, read: Callable[[], Settings]) -> None:
    """Take over changed settings; where they are wrong, nothing changes."""
    try:
        found = await asyncio.to_thread(read)
        found.itflow.require()
        settings, taken, waiting = change(app[IN_USE].settings, found)
        app[KEYS].apply(settings)
        app[ITFLOW].apply(settings.itflow)
        app[FOLLOW].apply(settings)
    except BridgeError as error:
        log.error("The settings of before stay in use: %s", error)  # noqa: TRY400 - the text says it all
        return
    app[IN_USE].settings = settings
    app[HEALTH].apply(settings)
    log_to_stderr(settings.log.level, settings.log.format, calls=settings.log.calls, unhurried=True)
    await app[DELIVERER].hurry()
    log.info("Settings were read anew. Changed: %s.", ", ".join(taken) or "nothing")
    if waiting:
        log.warning("In effect after the next start only: %s.", ", ".join(waiting))


async def _storage(app: web.Application) -> AsyncIterator[None]:
    path = app[SETTINGS].storage.path
    if rescued := await asyncio.to_thread(rescue, path):
        log.error("%s", rescued)
    app[STORAGE] = Database(path)
    yield
    app[STORAGE].close()


async def _watch(app: web.Application) -> AsyncIterator[None]:
    async with Watch.on(app[SETTINGS].storage.path) as app[WATCH]:
        yield


async def _keys(app: web.Application) -> AsyncIterator[None]:
    database, keys = app[STORAGE], Keys(app[STORAGE], app[SETTINGS])
    app[KEYS] = keys

    async def take_over() -> None:
        """What the command line has made or revoked meanwhile."""
        await database.run(keys.load)

    app[WATCH].follow("keys", take_over)
    async with keys.kept_up():
        yield
    app[WATCH].unfollow("keys")


async def _itflow(app: web.Application) -> AsyncIterator[None]:
    async with connected(app[SETTINGS].itflow) as app[ITFLOW]:
        yield


async def _mirror(app: web.Application) -> AsyncIterator[None]:
    app[MIRROR] = Mirror()
    async with following(app[SETTINGS], app[MIRROR], app[WATCH]) as app[FOLLOW]:
        yield


async def _people(app: web.Application) -> AsyncIterator[None]:
    database, people = app[STORAGE], People(app[STORAGE])
    app[PEOPLE] = people
    await database.run(people.load)

    async def take_over() -> None:
        """Whom the command line has added or removed meanwhile."""
        await database.run(people.load)

    app[WATCH].follow("people", take_over)
    yield
    app[WATCH].unfollow("people")


async def _book(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    who = looked_up(app[MIRROR], Own.of(settings))
    async with CallBook.on(app[STORAGE], settings.calls, who) as book, repeated("Lost calls", book.sweep, SWEEP_S):
        app[BOOK] = book
        app[WATCH].follow("calls", book.take_over)
        yield
        app[WATCH].unfollow("calls")


async def _health(app: web.Application) -> AsyncIterator[None]:
    app[HEALTH] = Health(app[SETTINGS], app[MIRROR], app[KEYS], app[WATCH])
    async with app[HEALTH].kept_up():
        yield


async def _lag(_app: web.Application) -> AsyncIterator[None]:
    async with LAG.measured():
        yield


async def _delivery(app: web.Application) -> AsyncIterator[None]:
    # Its own connection: a promise must survive power loss, and waits for no other writer of this process.
    database = Database(app[SETTINGS].storage.path, durable=True)
    async with personal_clients(app[SETTINGS].itflow, app[PEOPLE]) as client_of:
        deliverer = Deliverer(Journal(database), app[ITFLOW], app[MIRROR], app[SETTINGS].assets, client_of=client_of)
        async with delivering(deliverer) as app[DELIVERER]:
            yield
    database.close()


async def _followup(app: web.Application) -> AsyncIterator[None]:
    parts = (app[BOOK], app[STORAGE], app[DELIVERER], app[MIRROR])
    followup = Followup(*parts, colleagues(app[PEOPLE]), app[SETTINGS].tickets)
    async with running(followup.run(), "followup"):
        app[FOLLOWUP] = followup
        yield


async def _agi(app: web.Application) -> AsyncIterator[None]:
    section = app[SETTINGS].agi
    async with AsyncExitStack() as stack:
        if section.enabled:
            try:
                extension_of = app[PEOPLE].extension_of
                parts = features(section, app[KEYS], app[MIRROR], app[ITFLOW], app[STORAGE], extension_of)
                await stack.enter_async_context(agi_listening(parts))
            except SettingsError as error:
                # Callers over HTTP do not lose their names because a second bridge has the port.
                log.error("%s Only HTTP is answered until the next start.", error)  # noqa: TRY400 - the text says it all
        yield


async def _ami(app: web.Application) -> AsyncIterator[None]:
    section, book = app[SETTINGS].ami, app[BOOK]
    async with AsyncExitStack() as stack:
        if section.host is not None:
            try:
                section.require()
            except SettingsError as error:
                log.error("%s Calls are not followed until the next start.", error)  # noqa: TRY400 - as above
            else:
                known = [logged.call for logged in book.now() if logged.call.source == AMI]
                line = Line(section, book.take, known)
                app[PHONE] = Originator(line, section, app[SETTINGS].numbers.region)
                await stack.enter_async_context(running(line.run(), "ami"))
        yield


async def _ldap(app: web.Application) -> AsyncIterator[None]:
    section = app[SETTINGS].ldap
    async with AsyncExitStack() as stack:
        if section.port is not None or section.tls_port is not None:
            try:
                tls = await stack.enter_async_context(certified(app[SETTINGS].http))
                keys, mirror, phones = app[KEYS], app[MIRROR], app[phonebook.PHONES]
                taken = app[SETTINGS].http.max_connections
                await stack.enter_async_context(ldap_listening(section, keys, mirror, phones, tls, taken=taken))
            except SettingsError as error:
                # As above: callers over HTTP do not lose their names.
                log.error("%s LDAP is not answered until the next start.", error)  # noqa: TRY400 - the text says it all
        yield


# Each part and how long it lives, in the order in which they need each other.
LIFETIMES: Final[Mapping[web.AppKey[Any], Callable[[web.Application], AsyncIterator[None]]]] = {
    STORAGE: _storage,
    WATCH: _watch,
    PEOPLE: _people,
    KEYS: _keys,
    ITFLOW: _itflow,
    MIRROR: _mirror,
    BOOK: _book,
    DELIVERER: _delivery,
    FOLLOWUP: _followup,
    HEALTH: _health,
}
