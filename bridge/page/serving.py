"""All routes of the page, and what they need while the application runs."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import ClientSession, web

from bridge import numbers
from bridge.access.rights import Rights
from bridge.access.throttle import Throttle
from bridge.http.state import IN_USE, ITFLOW, MIRROR, SETTINGS, STORAGE, WATCH
from bridge.itflow.capabilities import Generation
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.page import live, log, now, office, render, signin, tools, writing
from bridge.page.assets import ASSETS, PAGE_SIZE, Assets
from bridge.page.door import RIGHTS, SESSIONS
from bridge.page.live import STREAMS, Streams
from bridge.page.sessions import Sessions
from bridge.page.signin import HASHING, MAX_HASHING, THROTTLE
from bridge.page.tools import READING

_PARTS = (now, live, log, tools, office, writing, signin)


def add_to(app: web.Application) -> None:
    """Add the page to an application, if its settings say so."""
    section = app[SETTINGS].page
    if not section.enabled:
        return
    for part in _PARTS:
        app.add_routes(part.routes)
    app[STREAMS] = Streams(section.max_streams)
    app.on_shutdown.append(app[STREAMS].end)
    app[THROTTLE] = Throttle()
    app[HASHING] = asyncio.Semaphore(MAX_HASHING)
    app[READING] = asyncio.Lock()
    app.cleanup_ctx.append(_kept)


async def _kept(app: web.Application) -> AsyncIterator[None]:
    """Sessions and rights, as the command line and other processes change them too."""
    settings, database = app[SETTINGS], app[STORAGE]
    app[SESSIONS] = Sessions(database, dt.timedelta(days=settings.page.session_days))
    app[RIGHTS] = Rights(database, settings)

    async def take_over() -> None:
        await database.run(app[SESSIONS].load)
        await database.run(app[RIGHTS].load)

    await take_over()
    # Both take a tenth of a second, once: not while a caller waits.
    await asyncio.to_thread(render.prepare)
    await asyncio.to_thread(numbers.local_time, "+12065550100", dt.datetime.now(dt.UTC))
    app[WATCH].follow("page", take_over)
    async with open_session() as session:
        app[ASSETS] = Assets(partial(_asking, app, session), partial(_gives_all, app))
        async with app[STREAMS].fed(app):
            yield
    app[WATCH].unfollow("page")


def _asking(app: web.Application, session: ClientSession) -> ItflowClient:
    """Who asks ITFlow for assets, with the key and the address of now.

    Raises:
        SettingsError: ITFlow's address or key is not set.
    """
    section = app[IN_USE].settings.itflow
    url, _ = section.require()
    key = app[ITFLOW].api_key
    return ItflowClient(session, url, key, timeout_s=section.timeout_s, page_size=PAGE_SIZE, attempts=1)


def _gives_all(app: web.Application) -> bool:
    return app[MIRROR].freshness.generation == Generation.FROM_26_08
