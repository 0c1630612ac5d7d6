"""Many calls at once in the office, and whether a call log shows each of them right, and once.

``make calls CALLS=1000`` plays a thousand of them while the bridge is killed, started anew, and cut off from Asterisk.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bridge.calls.call import Call, Outcome, State
from bridge.calls.event import Cause
from bridge.calls.log import CallLog
from bridge.calls.rows import Filters
from bridge.storage import Database
from bridge.tasks import running
from tests.pbx.asterisk import ROOT
from tests.pbx.cable import Cable
from tests.pbx.office import SECRET, Office, open_office
from tests.pbx.scenes import SCENES, Stage, Truth, calls_of

MARGIN_S = 0.5  # for clocks, and for messages under way
FOLLOWED = "Calls are followed at"
INSTALLED = Path(os.environ.get("PBX_FOLDER", ROOT / ".cache" / "asterisk"))


@dataclass
class Played:
    """A scene that was played.

    Attributes:
        began: When each call began, by the wall clock.
        until: When the last one was over.
    """

    name: str
    calls: Sequence[Truth]
    began: Sequence[float]
    until: float

    @property
    def since(self) -> float:
        """When the first call began."""
        return self.began[0]


@dataclass
class Gaps:
    """Times in which nobody listened to Asterisk."""

    times: list[list[float]] = field(default_factory=list)

    def meets(self, played: Played) -> bool:
        """Whether a part of the scene was not heard."""
        return any(since < played.until + MARGIN_S and played.since < until for since, until in self.times)

    def hide(self, began: float, ended: float) -> bool:
        """Whether nothing of what happened between two times need have been heard."""
        return any(since - MARGIN_S < began and ended < until + MARGIN_S for since, until in self.times)


async def play(office: Office, names: Iterable[str], *, at_once: int, seed: int, pause_s: float = 0.3) -> list[Played]:
    """Play scenes, several at a time.

    Raises:
        ExceptionGroup: A phone did not see what it had to.
    """
    choose, waiting, done = random.Random(seed), list(enumerate(names)), []

    async def work() -> None:
        while waiting:
            number, name = waiting.pop(0)
            stage = Stage(office, f"312{number:07}", pause_s * (0.2 + choose.random()))
            calls = calls_of(await SCENES[name](stage))
            done.append(Played(name, calls, stage.began, time.time()))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(work())
    return done


@dataclass
class Bridge:
    """``itflow-bridge serve`` in a process of its own, on a file that outlives it."""

    folder: Path
    ami_port: int
    process: asyncio.subprocess.Process | None = None

    def told(self) -> str:
        """Its log, of all its lives."""
        path = self.folder / "bridge.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    async def start(self) -> None:
        settings = {
            "ITFLOW_URL": "http://127.0.0.1:9/",
            "ITFLOW_API_KEY": "KEY",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": "0",
            "AGI_ENABLED": "false",
            "STORAGE_PATH": str(self.folder / "bridge.db"),
            "AMI_HOST": "127.0.0.1",
            "AMI_PORT": str(self.ami_port),
            "AMI_SECRET": SECRET,
            "AMI_DIAL_CONTEXT": "internal",
        }
        environment = os.environ | {f"BRIDGE_{name}": value for name, value in settings.items()}
        with (self.folder / "bridge.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bridge", "serve", stdout=log, stderr=log, env=environment, cwd=ROOT
            )

    async def end(self, by: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(by)
            await self.process.wait()
            self.process = None

    @asynccontextmanager
    async def deaf(self, gaps: Gaps) -> AsyncIterator[None]:
        """What is done within makes it lose Asterisk; waits until it follows calls again."""
        before = self.told().count(FOLLOWED)
        gaps.times.append([time.time(), math.inf])
        yield
        async with asyncio.timeout(60):
            while self.told().count(FOLLOWED) == before:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.01)
        for gap in gaps.times:  # an earlier one that was broken off is over too
            gap[1] = min(gap[1], time.time())

    def log(self) -> list[Call]:
        """The calls in its file."""
        database = Database(self.folder / "bridge.db")
        try:
            return [row.call for row in CallLog(database).read(Filters(limit=10_000))]
        finally:
            database.close()


async def drill(
    office: Office, folder: Path, names: Sequence[str], *, at_once: int, seed: int, rest_s: float
) -> tuple[list[Played], list[Call], Gaps]:
    """Play scenes while the bridge is killed and cut off, in turn.

    Args:
        office: Where.
        folder: For the bridge's file and log.
        names: The scenes.
        at_once: How many are played at a time.
        seed: Of what is left to chance.
        rest_s: Time between two disturbances.

    Returns:
        What was played, what the log says, and when nobody listened.
    """
    gaps = Gaps()

    async def disturb(bridge: Bridge, cable: Cable) -> None:
        for turn in range(1_000_000):
            await asyncio.sleep(rest_s)
            async with bridge.deaf(gaps):
                if turn % 3 == 0:
                    await bridge.end(signal.SIGKILL)
                    await bridge.start()
                else:
                    cable.cut()

    async with Cable(office.port) as cable:
        bridge = Bridge(folder, cable.port)
        try:
            async with bridge.deaf(Gaps()):
                await bridge.start()
            async with running(disturb(bridge, cable), "disturbance"):
                played = await play(office, names, at_once=at_once, seed=seed)
            async with bridge.deaf(gaps):
                await bridge.end(signal.SIGKILL)
                await bridge.start()
            async with asyncio.timeout(30):
                while any(call.state is not State.ENDED for call in bridge.log()):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.1)
            await bridge.end(signal.SIGTERM)
        finally:
            await bridge.end(signal.SIGKILL)
    return played, bridge.log(), gaps


def faults(played: Iterable[Played], log: Iterable[Call], gaps: Gaps) -> list[str]:
    """What a log says otherwise than it was.

    A call that was not heard whole may lack in the log what happened in the gap, and nothing else: what stands there
    must be so. A call that nobody can have heard of may be missing.
    """
    found, left = [], list(log)
    found += [f"not over: {call}" for call in left if call.state is not State.ENDED]
    for scene in sorted(played, key=gaps.meets):  # calls that look alike: the whole ones first
        for truth, began in zip(scene.calls, scene.began, strict=False):
            alike = sorted((call for call in left if _same(call, truth, began)), key=partial(_apart_s, began))
            fits = [call for call in alike if _fits(call, truth)] or (
                [call for call in alike if _fits_partly(call, truth)] if gaps.meets(scene) else []
            )
            if fits:
                left.remove(fits[0])
            elif alike or not gaps.hide(began, scene.until if truth is scene.calls[0] else began + truth.talk_s):
                found.append(f"{scene.name}: wanted {truth}\n      got {[shown(call) for call in alike]}")
                left = [call for call in left if call not in alike[:1]]
    return found + [f"nobody has made {shown(call)} {call.id}" for call in left]


def shown(call: Call) -> Truth:
    """A call of the log in the words of the truth."""
    outcomes = {
        rung.extension: rung.outcome.value if rung.outcome is not Outcome.UNANSWERED else str(rung.cause)
        for rung in call.rung
    }
    by = tuple(talk.extension for talk in call.talks)
    talk_s = (call.ended - call.answered).total_seconds() if call.ended and call.answered else 0.0
    return Truth(call.direction.value, call.from_number, call.to_number, outcomes, by, call.queue, call.missed, talk_s)


def _same(call: Call, truth: Truth, began: float) -> bool:
    """Whether a row of the log may be this call: internal calls between the same two phones are told apart by time."""
    names = (call.direction.value, call.from_number or truth.caller, call.to_number)  # who of ours called may be gone
    return names == (truth.direction, truth.caller, truth.called) and _apart_s(began, call) < 2


def _apart_s(began: float, call: Call) -> float:
    return abs(call.started.timestamp() - began)


def _fits(call: Call, truth: Truth) -> bool:
    row = shown(call)
    if call.cause is Cause.LOST or abs(row.talk_s - truth.talk_s) > 1:
        return False
    return (row.rung, row.answered_by, row.queue, row.missed) == (
        truth.rung,
        tuple(truth.answered_by),
        truth.queue,
        truth.missed,
    )


def _fits_partly(call: Call, truth: Truth) -> bool:
    row, heard = shown(call), list(truth.answered_by)
    in_order = all(extension in heard and (heard := heard[heard.index(extension) :]) for extension in row.answered_by)
    missed = row.missed == truth.missed or call.cause is Cause.LOST
    return in_order and missed and row.rung.keys() <= truth.rung.keys() and row.queue in {"", truth.queue}


async def main(calls: int, seed: int) -> None:
    """Play so many scenes and tell what came of it; the exit status is 1 where the log is wrong."""
    choose = random.Random(seed)
    names = [choose.choice([*SCENES]) for _ in range(calls)]
    with tempfile.TemporaryDirectory() as folder:
        async with open_office(INSTALLED) as office:
            played, log, gaps = await drill(office, Path(folder), names, at_once=8, seed=seed, rest_s=8)
    wrong = faults(played, log, gaps)
    whole = sum(not gaps.meets(scene) for scene in played)
    hidden = sum(gaps.hide(scene.since, scene.until) for scene in played)
    lines = [
        f"{len(played)} scenes of {len(set(names))} kinds, {sum(len(scene.calls) for scene in played)} calls",
        f"{len(gaps.times)} times nobody listened, {sum(until - since for since, until in gaps.times):.1f} s in all",
        f"{whole} scenes heard whole, {len(played) - whole - hidden} in part, {hidden} not at all",
        f"{len(log)} calls in the log, {sum(call.cause is Cause.LOST for call in log)} without a known end",
        f"{len(wrong)} faults",
        *wrong,
    ]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
