"""The mirror follows ITFlow: pull, compare, doubt, take over, make the snapshot.

What is not certain never replaces what is known. A pull that shows no rows where some are known, too few of them,
or something that is not ITFlow's, and a refusal of what could be read before, leave the module as it is and note a
doubt. The operator clears it by accepting, or the rows by coming back. What the key has never been able to read is
no doubt but a gap: the other modules work without it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bridge.directory.index import Built, build, follow_rules
from bridge.directory.pull import Progress, doubt, pull, pull_new
from bridge.directory.store import PEOPLE, Found, Known, MirrorStore
from bridge.errors import (
    ItflowError,
    ItflowFailing,
    ModuleMissing,
    RightMissing,
    WireGarbled,
)
from bridge.itflow.client import ItflowClient, connected
from bridge.itflow.modules import PAYMENTS_PAGE
from bridge.settings import Settings
from bridge.storage import Database

log = logging.getLogger(__name__)

# A pull that somebody else's overtook is done again this often.
TRIES = 3


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull of one module came to.

    Attributes:
        seen: Rows that ITFlow has, archived ones too.
        changed: Rows that were new or other than before.
        lost: Rows that were gone.
        pages: Pages that were read.
        same_pages: Those that came unchanged.
        problem: Why the mirror kept what it had, or nothing.
        gap: The problem is known and no doubt: the mirror goes without the module.
    """

    seen: int = 0
    changed: int = 0
    lost: int = 0
    pages: int = 0
    same_pages: int = 0
    problem: str = ""
    gap: bool = False


@dataclass(slots=True)
class Report:
    """What a sync did.

    Attributes:
        modules: By name, in the order they were pulled.
        built: The snapshot that was made, if anything had changed.
    """

    modules: dict[str, Pulled] = field(default_factory=dict)
    built: Built | None = None


