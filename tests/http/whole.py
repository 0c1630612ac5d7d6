"""The whole bridge on a loopback port, as ``serve`` runs it, in front of an ITFlow that does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from aiohttp import web
from yarl import URL

from bridge import service
from bridge.access.keys import Feature, Keys, Options
from bridge.directory.mirror import Mirror
from bridge.http.state import MIRROR
from bridge.settings import HttpSection
from bridge.storage import Database
from tests import bridges
from tests.callerid.people import SNAPSHOT
from tests.http.callerid_desk import ADMIN, SECRET, Desk

FAR = "far-secret-far-secret-far-secret"  # for 203.0.113.0/24


@asynccontextmanager
async def whole(
    folder: Path, section: HttpSection | None = None, given: Mapping[web.AppKey[Any], object] = service.NOTHING
) -> AsyncIterator[Desk]:
    """Serve everything, with parts of a test's own.

    Keys are ``pbx`` (everyday), ``far`` (from there only) and ``boss`` (all).
    """
    database = Database(folder / "bridge.db")
    made = bridges.settings(database, **({"http": section.model_dump()} if section else {}))
    keys = Keys(database, made)
    keys.add("pbx", Options(), secret=SECRET)
    keys.add("far", Options(networks=(ip_network("203.0.113.0/24"),)), secret=FAR)
    keys.add("boss", Options(features=frozenset(Feature)), secret=ADMIN)
    database.close()
    app = service.make_app(made, {MIRROR: Mirror(SNAPSHOT), **given})
    async with service.serving(app) as url:
        yield Desk(app, URL(url).port or 0, asyncio.Event())
