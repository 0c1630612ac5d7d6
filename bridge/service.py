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

from bridge.access.calls import CallLog
from bridge.access.keys import Keys
from bridge.agi.features import features
from bridge.agi.server import listening as agi_listening
from bridge.directory.mirror import Mirror
from bridge.directory.process import following
from bridge.errors import SettingsError
from bridge.http import accounts, assets, callerid, errors, health, legacy, mailing, openapi, phonebook, proxies
from bridge.http.carddav import door as carddav
from bridge.http.front import listening
from bridge.http.state import CALLS, DELIVERER, ITFLOW, KEYS, MIRROR, SETTINGS, STORAGE, WATCH
from bridge.http.tls import certified
from bridge.itflow.client import connected
from bridge.ldap.server import listening as ldap_listening
from bridge.outbox.delivery import Deliverer, delivering
from bridge.outbox.journal import Journal
from bridge.settings import Settings
from bridge.storage import Database, Watch, rescue

log = logging.getLogger(__name__)

DOORS = (callerid, legacy, phonebook, accounts, mailing, assets, health, openapi, carddav)
MAX_BODY_BYTES = 64 * 1024
NOTHING: Mapping[web.AppKey[Any], object] = {}


def make_app(settings: Settings, given: Mapping[web.AppKey[Any], object] = NOTHING) -> web.Application:
    """The bridge as an aiohttp application; what it needs lives as long as the application runs.

    Args:
        settings: See there.
        given: Parts that are there already, by their keys of ``http.state``; the others are made from the settings.
            Tests give a mirror or keys of their own; their lifetimes stay theirs.
    """
    middlewares = [errors.rendered, proxies.believed(settings.http)]
    app = web.Application(middlewares=middlewares, client_max_size=MAX_BODY_BYTES)
    app.on_response_prepare.append(errors.protected)
    app[SETTINGS] = settings
    for key, part in given.items():
        app[key] = part
    for door in DOORS:
        app.add_routes(door.routes)
    app.cleanup_ctx.extend(lifetime for key, lifetime in LIFETIMES.items() if key not in given)
    app.cleanup_ctx.extend([phonebook.keep_books, carddav.keep_cards, _agi, _ldap])
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


async def run(settings: Settings, started: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; then requests finish and the state is stored.

    Args:
        settings: See there.
        started: Told the address once the door is open.

    Raises:
        SettingsError: ITFlow's address or key is not set, or the address to listen on cannot be had.
        StorageError: ``bridge.db`` cannot be opened.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Before the door opens: whoever is told the address may end the service at once.
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with serving(make_app(settings)) as url:
        started(url)
        await stop.wait()


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


async def _calls(app: web.Application) -> AsyncIterator[None]:
    app[CALLS] = CallLog(app[STORAGE])
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
    async with following(app[SETTINGS], app[MIRROR], app[WATCH]):
        yield


async def _delivery(app: web.Application) -> AsyncIterator[None]:
    # Its own connection: a promise must survive power loss, and waits for no other writer of this process.
    database = Database(app[SETTINGS].storage.path, durable=True)
    deliverer = Deliverer(Journal(database), app[ITFLOW], app[MIRROR], app[SETTINGS].assets)
    async with delivering(deliverer) as app[DELIVERER]:
        yield
    database.close()


async def _agi(app: web.Application) -> AsyncIterator[None]:
    section = app[SETTINGS].agi
    async with AsyncExitStack() as stack:
        if section.enabled:
            try:
                parts = features(section, app[KEYS], app[MIRROR], app[ITFLOW], app[STORAGE])
                await stack.enter_async_context(agi_listening(parts))
            except SettingsError as error:
                # Callers over HTTP do not lose their names because a second bridge has the port.
                log.error("%s Only HTTP is answered until the next start.", error)  # noqa: TRY400 - the text says it all
        yield


async def _ldap(app: web.Application) -> AsyncIterator[None]:
    section = app[SETTINGS].ldap
    async with AsyncExitStack() as stack:
        if section.port is not None or section.tls_port is not None:
            try:
                tls = await stack.enter_async_context(certified(app[SETTINGS].http))
                await stack.enter_async_context(ldap_listening(section, app[KEYS], app[MIRROR], tls))
            except SettingsError as error:
                # As above: callers over HTTP do not lose their names.
                log.error("%s LDAP is not answered until the next start.", error)  # noqa: TRY400 - the text says it all
        yield


# Each part and how long it lives, in the order in which they need each other.
LIFETIMES: Final[Mapping[web.AppKey[Any], Callable[[web.Application], AsyncIterator[None]]]] = {
    STORAGE: _storage,
    WATCH: _watch,
    CALLS: _calls,
    KEYS: _keys,
    ITFLOW: _itflow,
    MIRROR: _mirror,
    DELIVERER: _delivery,
}
