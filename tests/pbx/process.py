"""The bridge in a process of its own that is killed and cut off, and the times in which it heard nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bridge.calls.call import Call
from bridge.calls.log import CallLog
from bridge.calls.rows import Filters
from bridge.outbox.journal import Journal
from bridge.storage import Database
from tests.commands import environment
from tests.pbx.asterisk import ROOT
from tests.pbx.firm import SETTINGS
from tests.pbx.office import SECRET

MARGIN_S = 0.5  # for messages under way
BEHIND_S = 5.0  # of what a bridge on a busy machine has not stored yet when it is killed
FOLLOWED = "Calls are followed at"


@dataclass
class Gaps:
    """Times in which nobody listened to Asterisk, or what was heard was lost with the one who has heard it.

    Attributes:
        behind_s: How long before its end the bridge has stored something last, at worst.
    """

    times: list[list[float]] = field(default_factory=list)
    behind_s: float = 0.0

    def lost_since(self, stored_at: float) -> None:
        """What was heard after a time was lost in the kill that began the last gap."""
        killed_at = self.times[-1][0]
        self.times[-1][0] = max(killed_at - BEHIND_S, min(killed_at, stored_at))
        self.behind_s = max(self.behind_s, killed_at - self.times[-1][0])

    def meet(self, began: float, ended: float) -> bool:
        """Whether a part of what happened between two times was not heard."""
        return any(since < ended + MARGIN_S and began < until for since, until in self.times)

    def hold(self, at: float) -> bool:
        """Whether something that happened then need not have been heard."""
        return any(since - MARGIN_S < at < until + MARGIN_S for since, until in self.times)

    def hide(self, began: float, ended: float) -> bool:
        """Whether nothing of what happened between two times need have been heard."""
        return any(since - MARGIN_S < began and ended < until + MARGIN_S for since, until in self.times)


@dataclass
class Bridge:
    """``itflow-bridge serve`` in a process of its own, on a file that outlives it."""

    folder: Path
    ami_port: int
    itflow_url: str
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it answers in this life."""
        return self.told().rpartition("answers on ")[2].split()[0]

    @property
    def path(self) -> Path:
        """Its file."""
        return self.folder / "bridge.db"

    def told(self) -> str:
        """Its log, of all its lives."""
        path = self.folder / "bridge.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    async def start(self) -> None:
        settings = SETTINGS | {
            "ITFLOW_URL": self.itflow_url,
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": "0",
            "AGI_ENABLED": "false",
            "STORAGE_PATH": str(self.path),
            "CONFIG": "/dev/null",
            "AMI_HOST": "127.0.0.1",
            "AMI_PORT": str(self.ami_port),
            "AMI_SECRET": SECRET,
            "AMI_DIAL_CONTEXT": "internal",
        }
        with (self.folder / "bridge.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bridge", "serve", stdout=log, stderr=log, env=environment(settings), cwd=ROOT
            )

    async def kill(self) -> None:
        """End it as a power cut does."""
        await self.end(signal.SIGKILL)

    async def end(self, by: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(by)
            await self.process.wait()
            self.process = None

    @asynccontextmanager
    async def deaf(self, gaps: Gaps) -> AsyncIterator[None]:
        """What is done within makes it lose Asterisk; waits until it follows calls again."""
        told = len(self.told())
        gaps.times.append([time.time(), math.inf])
        yield
        async with asyncio.timeout(60):
            while FOLLOWED not in self.told()[told:]:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        for gap in gaps.times:  # an earlier one that was broken off is over too
            gap[1] = min(gap[1], time.time())

    def knows(self) -> bool:
        """Whether it has read ITFlow's tickets, and found out what this ITFlow can do."""
        facts = "SELECT 1 FROM mirror_facts WHERE name = 'generation' AND value <> ''"
        return bool(self._rows(facts) and self._rows("SELECT 1 FROM mirror_modules WHERE module = 'tickets'"))

    def done(self) -> bool:
        """Whether every call has left what it leaves, and the outbox is empty."""
        place = "SELECT 1 FROM followup_place, call_changes WHERE change >= last"
        return bool(self._rows(place)) and not self._rows("SELECT 1 FROM journal WHERE state = 'pending'")

    def sent(self) -> Counter[str]:
        """What was sent to ITFlow how often, by kind and by what became of it."""
        database = Database(self.path)
        try:
            entries = Journal(database).entries(count=100_000)
        finally:
            database.close()
        again = Counter(f"{one.kind} sent again" for one in entries if one.sends > 1)
        return again + Counter(f"{one.kind} {one.state}" for one in entries)

    def known(self) -> dict[int, float]:
        """When it knew that a ticket is in ITFlow, by the ticket's id."""
        found = re.findall(r"^(\S+ \S+) .*: Ticket .* is in ITFlow as (\d+)$", self.told(), re.MULTILINE)
        return {int(ticket): dt.datetime.fromisoformat(at.replace(",", ".")).timestamp() for at, ticket in found}

    def log(self) -> list[Call]:
        """The calls in its file."""
        database = Database(self.path)
        try:
            return [row.call for row in CallLog(database).read(Filters(limit=10_000))]
        finally:
            database.close()

    def _rows(self, statement: str) -> list[tuple[object, ...]]:
        database = Database(self.path)
        try:
            with database.read() as connection:
                return connection.execute(statement).fetchall()
        finally:
            database.close()


async def until(condition: Callable[[], bool], within_s: float = 60) -> None:
    """Wait until something is so that another process brings about."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
