"""One run of the sync against a simulated ITFlow whose rows, rights and answers change at any moment.

What must hold after every step: nothing leaves the mirror that ITFlow still has, and in the end both are alike.
"""

import asyncio
import json
import random
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp

from bridge.directory.doubts import judge
from bridge.directory.sync import Sync
from bridge.errors import BridgeError
from bridge.itflow.client import ItflowClient
from bridge.storage import Database
from tests.simulation.itflow import Session, Violation
from tests.simulation.loop import Loop, Process
from tests.simulation.outbox import empty_file, quiet

MODULES = ("clients", "locations", "contacts", "vendors")
PAGE = 4
CHAOS_S = 20.0
PAUSE_S = 2.0


class Firm:
    """An ITFlow to be read: its rows by module and id."""

    def __init__(self, loop, rng):
        self._loop = loop
        self._rng = rng
        self._last = defaultdict(int)
        self.rows: dict[str, dict[int, dict[str, Any]]] = {module: {} for module in MODULES}
        self.only = 0  # the client that the key is limited to
        self.trouble = 0.0
        for _ in range(rng.randint(2, 9)):
            self.add_client()

    def add_client(self):
        client_id = self._add("clients", client_name="Client", client_lead="0", client_archived_at=None)
        for _ in range(self._rng.randint(0, 3)):
            self.add_contact(client_id)
        self._add("locations", location_client_id=str(client_id), location_name="Site", location_phone="2125550100")
        return client_id

    def add_contact(self, client_id):
        self._add("contacts", contact_client_id=str(client_id), contact_name="Ann", contact_phone="2125550101")

    def _add(self, module, **columns):
        self._last[module] += 1
        row_id = self._last[module]
        self.rows[module][row_id] = {f"{module[:-1]}_id": str(row_id), f"{module[:-1]}_archived_at": None} | columns
        return row_id

    def change(self):
        """Somebody works in ITFlow."""
        clients, contacts = (sorted(self.rows[module]) for module in ("clients", "contacts"))
        match self._rng.randrange(5):
            case 0:
                self.add_client()
            case 1:
                self.add_contact(self._rng.choice(clients))
            case 2 if contacts:
                del self.rows["contacts"][self._rng.choice(contacts)]
            case 3 if contacts:
                row = self.rows["contacts"][self._rng.choice(contacts)]
                row["contact_name"] += "e"
            case 4 if len(clients) > 2:
                gone = str(self._rng.choice(clients))
                for module, rows in self.rows.items():
                    for row_id in [one for one, row in rows.items() if row.get(f"{_client(module)}") == gone]:
                        del self.rows[module][row_id]

    async def ask(self, _looks, path, query, _body):
        """One read, as the key may read."""
        await asyncio.sleep(self._rng.expovariate(20))
        if self._rng.random() < self.trouble:
            match self._rng.randrange(6):
                case 0:
                    return 500, ""
                case 1:
                    return 200, _none()  # MariaDB's error looks alike
                case 2:
                    return 401, json.dumps({"success": "False", "message": "Authentication failed."})
                case 3:
                    return 200, "<html>Please log in</html>"
                case 4:
                    raise aiohttp.ServerDisconnectedError
                case _:
                    raise aiohttp.ConnectionTimeoutError
        module = path.removesuffix("/read.php")
        rows = [row for _, row in sorted(self.rows[module].items())]
        if self.only:
            rows = [row for row in rows if row[_client(module)] == str(self.only)]
        first = int(query.get("offset", 0))
        rows = rows[first : first + int(query["limit"])]
        return 200, json.dumps({"success": "True", "count": len(rows), "data": rows}) if rows else _none()


def _client(module):
    return "client_id" if module == "clients" else f"{module[:-1]}_client_id"


def _none():
    text = "No resource (for this client and company) with the specified parameter(s)."
    return json.dumps({"success": "False", "message": text})


