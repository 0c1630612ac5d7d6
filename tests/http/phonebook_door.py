"""A real phonebook door on a loopback port."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from bridge.access.keys import Feature, Keys, Options
from bridge.access.phones import Phones
from bridge.clock import Moment
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.http import errors, phonebook
from bridge.http.keys import require
from bridge.http.state import KEYS, MIRROR, SETTINGS, STORAGE
from bridge.settings import Settings
from bridge.storage import Database
from tests.phonebook.people import hostile

KEY = "0123456789abcdef0123456789abcdef"
LIMITED = "client1client1client1client1"
BALANCE_ONLY = "balancebalancebalancebalance"


@dataclass
class Door:
    client: TestClient[web.Request, web.Application]
    app: web.Application
    phones: Phones

    async def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("http") else f"http://127.0.0.1:{self.client.port}{path}"
        async with self.client.session.request(
            method,
            URL(url, encoded=True),
            headers=sent,
            skip_auto_headers=("User-Agent", "Accept-Encoding"),
            allow_redirects=False,
        ) as answer:
            return answer.status, {name.title(): value for name, value in answer.headers.items()}, await answer.read()


@asynccontextmanager
async def open_door(tmp_path: Path) -> AsyncIterator[Door]:
    """A door with a key for everything, one for client 1, and one that opens balances only."""
    settings = Settings.model_validate({"numbers": {"region": "DE"}})
    database = Database(tmp_path / "bridge.db")
    keys = Keys(database, settings)
    keys.add("all", Options(), secret=KEY)
    keys.add("one", Options(clients=frozenset({1}), settings={"phonebook.name_form": "last-first"}), secret=LIMITED)
    keys.add("balance", Options(features=frozenset({Feature.BALANCE})), secret=BALANCE_ONLY)
    app = web.Application(middlewares=[errors.rendered])
    app[SETTINGS] = settings
    app[STORAGE] = database
    app[KEYS] = keys
    app[MIRROR] = Mirror(hostile(), Freshness(people_at=Moment(dt.datetime.now(dt.UTC) - dt.timedelta(seconds=90))))
    app.add_routes(phonebook.routes)
    app.cleanup_ctx.append(phonebook.keep_books)

    async def legacy(request: web.Request) -> web.StreamResponse:
        key = require(request, Feature.PHONEBOOK)
        return await phonebook.book_response(request, key, "legacy", dict(request.query))

    app.router.add_get("/api.php", legacy)
    async with TestClient(TestServer(app)) as client:
        yield Door(client, app, app[phonebook.PHONES])
    database.close()


def show(door: Door, snapshot: Snapshot) -> None:
    door.app[MIRROR].current = snapshot
