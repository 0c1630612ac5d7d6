"""A simulated ITFlow: assets of one table, which does late what it was asked, or does it and does not say so.

It behaves as recorded: a lock lets reads pass or nothing, writes queue and happen when it goes, whoever has left;
``assets/delete`` says that it failed when it has deleted; ``asset_updated_at`` is set by every change.
"""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import SimpleNamespace

import aiohttp

PROXY_S = 6
STUCK_S = 40


class Violation(AssertionError):
    """Something that must never happen."""


class Fate(StrEnum):
    """What becomes of a request."""

    FINE = "fine"
    NO_CONNECTION = "no connection"
    DROPPED = "dropped before it was done"
    FATAL = "empty 500, nothing done"
    FATAL_DONE = "empty 500, but done"
    UNANSWERED = "done, the answer is lost"
    STUCK = "the connection is cut, and it is done much later"
    GATEWAY = "a proxy's 504, and it is done whenever it can be"


@dataclass
class Asset:
    """A row, and what the simulation knows of it."""

    row: dict[str, str | None]
    by_bridge: bool
    touched_s: float | None = None


class Itflow:
    """The server; its work goes on when the caller is gone.

    Attributes:
        assets: By id.
        trouble: How likely a request meets another fate than it should.
        under_way: Requests that may still write.
        removed: Ids that people have removed.
        told: Ids that callers were told.
    """

    def __init__(self, loop, rng, clients):
        self._loop = loop
        self._rng = rng
        self._clients = clients
        self._last_id = 0
        self._unlocked = asyncio.Event()
        self.assets = {}
        self.lock = ""
        self.trouble = 0.0
        self.under_way = 0
        self.removed = set()
        self.told = set()
        self.set_lock("")

    def set_lock(self, lock):
        """``READ``, ``WRITE`` or nothing."""
        self.lock = lock
        if lock:
            self._unlocked.clear()
        else:
            self._unlocked.set()

    def insert(self, columns, *, by_bridge):
        """Add a row."""
        self._last_id += 1
        row = {"asset_id": str(self._last_id), "asset_updated_at": None, "asset_archived_at": None} | columns
        self.assets[self._last_id] = Asset(row, by_bridge)
        return self._last_id

    def touch(self, asset_id):
        """Somebody changes a row."""
        asset = self.assets[asset_id]
        asset.touched_s = self._loop.time()
        asset.row["asset_updated_at"] = "2026-11-27 12:00:00"

    async def ask(self, looks, path, query, body):
        """One exchange: status and text, or an exception of aiohttp."""
        fate = Fate.FINE
        if self._rng.random() < self.trouble:
            fate = self._rng.choice(list(Fate))
        if fate is Fate.NO_CONNECTION:
            raise aiohttp.ConnectionTimeoutError
        answered = self._loop.create_future()
        self._loop.start(None, self._work(fate, answered, (looks, self._loop.time()), path, dict(body or query)))
        return await answered

    async def _work(self, fate, answered, looks, path, fields):
        writes = not path.endswith("read.php")
        self.under_way += writes
        if fate in {Fate.STUCK, Fate.GATEWAY}:
            after_s = PROXY_S if fate is Fate.GATEWAY else self._rng.uniform(0, 5)
            self._loop.call_later(after_s, self._cut, fate, answered)
        try:
            await asyncio.sleep(self._rng.uniform(0, STUCK_S) if fate is Fate.STUCK else self._rng.expovariate(20))
            while self.lock == "WRITE" or (self.lock and writes):
                await self._unlocked.wait()
            if fate is Fate.DROPPED:
                return self._cut(fate, answered)
            status, text = (500, "") if fate is Fate.FATAL else (200, self._do(path, fields, looks))
        finally:
            self.under_way -= writes
        await asyncio.sleep(self._rng.expovariate(20))
        if fate is Fate.UNANSWERED:
            self._cut(fate, answered)
        elif not answered.done():
            answered.set_result((500, "") if fate is Fate.FATAL_DONE else (status, text))
        return None

    def _cut(self, fate, answered):
        if answered.done():
            return
        if fate is Fate.GATEWAY:
            answered.set_result((504, "<html>504 Gateway Time-out</html>"))
        else:
            answered.set_exception(aiohttp.ServerDisconnectedError())

    def _do(self, path, fields, looks):
        match path:
            case "clients/read.php":
                found = [{"client_id": str(one), "client_archived_at": None} for one in self._clients]
                return _rows([row for row in found if row["client_id"] == fields["client_id"]])
            case "assets/read.php":
                if "asset_id" not in fields:
                    looks[0]["last_s"] = self._loop.time()
                wanted = {name: fields[name] for name in ("asset_id",) if name in fields}
                if "client_id" in fields:
                    wanted["asset_client_id"] = fields["client_id"]
                rows = [asset.row for _, asset in sorted(self.assets.items())]
                rows = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
                first = int(fields.get("offset", 0))
                return _rows(rows[first : first + int(fields.get("limit", 50))])
            case "assets/create.php":
                columns = {name: str(value) for name, value in fields.items() if name.startswith("asset_")}
                columns["asset_client_id"] = str(fields["client_id"])
                return json.dumps(
                    {"success": "True", "count": "1", "data": [{"insert_id": self.insert(columns, by_bridge=True)}]}
                )
            case "assets/delete.php":
                self._delete(int(fields["asset_id"]), *looks)
                return json.dumps({"success": "False", "message": "Auth success but delete query failed"})
        raise Violation(f"nobody asks for {path}")

    def _delete(self, asset_id, looks, asked_s):
        asset = self.assets.pop(asset_id, None)
        if asset is None:
            return
        if not asset.by_bridge:
            raise Violation(f"asset {asset_id} was made by hand, and is removed")
        if asset.touched_s is not None and asset.touched_s < looks["last_s"] <= asked_s:
            raise Violation(f"asset {asset_id} was changed before the last look, and is removed")
        if asset_id in self.told:
            raise Violation(f"asset {asset_id} was told to a caller, and is removed")


def _rows(rows):
    if not rows:
        text = "No resource (for this client and company) with the specified parameter(s)."
        return json.dumps({"success": "False", "message": text})
    return json.dumps({"success": "True", "count": len(rows), "data": rows})


class Session:
    """Stands where the bridge has its ``aiohttp.ClientSession``: everything above it is the bridge's own."""

    def __init__(self, itflow):
        self._itflow = itflow
        self._looks = {"last_s": 0.0}

    @asynccontextmanager
    async def request(self, method, url, *, params, json, headers, allow_redirects, timeout):  # noqa: ASYNC109 - aiohttp's
        assert headers
        assert (method == "GET") == url.path.endswith("read.php")
        assert not allow_redirects
        path = url.path.removeprefix("/api/v1/")
        query = {name: str(value) for name, value in params.items()} if params else {}
        async with asyncio.timeout(timeout.total):
            status, text = await self._itflow.ask(self._looks, path, query, json)

        async def chunks():
            yield text.encode()

        yield SimpleNamespace(
            status=status,
            content_type="application/json" if text.startswith("{") else "text/html",
            headers={},
            content=SimpleNamespace(iter_any=chunks),
        )