class Run:
    """A run; what happens in it follows from its seed."""

    def __init__(self, seed, folder, judging=judge, chaos_s=CHAOS_S):
        self._rng = random.Random(seed)
        self._judging = judging
        self._chaos_s = chaos_s
        random.seed(seed)
        self._path = folder / "bridge.db"
        shutil.copy(empty_file(), self._path)
        self._looking = sqlite3.connect(self._path, isolation_level=None)
        self._loop = Loop(self._rng)
        self._processes = []
        self._databases = []
        self._known: dict[str, set[int]] = {"clients": set(), "contacts": set()}
        self._version = 0
        self._pulling: set[Process] = set()
        self._saw_change: set[Process] = set()
        self._wrong = ""

    def play(self):
        """Play it through.

        Raises:
            Violation: Something happened that must not.
        """
        loop = self._loop
        loop.set_exception_handler(lambda _loop, _context: None)
        try:
            loop.run_until_complete(loop.start(None, self._play()))
        finally:
            loop.after_step = lambda: None
            for process in self._processes:
                process.alive = True
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_what_was_dropped()
            loop.run_until_complete(asyncio.wait(left) if left else asyncio.sleep(0))
            for database in self._databases:
                database.close()
            self._looking.close()
            loop.close()

    async def _play(self):
        rng, loop = self._rng, self._loop
        self._firm = Firm(loop, rng)
        self._start()
        await asyncio.sleep(PAUSE_S)
        trouble, deadly = rng.choice((0, 0.02, 0.2)), rng.choice((0, 0.002, 0.01))
        self._start()
        loop.after_step = lambda: self._after_step(deadly)
        self._firm.trouble = trouble
        until_s = loop.time() + self._chaos_s
        while loop.time() < until_s:
            await asyncio.sleep(rng.expovariate(1))
            if rng.random() < 0.8:
                self._firm.change()
            else:
                # The key changes at any moment, but not there and back within one pull: no pull could tell.
                while self._pulling & self._saw_change:  # noqa: ASYNC110 - a killed process sets no event
                    await asyncio.sleep(0.05)
                self._saw_change = set(self._pulling)
                clients = sorted(self._firm.rows["clients"])
                self._firm.only = 0 if self._firm.only else rng.choice(clients)
            if self._wrong:
                raise Violation(self._wrong)
        self._firm.trouble, self._firm.only = 0.0, 0
        loop.after_step = self._look
        self._start()
        await asyncio.sleep(5 * PAUSE_S)
        sync = self._sync()
        for _ in range(5):  # others pull too, and the first to come to an end counts
            await sync.people(accept=True)
        if self._wrong:
            raise Violation(self._wrong)
        for module, stored in self._stored().items():
            there = set(self._firm.rows[module])
            if stored != there:
                raise Violation(
                    f"in the end, {module} are {sorted(stored)} in the mirror and {sorted(there)} in ITFlow"
                )

    def _sync(self):
        database = Database(self._path)
        self._databases.append(database)
        session: Any = Session(self._firm)
        client = ItflowClient(session, "http://itflow", "KEY", timeout_s=2, attempts=1, page_size=PAGE)
        return Sync(client, database, region="US", max_loss=0.2, judging=self._judging)

    def _start(self):
        process = Process("sync")
        sync = self._sync()

        async def follow():
            while True:
                self._pulling.add(process)
                with suppress(BridgeError):
                    await sync.people()
                self._pulling.discard(process)
                await asyncio.sleep(self._rng.uniform(0, PAUSE_S))

        self._processes.append(process)
        self._loop.start(process, follow())

    def _after_step(self, deadly):
        self._look()
        living = [process for process in self._processes if process.alive]
        if deadly and living and self._rng.random() < deadly:
            killed = self._rng.choice(living)
            killed.alive = False
            self._pulling.discard(killed)
            self._loop.start(None, self._come_back())

    async def _come_back(self):
        await asyncio.sleep(self._rng.uniform(0, PAUSE_S))
        self._start()

    def _look(self):
        """Whether the mirror has lost something that ITFlow has."""
        (version,) = self._looking.execute("PRAGMA data_version").fetchone()
        if version == self._version or self._wrong:
            return
        self._version = version
        for module, stored in self._stored().items():
            if lost := (self._known[module] - stored) & set(self._firm.rows[module]):
                self._wrong = f"{module} {sorted(lost)} left the mirror, and ITFlow has them"
            self._known[module] = stored

    def _stored(self):
        found = {
            "clients": "SELECT id FROM client",
            "contacts": "SELECT id FROM entry WHERE kind = 'contact'",
        }
        return {module: {one for (one,) in self._looking.execute(query)} for module, query in found.items()}


def floor_of_five(found, _troubled, max_loss):
    """How release 1.0 judged: each module for itself, and five rows might always be gone."""
    return {
        one.module: "too many are gone"
        for one in found
        if (one.known.rows and not one.seen) or len(one.lost) > max(5, max_loss * one.known.rows)
    }


def play(seed, **otherwise):
    """Play one seed; what is wrong with it, or nothing."""
    with tempfile.TemporaryDirectory() as folder, quiet():
        try:
            Run(seed, Path(folder), **otherwise).play()
        except Violation as violation:
            return f"sync, seed {seed}: {violation}"
    return ""