class Sync:
    """Pulls one ITFlow into one mirror, one pull at a time.

    Args:
        client: ITFlow.
        database: ``bridge.db``.
        region: The setting ``numbers.region``.
        max_loss: The setting ``sync.max_loss``.
        progress: Told after each page.
    """

    def __init__(
        self,
        client: ItflowClient,
        database: Database,
        *,
        region: str,
        max_loss: float,
        progress: Progress | None = None,
    ) -> None:
        self._client = client
        self._database = database
        self._store = MirrorStore(database)
        self._region = region
        self._max_loss = max_loss
        self._progress = progress
        self._lock = asyncio.Lock()
        self._stale = True
        follow_rules(database)

    async def people(self, *, accept: bool = False) -> Report:
        """Pull clients, locations, contacts and vendors.

        Args:
            accept: Believe what would be a doubt.

        Raises:
            ItflowError: A module could not be pulled, for another reason than a doubt or a gap; the others were.
            StorageError: ``bridge.db`` cannot be used.
        """
        return await self._run([{module: module} for module in PEOPLE], accept=accept)

    async def money(self, *, accept: bool = False) -> Report:
        """Pull invoices and, where this ITFlow shows them, payments; both are taken over, or neither.

        Args:
            accept: Believe what would be a doubt.

        Raises:
            ItflowError: As ``people``.
            StorageError: ``bridge.db`` cannot be used.
        """
        try:
            can = await self._client.capabilities()
        except ItflowError as error:
            self._store.note("invoices", fault=str(error))
            raise
        # A page that was there is asked again: its failure now is a fault, and only its absence the end of it.
        source = PAYMENTS_PAGE if (can.payments or self._store.facts().get("payments")) == "dropin" else "payments"
        facts = {"generation": can.generation.value, "payments": can.payments or ""}
        return await self._run([{"invoices": "invoices", "payments": source}], accept=accept, facts=facts)

    async def refresh(self) -> Built | None:
        """Make the snapshot from the rows that are known, without ITFlow.

        Raises:
            StorageError: ``bridge.db`` cannot be used.
        """
        async with self._lock:
            return await self._build()

    async def new_people(self) -> int:
        """Pull only rows that are newer than all known ones; the next whole pull checks them.

        Returns:
            How many there were.

        Raises:
            ItflowError: They could not be read.
            StorageError: ``bridge.db`` cannot be used.
        """
        async with self._lock:
            if not self._store.has_people():
                return 0
            gaps = self._store.freshness().unreadable
            added = [await pull_new(self._client, self._store, module) for module in PEOPLE if module not in gaps]
            self._stale |= any(added)
            await self._build()
            return sum(added)

    async def _run(
        self, groups: Sequence[Mapping[str, str]], *, accept: bool, facts: Mapping[str, str] | None = None
    ) -> Report:
        """Pull groups of modules, each group taken over as one; a module that fails leaves the next ones be."""
        async with self._lock:
            report = Report()
            at = dt.datetime.now(dt.UTC)
            failures = []
            try:
                for sources in groups:
                    try:
                        await self._pull(report, sources, at, accept=accept, facts=facts or {})
                    except ItflowFailing as error:
                        failures.append(error)
            finally:
                report.built = await self._build()
            if failures:
                raise failures[0]
            return report

    async def _pull(
        self, report: Report, sources: Mapping[str, str], at: dt.datetime, *, accept: bool, facts: Mapping[str, str]
    ) -> None:
        for _ in range(TRIES):
            found: list[Found] = []
            try:
                believed = [
                    await self._look(report, module, source, found, accept=accept)
                    for module, source in sources.items()
                ]
                if not all(believed) or await self._take(found, at, facts):
                    return
            finally:
                for one in found:
                    one.close()
        log.info("Another process keeps pulling %s; this pull is left to it", ", ".join(sources))

    async def _look(self, report: Report, module: str, source: str, found: list[Found], *, accept: bool) -> bool:
        """Pull a module; False where what came is not to be believed."""
        known = self._store.known(module)
        try:
            one = await pull(self._client, self._store, module, source=source, progress=self._progress)
        except ItflowError as error:
            gap = self._explained(module, known, error, accept=accept)
            report.modules[module] = Pulled(problem=str(error), gap=gap)
            return gap
        found.append(one)
        problem = "" if accept else doubt(one, self._max_loss)
        report.modules[module] = Pulled(one.seen, one.changed, len(one.lost), len(one.marks), one.same_pages, problem)
        if problem:
            self._doubt(module, known, problem)
        return not problem

    async def _take(self, found: Sequence[Found], at: dt.datetime, facts: Mapping[str, str]) -> bool:
        for one in found:
            # Before it is taken over: that may break off when it is all but done.
            self._stale |= bool(one.changed or one.lost)
            if not await self._database.run(partial(self._store.take, one, at)):
                return False
            if one.known.doubt or one.known.gap:
                log.info("%s can be followed again", one.module)
        if not facts.items() <= self._store.facts().items():
            self._store.note_facts(**facts)
            self._stale = True
        return True

    def _explained(self, module: str, known: Known, error: ItflowError, *, accept: bool) -> bool:
        """Note why a module could not be pulled; True for a gap that the others need not wait for."""
        match error:
            case RightMissing() | ModuleMissing():
                # ITFlow dropped the module payments in 26.04, so that its end is no doubt.
                gone = module == "payments" and isinstance(error, ModuleMissing)
                if accept or gone or not known.ever:
                    log.log(logging.DEBUG if known.gap else logging.INFO, "The mirror goes without: %s", error)
                    self._store.forget(module, str(error))
                    self._stale |= known.ever
                    return True
                self._doubt(
                    module,
                    known,
                    f"ITFlow refuses {module} now, but the mirror knows {known.rows} and keeps them. Give the "
                    f"right back, or run `itflow-bridge sync --accept` to give the module up. {error}",
                )
            case WireGarbled():
                self._doubt(module, known, f"The mirror keeps its {known.rows} {module}. {error}")
            case _:
                self._store.note(module, fault=str(error))
                raise error
        return False

    def _doubt(self, module: str, known: Known, text: str) -> None:
        log.log(logging.DEBUG if known.doubt else logging.WARNING, "%s", text)
        self._store.note(module, doubt=text)

    async def _build(self) -> Built | None:
        """Make the snapshot, if anything changed and every module that can be read is there."""
        if not self._store.has_people():
            return None
        built = await self._database.run(partial(build, self._database, self._region)) if self._stale else None
        self._stale = False
        self._store.publish()
        return built


async def sync_once(settings: Settings, *, accept: bool = False, progress: Progress | None = None) -> Report:
    """Pull everything once, for an operator's command; a service that runs takes the outcome over by itself.

    Args:
        settings: The settings.
        accept: Believe what would be a doubt, and clear the doubts there are.
        progress: Told after each page.

    Raises:
        SettingsError: ITFlow's address or key is not set.
        ItflowError: ITFlow does not give what is needed.
        StorageError: ``bridge.db`` cannot be used.
    """
    database = Database(settings.storage.path)
    try:
        async with connected(settings.itflow) as client:
            sync = Sync(
                client,
                database,
                region=settings.numbers.region,
                max_loss=settings.sync.max_loss,
                progress=progress,
            )
            report = await sync.people(accept=accept)
            money = await sync.money(accept=accept)
            return Report(report.modules | money.modules, money.built or report.built)
    finally:
        database.close()
