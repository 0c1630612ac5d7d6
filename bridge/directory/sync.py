"""The mirror follows ITFlow: pull, compare, doubt, take over, read numbers anew.

What is not certain never replaces what is known. A pull that shows no rows where some are known, too few of them,
or something that is not ITFlow's, and a refusal of what could be read before, leave the module as it is and note a
doubt. The operator clears it by accepting, or the rows by coming back. What the key has never been able to read is
no doubt but a gap: the other modules work without it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from prometheus_client import Counter, Gauge

from bridge.clock import Moment
from bridge.directory.doubts import Judge, judge
from bridge.directory.found import Found, Known
from bridge.directory.pull import Progress, pull, pull_new
from bridge.directory.reader import PEOPLE, left_out
from bridge.directory.store import MirrorStore
from bridge.directory.tickets import TicketSync
from bridge.errors import (
    ItflowError,
    ItflowFailing,
    ItflowUnreachable,
    KeyRefused,
    ModuleMissing,
    RightMissing,
    WireGarbled,
)
from bridge.itflow.capabilities import PAYMENTS_GONE
from bridge.itflow.client import ItflowClient, connected
from bridge.itflow.modules import PAYMENTS_PAGE
from bridge.metrics import kind
from bridge.settings import Settings
from bridge.storage import Database

log = logging.getLogger(__name__)

_PULLS = Counter("itflow_bridge_pulls", "Pulls of ITFlow's modules, by what came of them", ["module", "outcome"])
_PULL_SECONDS = Gauge("itflow_bridge_pull_duration_seconds", "Time that the last pull took", ["module"])
_PULLED_AT = Gauge("itflow_bridge_pull_timestamp_seconds", "When the last pull of a module was read", ["module"])

# A pull that somebody else's overtook is done again this often.
TRIES = 3
# What is taken over together; contacts are read with their client's country, so that comes first.
PEOPLE_STEPS: Final = (("clients", "locations"), ("contacts", "vendors"))


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
        reread: Entries whose numbers were read again, because a country or a release had changed.
    """

    modules: dict[str, Pulled] = field(default_factory=dict)
    reread: int = 0


