"""One run of the journal and its deliverers against a simulated ITFlow, under everything that can happen."""

import asyncio
import datetime as dt
import logging
import random
import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from bridge.clock import Moment
from bridge.directory.entries import Client
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.errors import BridgeError
from bridge.itflow.client import ItflowClient
from bridge.outbox import contact, note, request, ticket
from bridge.outbox.delivery import Deliverer, delivering
from bridge.outbox.journal import Journal, State
from bridge.outbox.kinds import KINDS
from bridge.settings import AssetsSection
from bridge.storage import Database
from tests.simulation.itflow import TABLES, Itflow, Session, Violation
from tests.simulation.loop import Loop, Process

CLIENTS = (1, 2)
SECTION = AssetsSection(deadline_s=2, repeat_window_s=60, answer_s=20, settle_s=2, max_wait_s=8)
CHAOS_S = 45.0
CALM_S = 2000.0
ITEMS = 4
BEGIN = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)


class Clock:
    """The machine's clocks: the one on the wall is set, the other begins anew with each start."""

    def __init__(self, loop):
        self._loop = loop
        self.started_s = 0.0
        self._starts = 1
        self.set_s = 0.0

    def restart(self):
        self.started_s = self._loop.time()
        self._starts += 1

    def now(self):
        at = BEGIN + dt.timedelta(seconds=self._loop.time() + self.set_s)
        return Moment(at, self._loop.time() - self.started_s, f"boot-{self._starts}")

    def wall_only(self):
        """The clock as release 1.0 had it."""
        at = self.now().at
        return Moment(at, at.timestamp(), "")


class TimeOnly(Journal):
    """The journal as release 1.0 had it: after some time a write counts as not done, and nobody looks again."""

    def watched(self):
        return []


def item(kind, client_id, number):
    """Something to be written; notes go to the ticket that each client has from the beginning."""
    name = f"{kind}-{number}"
    match kind:
        case "asset":
            return request.read({"name": name})
        case "contact":
            return contact.read({"name": name, "email": f"{name}@example.com"}, asked_in="US")
        case "ticket":
            return ticket.read({"subject": name})
    return note.read({"ticket_id": CLIENTS.index(client_id) + 1, "text": name})


@cache
def empty_file():
    path = Path(tempfile.mkdtemp(prefix="simulation-")) / "bridge.db"
    Database(path).close()
    return path


