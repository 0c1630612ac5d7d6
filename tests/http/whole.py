"""The whole bridge on a loopback port, as ``serve`` runs it, in front of an ITFlow that does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

from bridge import service
from bridge.access.keys import Feature, Keys, Options
from bridge.directory.mirror import Mirror
from bridge.http import callerid
from bridge.http.front import listening
from bridge.http.state import MIRROR
from bridge.settings import AgiSection, HttpSection, ItflowSection, Settings, StorageSection
from bridge.storage import Database
from tests.callerid.people import SNAPSHOT
from tests.http.callerid_desk import ADMIN, SECRET, Desk

FAR = "far-secret-far-secret-far-secret"  # for 203.0.113.0/24


@asynccontextmanager
async def whole(folder: Path, section: HttpSection | None = None) -> AsyncIterator[Desk]:
    """Serve everything, for the keys ``pbx`` (everyday), ``far`` (from there only) and ``boss`` (all)."""
    settings = Settings(
        itflow=ItflowSection.model_validate({"url": "http://127.0.0.1:9", "api_key": "none"}),
        storage=StorageSection(path=folder / "bridge.db"),
        http=section or HttpSection(host="127.0.0.1", port=0),
        agi=AgiSection(enabled=False),
    )
    database = Database(settings.storage.path)
    keys = Keys(database, settings)
    keys.add("pbx", Options(), secret=SECRET)
    keys.add("far", Options(networks=(ip_network("203.0.113.0/24"),)), secret=FAR)
    keys.add("boss", Options(features=frozenset(Feature)), secret=ADMIN)
    database.close()
    app = service.make_app(settings)
    app[MIRROR] = Mirror(SNAPSHOT)
    async with listening(app, settings.http, callerid.shortcut(app)) as (_, port):
        yield Desk(app, port, asyncio.Event())