class Sync:
    """Pulls one ITFlow into one mirror, one pull at a time.

    Args:
        client: ITFlow.
        database: ``bridge.db``.
        region: The setting ``numbers.region``.
        max_loss: The setting ``sync.max_loss``.
        progress: Told after each page.
        judging: Why modules may lose no rows; see ``doubts.judge``.
    """

    def __init__(
        self,
        client: ItflowClient,
        database: Database,
        *,
        region: str,
        max_loss: float,
        progress: Progress | None = None,
        judging: Judge = judge,
    ) -> None:
        self._client = client
        self._database = database
        self._store = MirrorStore(database, region)
        self._max_loss = max_loss
        self._progress = progress
        self._judging = judging
        self._lock = asyncio.Lock()

    async def people(self, *, accept: bool = False) -> Report:
        """Pull clients, locations, contacts and vendors; they are judged together.

        Args:
            accept: Believe what would be a doubt.

        Raises:
            ItflowError: A module could not be pulled, for another reason than a doubt or a gap; the others were.
            StorageError: ``bridge.db`` cannot be used.
        """
        async with self._lock:
            report = await self._run({module: module for module in PEOPLE}, PEOPLE_STEPS, accept=accept)
            report.reread = await self._database.run(self._store.read_again)
            return report

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
        sources = {"invoices": "invoices", "payments": source}
        async with self._lock:
            return await self._run(sources, (tuple(sources),), accept=accept, facts=facts, whole=True)

    async def tickets(self, *, accept: bool = False) -> Report:
        """Pull all tickets; people and money do not wait for it.

        Args:
            accept: Believe what would be a doubt.

        Raises:
            ItflowError: As ``people``.
            StorageError: ``bridge.db`` cannot be used.
        """
        return await self._run({"tickets": "tickets"}, (("tickets",),), accept=accept)

    def following_tickets(self, whole_interval_s: float) -> TicketSync:
        """What follows the tickets.

        Args:
            whole_interval_s: How often all of them are pulled.
        """
        return TicketSync(self._client, self._store, self.tickets, whole_interval_s)

    async def refresh(self) -> int:
        """Read the numbers that are known anew, where another region or release read them; without ITFlow.

        Returns:
            How many entries had their numbers read.

        Raises:
            StorageError: ``bridge.db`` cannot be used.
        """
        async with self._lock:
            return await self._database.run(self._store.read_again)

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
            if any(added):
                await self._database.run(self._store.read_again)
            return sum(added)

    async def _run(
        self,
        sources: Mapping[str, str],
        steps: tuple[tuple[str, ...], ...],
        *,
        accept: bool,
        facts: Mapping[str, str] | None = None,
        whole: bool = False,
    ) -> Report:
        """Pull modules, judge them together, take them over; a module that fails leaves the others be.

        Args:
            sources: The module of ITFlow to ask, by module.
            steps: Modules that are taken over in one transaction, in this order.
            accept: See ``people``.
            facts: Facts about the whole that hold once it is taken over.
            whole: Take over all of it, or nothing.
        """
        report, at = Report(), Moment.now()
        for _ in range(TRIES):
            pulled, troubled, failures = await self._pull(report, sources, accept=accept)
            try:
                doubts = {} if accept else await self._judge(sources, pulled, troubled)
                self._tell_doubts(report, pulled, doubts)
                if whole and (troubled or doubts):
                    break
                if await self._take(pulled, steps, at, facts or {}, doubts):
                    break
            finally:
                for one in pulled.values():
                    one.close()
        else:
            log.info("Another process keeps pulling %s; this pull is left to it", ", ".join(sources))
        if failures:
            raise failures[0]
        return report

    async def _pull(
        self, report: Report, sources: Mapping[str, str], *, accept: bool
    ) -> tuple[dict[str, Found], list[str], list[ItflowError]]:
        """What could be pulled, the modules that could not and are no gaps, and failures to raise in the end."""
        pulled: dict[str, Found] = {}
        troubled: list[str] = []
        failures: list[ItflowError] = []
        try:
            for module, source in sources.items():
                known, began = self._store.known(module), time.perf_counter()
                try:
                    one = await pull(self._client, self._store, module, source=source, progress=self._progress)
                except ItflowError as error:
                    _PULLS.labels(module, kind(error)).inc()
                    gap = self._explained(module, known, error, accept=accept)
                    report.modules[module] = Pulled(problem=str(error), gap=gap)
                    if not gap:
                        troubled.append(module)
                    if isinstance(error, ItflowFailing | ItflowUnreachable | KeyRefused):
                        failures.append(error)
                    if isinstance(error, ItflowUnreachable | KeyRefused):  # the next module would fare no better
                        break
                    continue
                pulled[module] = one
                _PULLS.labels(module, "read").inc()
                _PULL_SECONDS.labels(module).set(time.perf_counter() - began)
                _PULLED_AT.labels(module).set_to_current_time()
                report.modules[module] = Pulled(one.seen, one.changed, len(one.lost), one.pages, one.same_pages)
        except BaseException:
            for one in pulled.values():
                one.close()
            raise
        return pulled, troubled, failures

    async def _judge(
        self, sources: Mapping[str, str], pulled: Mapping[str, Found], troubled: Sequence[str]
    ) -> Mapping[str, str]:
        """Why modules may lose no rows; see ``judge``.

        What is doubted from earlier pulls of other modules counts too. Where rows are lost, the clients are read once
        more: the key may have been limited to one of them since they were read, also within this pull.
        """
        earlier = [module for module in PEOPLE if module not in sources and self._store.known(module).doubt]
        clients: Mapping[str, Found] = {}
        suspects = [*troubled, *earlier]
        if any(one.lost for one in pulled.values()):
            clients, more, _ = await self._pull(Report(), {"clients": "clients"}, accept=False)
            suspects += more
        try:
            doubts = self._judging([*pulled.values(), *clients.values()], suspects, self._max_loss)
        finally:
            for one in clients.values():
                one.close()
        return {module: text for module, text in doubts.items() if module in pulled}

    def _tell_doubts(self, report: Report, pulled: Mapping[str, Found], doubts: Mapping[str, str]) -> None:
        for module, text in doubts.items():
            report.modules[module] = replace(report.modules[module], problem=text)
            self._doubt(module, pulled[module].known, text)
        for module, one in pulled.items():
            if odd := [odd.reason for odd in one.odd if odd.reason not in one.known.odd]:
                log.warning("%s", left_out(odd))
            if module not in doubts and not one.odd and (one.known.doubt or one.known.gap or one.known.odd):
                log.info("%s can be followed again", module)

    async def _take(
        self,
        pulled: Mapping[str, Found],
        steps: tuple[tuple[str, ...], ...],
        at: Moment,
        facts: Mapping[str, str],
        doubts: Mapping[str, str],
    ) -> bool:
        for step in steps:
            found = [pulled[module] for module in step if module in pulled]
            if found and not await self._database.run(partial(self._store.take, found, at, facts, doubts)):
                return False
        return True

    def _explained(self, module: str, known: Known, error: ItflowError, *, accept: bool) -> bool:
        """Note why a module could not be pulled; True for a gap that the others need not wait for."""
        match error:
            case RightMissing() | ModuleMissing():
                # ITFlow dropped the module payments in 26.04: the old ones stand for nothing then. But balances
                # change by that, so a doubt stays until the operator has accepted it or the payments are back.
                gone = module == "payments" and isinstance(error, ModuleMissing)
                if accept or gone or not known.ever:
                    log.log(logging.DEBUG if known.gap else logging.INFO, "The mirror goes without: %s", error)
                    self._store.forget(module, str(error))
                    if gone and not accept and (known.ever or known.doubt):
                        self._doubt(module, known, PAYMENTS_GONE)
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
        return False

    def _doubt(self, module: str, known: Known, text: str) -> None:
        log.log(logging.DEBUG if known.doubt else logging.WARNING, "%s", text)
        self._store.note(module, doubt=text)


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
            people = await sync.people(accept=accept)
            money = await sync.money(accept=accept)
            tickets = await sync.tickets(accept=accept) if settings.tickets.mirrored else Report()
            return Report(people.modules | money.modules | tickets.modules, people.reread)
    finally:
        database.close()