class Run:
    """A run; what happens in it follows from its seed.

    Args:
        seed: Chooses everything.
        folder: An empty one.
        journal: How the journal is kept.
        wall_clock: Whether it sees the wall clock alone.
        kinds: What callers want written.
    """

    def __init__(self, seed, folder, journal=Journal, *, wall_clock=False, kinds=tuple(KINDS)):
        self._rng = random.Random(seed)
        random.seed(seed)  # for the jitter of deliveries and of the client
        self._path = folder / "bridge.db"
        shutil.copy(empty_file(), self._path)
        self._journal_type = journal
        self._wall_clock = wall_clock
        self._kinds = kinds
        self._loop = Loop(self._rng)
        self._processes = {}
        self._databases = []
        self._promised = {}
        self._faults = []
        self._chaos = True

    def play(self):
        """Play it through.

        Raises:
            Violation: Something happened that must not.
        """
        loop = self._loop
        loop.set_exception_handler(self._fault)
        try:
            loop.run_until_complete(loop.start(None, self._play()))
        finally:
            self._tidy_up()
            for database in self._databases:
                database.close()
            loop.close()
        if self._faults:
            raise self._faults[0]

    def _fault(self, _loop, context):
        if isinstance(error := context.get("exception"), Violation):
            self._faults.append(error)

    def _tidy_up(self):
        """Let what was killed come to an end too, where nobody looks any more."""
        self._loop.after_step = lambda: None
        for process in self._processes:
            process.alive = True
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_what_was_dropped()
        self._loop.run_until_complete(asyncio.wait(left) if left else asyncio.sleep(0))
        for task in left:
            if not task.cancelled() and isinstance(error := task.exception(), Violation):
                self._faults.append(error)

    async def _play(self):
        loop, rng = self._loop, self._rng
        self._clock = Clock(loop)
        self.itflow = Itflow(loop, rng, CLIENTS)
        for client_id in CLIENTS:
            columns = {"ticket_subject": "of old", "ticket_client_id": str(client_id), "ticket_details": ""}
            self.itflow.insert("tickets", columns, by_bridge=False)
        self.itflow.trouble = rng.choice((0.05, 0.2, 0.5))
        self._deadly = rng.choice((0, 0.001, 0.006))
        loop.after_step = self._after_step
        for name in ("first", "second"):
            self._start(name)
        for work in (self._callers(), self._locks(), self._people(), self._clocks()):
            loop.start(None, work)
        await asyncio.sleep(CHAOS_S)
        self._chaos = False
        self.itflow.trouble = 0.0
        self.itflow.set_lock("")
        for _ in range(int(CALM_S / 3)):
            await asyncio.sleep(3)
            if not self.itflow.under_way and not self._wrong():
                break
        if self.itflow.under_way:
            raise Violation("a write never came to an end")
        if wrong := self._wrong():
            raise Violation("; ".join(wrong))

    def _start(self, name):
        process = Process(name)
        database = Database(self._path)
        self._databases.append(database)
        session: Any = Session(self.itflow)
        client = ItflowClient(session, "http://itflow", "KEY", timeout_s=2, attempts=1)
        snapshot = Snapshot.build(clients=[Client(number, f"Client {number}") for number in CLIENTS])
        clock = self._clock.wall_only if self._wall_clock else self._clock.now
        journal = self._journal_type(database, clock)
        deliverer = Deliverer(journal, client, Mirror(snapshot, Freshness(people_at=Moment(BEGIN))), SECTION)
        self._processes[process] = deliverer

        async def deliver():
            async with delivering(deliverer):
                await asyncio.Event().wait()

        self._loop.start(process, deliver())

    def _after_step(self):
        if self._chaos and self._deadly and self._rng.random() < self._deadly:
            living = [process for process in self._processes if process.alive]
            if self._rng.random() < 0.2:  # power cuts
                self._clock.restart()
            else:
                living = living[: self._rng.randint(0, 1)]
            for process in living:
                process.alive = False
                self._loop.start(None, self._come_back(process.name))

    async def _come_back(self, name):
        await asyncio.sleep(self._rng.uniform(0, 5))
        self._start(name)

    async def _callers(self):
        for number in range(ITEMS):
            client_id, kind = self._rng.choice(CLIENTS), self._rng.choice(self._kinds)
            self._loop.start(None, self._caller(client_id, item(kind, client_id, number)))
            await asyncio.sleep(self._rng.uniform(0, 10))

    async def _caller(self, client_id, wanted):
        """Asks until it is promised an answer, and now and then once more."""
        again = self._rng.randint(0, 2)
        first_s = None
        while True:
            done = self._loop.create_future()
            living = [process for process in self._processes if process.alive]
            if living:
                process = self._rng.choice(living)
                first_s = self._loop.time() if first_s is None else first_s
                self._loop.start(process, self._add(self._processes[process], client_id, wanted, done))
                try:
                    async with asyncio.timeout(4):
                        entry = await done
                except TimeoutError:
                    entry = None
                if entry is not None:
                    self._is_the_same(entry, wanted)
                    if not again:
                        return
                    again -= 1
            await asyncio.sleep(self._rng.uniform(0.5, 10))
            if first_s is None:
                continue
            if self._clock.started_s >= first_s:  # across a restart only the wall clock counts, and it is set here
                return
            if self._loop.time() > first_s + SECTION.repeat_window_s - 5:
                return

    async def _add(self, deliverer, client_id, wanted, done):
        try:
            entry = await deliverer.add(client_id, wanted, None, "key")
        except BridgeError:
            return
        if not done.done():
            done.set_result(entry)

    def _is_the_same(self, entry, wanted):
        name = _name(entry)
        if self._promised.setdefault(name, entry.id) != entry.id:
            raise Violation(f"{name} was asked for again within the window, and is entry {entry.id} too")
        if entry.itflow_id is not None:
            self.itflow.told.add((KINDS[wanted.kind].module, entry.itflow_id))

    async def _locks(self):
        while self._chaos:
            await asyncio.sleep(self._rng.expovariate(1 / 20))
            if self._chaos:
                self.itflow.set_lock(self._rng.choice(("READ", "WRITE")))
                await asyncio.sleep(self._rng.choice((1, 5, 15, 30)))
                self.itflow.set_lock("")

    async def _clocks(self):
        while self._chaos:
            await asyncio.sleep(self._rng.expovariate(1 / 15))
            self._clock.set_s += self._rng.choice((-3600, -60, 60, 3600, 400 * 86400))

    async def _people(self):
        """They type the same asset, change a row, copy one, and remove one that nobody has copied."""
        copied = set()
        while self._chaos:
            await asyncio.sleep(self._rng.expovariate(1 / 15))
            itflow = self.itflow
            places = [(module, row_id) for module in TABLES for row_id in sorted(itflow.rows[module])][len(CLIENTS) :]
            places = [place for place in places if place[0] != "tickets" or place[1] > len(CLIENTS)]
            if itflow.lock or not places:
                continue
            module, row_id = place = self._rng.choice(places)
            stored, table = itflow.rows[module][row_id], TABLES[module]
            match self._rng.choice(("type", "change", "copy", "remove")):
                case "type" if module == "assets":
                    typed = {name: stored.row[name] for name in (table.name, table.client)}
                    itflow.insert(module, {**typed, table.mark: ""}, by_bridge=False)
                case "change" if module != "ticket_replies":
                    itflow.touch(module, row_id)
                case "copy" if module == "assets":
                    copied.add(place)
                    kept = (table.name, table.client, table.mark)
                    itflow.insert(module, {name: stored.row[name] for name in kept}, by_bridge=False)
                case "remove" if place not in copied:
                    itflow.removed.add(stored.name)
                    del itflow.rows[module][row_id]

    def _wrong(self):
        """What is not yet as it must be in the end."""
        database = Database(self._path)
        try:
            journal = Journal(database, self._clock.now)
            entries = journal.entries()
        finally:
            database.close()
        wrong = [f"{_name(entry)} is {entry.state}" for entry in entries if entry.state is not State.ADDED]
        doubled = Counter(map(_name, entries))
        wrong += [f"{name} has {count} entries" for name, count in doubled.items() if count > 1]
        for name in {*doubled, *self._promised}:
            rows = [one for one in self.itflow.all() if one.by_bridge and one.name == name]
            told = {(KINDS[entry.kind].module, str(entry.itflow_id)) for entry in entries if _name(entry) == name}
            loose = [one for one in rows if not self._is_fine(one, told)]
            if loose:
                wrong.append(f"{name} stands {len(loose)} times more")
            if not rows and name not in self.itflow.removed:
                wrong.append(f"{name} is lost")
        return wrong

    def _is_fine(self, stored, told):
        """Whether a row may stay: it counts, is resolved, or somebody has worked on it."""
        counts = (stored.module, stored.row[f"{TABLES[stored.module].prefix}_id"]) in told
        return counts or stored.resolved or stored.touched_s is not None or self._copied(stored)

    def _copied(self, stored):
        mark = TABLES[stored.module].mark
        return sum(one.row[mark] == stored.row[mark] for one in self.itflow.rows[stored.module].values()) > 1


def _name(entry):
    return str(entry.fields["ticket_reply"]) if entry.kind == "note" else entry.name


@contextmanager
def quiet():
    """No log of the bridge's own: a run is told by its seed."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def play(seed, **options):
    """Play one seed; what is wrong with it, or nothing."""
    with tempfile.TemporaryDirectory() as folder, quiet():
        try:
            Run(seed, Path(folder), **options).play()
        except Violation as violation:
            return f"outbox, seed {seed}: {violation}"
    return ""
