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

from bridge.access.keys import Feature, Key, Keys, Options
from bridge.access.phones import Phones
from bridge.clock import Moment
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.http import phonebook
from bridge.http.state import KEYS, MIRROR
from bridge.storage import Database
from tests import bridges
from tests.phonebook.people import hostile

KEY = "0123456789abcdef0123456789abcdef"
LIMITED = "client1client1client1client1"
BALANCE_ONLY = "balancebalancebalancebalance"


@dataclass
class Door:
    client: TestClient[web.Request, web.Application]
    app: web.Application
    phones: Phones

    @property
    def key(self) -> Key:
        """The key for everything."""
        return self.app[KEYS].named("all")

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
    database = Database(tmp_path / "bridge.db")
    made = bridges.settings(database, numbers={"region": "DE"})
    keys = Keys(database, made)
    keys.add("all", Options(), secret=KEY)
    keys.add("one", Options(clients=frozenset({1}), settings={"phonebook.name_form": "last-first"}), secret=LIMITED)
    keys.add("balance", Options(features=frozenset({Feature.BALANCE})), secret=BALANCE_ONLY)
    at = Moment(dt.datetime.now(dt.UTC) - dt.timedelta(seconds=90))
    app = bridges.application(made, database, keys, Mirror(hostile(), Freshness(people_at=at)))
    async with TestClient(TestServer(app)) as client:
        yield Door(client, app, app[phonebook.PHONES])
    database.close()


def show(door: Door, snapshot: Snapshot) -> None:
    door.app[MIRROR].current = snapshot
