"""A simulated ITFlow of assets, contacts, tickets and replies, which does late what it was asked, or does it unsaid.

It behaves as recorded: a lock lets reads pass or nothing, writes queue and happen when it goes, whoever has left;
``assets/delete`` says that it failed when it has deleted; ``*_updated_at`` is set by every change; a second contact
with an e-mail address is refused; tickets are resolved, never deleted; of replies nothing is taken back.
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


@dataclass(frozen=True)
class Table:
    """What the simulation must know of a module."""

    prefix: str
    name: str
    client: str
    mark: str
    filters: tuple[str, ...]
    undo: str


TABLES = {
    "assets": Table(
        "asset", "asset_name", "asset_client_id", "asset_notes", ("asset_id", "asset_client_id"), "delete"
    ),
    "contacts": Table(
        "contact", "contact_name", "contact_client_id", "contact_notes", ("contact_id", "contact_email"), "delete"
    ),
    "tickets": Table("ticket", "ticket_subject", "ticket_client_id", "ticket_details", ("ticket_id",), "resolve"),
    "ticket_replies": Table(
        "ticket_reply", "ticket_reply", "ticket_client_id", "ticket_reply", ("ticket_reply_ticket_id",), ""
    ),
}


@dataclass
class Stored:
    """A row, and what the simulation knows of it."""

    module: str
    row: dict[str, str | None]
    by_bridge: bool
    touched_s: float | None = None

    @property
    def name(self):
        """What it is called in the journal, or what the note says."""
        return (self.row[TABLES[self.module].name] or "").rpartition("-->")[2]

    @property
    def resolved(self):
        return bool(self.row.get("ticket_resolved_at"))


class Itflow:
    """The server; its work goes on when the caller is gone.

    Attributes:
        rows: By module and id.
        trouble: How likely a request meets another fate than it should.
        under_way: Requests that may still write.
        removed: Names of what people have removed.
        told: Modules and ids that callers were told.
    """

    def __init__(self, loop, rng, clients):
        self._loop = loop
        self._rng = rng
        self._clients = clients
        self._last_ids = dict.fromkeys(TABLES, 0)
        self._unlocked = asyncio.Event()
        self.rows: dict[str, dict[int, Stored]] = {module: {} for module in TABLES}
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

    def insert(self, module, columns, *, by_bridge):
        """Add a row."""
        self._last_ids[module] = row_id = self._last_ids[module] + 1
        prefix = TABLES[module].prefix
        empty = {f"{prefix}_updated_at": None, f"{prefix}_archived_at": None}
        self.rows[module][row_id] = Stored(module, {f"{prefix}_id": str(row_id)} | empty | columns, by_bridge)
        return row_id

    def touch(self, module, row_id):
        """Somebody changes a row."""
        stored = self.rows[module][row_id]
        stored.touched_s = self._loop.time()
        stored.row[f"{TABLES[module].prefix}_updated_at"] = "2026-11-27 12:00:00"

    def all(self):
        """Every row."""
        return [stored for rows in self.rows.values() for _, stored in sorted(rows.items())]

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
        module, _, function = path.removesuffix(".php").partition("/")
        if module == "clients":
            found = [{"client_id": str(one), "client_archived_at": None} for one in self._clients]
            return _rows([row for row in found if row["client_id"] == fields["client_id"]])
        table = TABLES[module]
        if function == "read":
            return self._read(module, table, fields, looks)
        if function == "create":
            return self._create(module, table, fields)
        if function == table.undo:
            self._undo(module, int(fields[f"{table.prefix}_id"]), *looks)
            denied = {"success": "False", "message": "Auth success but delete query failed"}
            return json.dumps(denied if module == "assets" else {"success": "True", "count": 1})
        raise Violation(f"nobody asks for {path}")

    def _read(self, module, table, fields, looks):
        named = {"client_id": table.client, "ticket_id": "ticket_reply_ticket_id"} if module != "tickets" else {}
        wanted = {named.get(name, name): value for name, value in fields.items()}
        wanted = {name: value for name, value in wanted.items() if name in table.filters}
        if f"{table.prefix}_id" not in wanted:
            looks[0]["last_s"] = self._loop.time()
        rows = [stored.row for _, stored in sorted(self.rows[module].items())]
        rows = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
        first = int(fields.get("offset", 0))
        return _rows(rows[first : first + int(fields.get("limit", 50))])

    def _create(self, module, table, fields):
        columns = {name: str(value) for name, value in fields.items() if name.startswith(table.prefix)}
        columns[table.client] = str(fields["client_id"])
        if module == "ticket_replies":
            columns["ticket_reply_ticket_id"] = str(fields["ticket_id"])
        same = ("contact_email", table.client)
        others = self.rows[module].values() if module == "contacts" else ()
        if any(all(other.row[name] == columns[name] for name in same) for other in others):
            return json.dumps({"success": "False", "message": "Auth success but insert query failed"})
        made = self.insert(module, columns, by_bridge=True)
        return json.dumps({"success": "True", "count": "1", "data": [{"insert_id": made}]})

    def _undo(self, module, row_id, looks, asked_s):
        stored = self.rows[module].get(row_id)
        if stored is None or stored.resolved:
            return
        what = f"row {row_id} of {module}"
        if not stored.by_bridge:
            raise Violation(f"{what} was made by hand, and is taken back")
        if stored.touched_s is not None and stored.touched_s < looks["last_s"] <= asked_s:
            raise Violation(f"{what} was changed before the last look, and is taken back")
        if (module, row_id) in self.told:
            raise Violation(f"{what} was told to a caller, and is taken back")
        if module == "tickets":
            stored.row |= {"ticket_resolved_at": "2026-11-27 12:00:00", "ticket_updated_at": "2026-11-27 12:00:00"}
        else:
            del self.rows[module][row_id]


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
