"""Many calls at once in the office: whether a call log shows each of them right, and once, and so does ITFlow.

``make calls CALLS=1000`` plays a thousand of them while the bridge is killed, started anew and cut off from Asterisk,
and ITFlow is away, locked, or loses answers.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.calls.call import Call, Outcome, State
from bridge.calls.event import Cause
from bridge.tasks import running
from tests.pbx import cel
from tests.pbx import firm as firms
from tests.pbx.asterisk import ROOT
from tests.pbx.cable import Cable
from tests.pbx.firm import Firm, open_firm
from tests.pbx.office import Office, open_office
from tests.pbx.process import Bridge, Gaps, until
from tests.pbx.scenes import SCENES, Stage, Truth, calls_of

AT_ONCE = 14
REST_S = 10.0
TIMED = "timestampevents = yes"  # as asterisk/manager_itflow.conf advises
APART_S = 0.3
INSTALLED = Path(os.environ.get("PBX_FOLDER", ROOT / ".cache" / "asterisk"))


@dataclass
class Made:
    """A call that was made.

    Attributes:
        id: Asterisk's name for it.
        began, until: From when to when, by Asterisk's clock.
    """

    truth: Truth
    id: str
    began: float
    until: float


@dataclass
class Played:
    """A scene that was played.

    Attributes:
        since, until: From when to when, by the wall clock.
    """

    name: str
    calls: Sequence[Made]
    since: float
    until: float


async def play(
    office: Office, names: Iterable[str], *, at_once: int, seed: int, pause_s: tuple[float, float] = (0.06, 0.36)
) -> list[Played]:
    """Play scenes, several at a time.

    Args:
        office: Where.
        names: Which.
        at_once: How many at a time.
        seed: Of what is left to chance.
        pause_s: The shortest and the longest time that people take.

    Raises:
        ExceptionGroup: A phone did not see what it had to.
    """
    choose, waiting, since = random.Random(seed), list(enumerate(names)), time.time()
    done: list[tuple[str, Stage, Sequence[Truth], float]] = []

    async def work() -> None:
        while waiting:
            place, name = waiting.pop(0)
            stage = Stage(office, firms.caller(place), choose.uniform(*pause_s))
            truths = calls_of(await SCENES[name](stage))
            done.append((name, stage, truths, time.time()))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(work())
    shown = [name for _, stage, *_ in done for name in stage.made]
    records = await cel.ended(office.pbx.folder / "log", shown, since)
    return [_played(records, *one) for one in done]


def _played(records: cel.Records, name: str, stage: Stage, truths: Sequence[Truth], until: float) -> Played:
    """A scene with the times that Asterisk has written down: a phone here may see late what has happened."""
    calls = []
    for place, (truth, shown) in enumerate(zip(truths, stage.made, strict=False)):
        call = records.by_name[shown][stage.made[:place].count(shown)]
        record = records.by_id[call]
        talk_s = record.ended_at - record.talked_at if truth.talk_s and record.talked_at else truth.talk_s
        calls.append(Made(replace(truth, talk_s=talk_s), call, record.began_at, record.ended_at))
    return Played(name, calls, stage.since, max([until, *(call.until for call in calls)]))


@dataclass
class Report:
    """What came of it all."""

    played: list[Played]
    log: list[Call]
    gaps: Gaps
    firm: Firm
    sent: Counter[str]

    def faults(self, apart_s: float = 1.0) -> list[str]:
        """What is otherwise than it was, in the log and in ITFlow; ``apart_s``: see ``faults``."""
        return faults(self.played, self.log, self.gaps, apart_s) + list(self.firm.faults(self.log))


@asynccontextmanager
async def drill(
    office: Office,
    folder: Path,
    names: Sequence[str],
    *,
    at_once: int,
    seed: int,
    rest_s: float,
    pause_s: tuple[float, float] = (0.3, 2.5),
) -> AsyncIterator[Report]:
    """Play scenes while the bridge is killed and cut off, and ITFlow fails, in turn.

    Args:
        office: Where.
        folder: For the bridge's file and log.
        names: The scenes.
        at_once: How many are played at a time.
        seed: Of what is left to chance.
        rest_s: Time between two disturbances.
        pause_s: As for ``play``; the time worked is in seconds.

    Yields:
        What came of it, once the outbox is empty.
    """
    gaps = Gaps()

    async def disturb(bridge: Bridge, cable: Cable) -> None:
        for turn in range(1_000_000):
            await asyncio.sleep(rest_s)
            async with bridge.deaf(gaps):
                if turn % 3 == 0:
                    await bridge.kill()
                    gaps.lost_since(max((call.latest.timestamp() for call in bridge.log()), default=0))
                    await bridge.start()
                else:
                    cable.cut()

    async with AsyncExitStack() as stack:
        firm = await stack.enter_async_context(open_firm(len(names)))
        cable = await stack.enter_async_context(Cable(office.port, folder / "tape"))
        bridge = Bridge(folder, cable.port, firm.itflow.url)
        firms.employ(folder, bridge.path)
        try:
            async with bridge.deaf(Gaps()):
                await bridge.start()
            await until(bridge.knows)
            async with (
                running(disturb(bridge, cable), "disturbance"),
                running(firm.trouble(random.Random(seed), rest_s / 3), "trouble"),
            ):
                played = await play(office, names, at_once=at_once, seed=seed, pause_s=pause_s)
            async with bridge.deaf(gaps):
                await bridge.kill()
                await bridge.start()
            firm.itflow.faults.clear()
            await until(lambda: all(call.state is State.ENDED for call in bridge.log()))
            await until(bridge.done, 300)
            await until(lambda: not firm.doubled())
            await bridge.end(signal.SIGTERM)
            firm.known = bridge.known()
            yield Report(played, bridge.log(), gaps, firm, bridge.sent())
        finally:
            await bridge.kill()


def faults(played: Iterable[Played], log: Iterable[Call], gaps: Gaps, apart_s: float = 1.0) -> list[str]:
    """What a log says otherwise than it was.

    Args:
        played: What was.
        log: What the log says.
        gaps: When nobody listened.
        apart_s: How far times may be apart: little where Asterisk tells them, more where they are those of hearing.

    A call that was not heard whole may lack in the log what happened in the gap, and nothing else: what stands there
    must be so. A call that nobody can have heard of may be missing.
    """
    left = {call.id: call for call in log}
    found = [f"not over: {call}" for call in left.values() if call.state is not State.ENDED]
    for scene in played:
        whole = not gaps.meet(scene.since, scene.until)
        for made in scene.calls:
            call = left.pop(made.id, None)
            if call is None:
                fits = gaps.hide(made.began, made.until)
            else:
                fits = _fits(call, made.truth, apart_s) or (
                    not whole and _fits_partly(call, made.truth, apart_s, end_heard=not gaps.hold(made.until))
                )
            if not fits:
                near = [gap for gap in gaps.times if gap[1] > made.began - 1 and gap[0] < made.until + 1]
                heard = "heard whole" if whole else f"gaps {near}"
                got = shown(call) if call else None
                found.append(f"{scene.name}, {heard}: wanted {made}\n      got {got} {call and call.cause}")
    return found + [f"nobody has made {shown(call)} {call.id}" for call in left.values()]


def shown(call: Call) -> Truth:
    """A call of the log in the words of the truth."""
    outcomes = {
        rung.extension: rung.outcome.value if rung.outcome is not Outcome.UNANSWERED else str(rung.cause)
        for rung in call.rung
    }
    by = tuple(talk.extension for talk in call.talks)
    talk_s = (call.ended - call.answered).total_seconds() if call.ended and call.answered else 0.0
    return Truth(call.direction.value, call.from_number, call.to_number, outcomes, by, call.queue, call.missed, talk_s)


def _fits(call: Call, truth: Truth, apart_s: float) -> bool:
    row = shown(call)
    if call.cause is Cause.LOST or abs(row.talk_s - truth.talk_s) > apart_s:
        return False
    return (row.direction, row.caller, row.called, row.rung, row.answered_by, row.queue, row.missed) == (
        *(truth.direction, truth.caller, truth.called),
        *(truth.rung, tuple(truth.answered_by), truth.queue, truth.missed),
    )


def _fits_partly(call: Call, truth: Truth, apart_s: float, *, end_heard: bool) -> bool:
    row, heard = shown(call), list(truth.answered_by)
    # Who of ours has called may be gone.
    named = (row.direction, row.caller or truth.caller, row.called) == (truth.direction, truth.caller, truth.called)
    in_order = all(extension in heard and (heard := heard[heard.index(extension) :]) for extension in row.answered_by)
    among = row.rung.keys() <= truth.rung.keys() and row.queue in {"", truth.queue}
    missed = row.missed == truth.missed or call.cause is Cause.LOST
    if not (named and in_order and among and missed):
        return False
    if call.cause is Cause.LOST or not end_heard:
        return True
    # Who talked to the end was up when the bridge listened again; Asterisk tells since when.
    whole = row.answered_by[:1] == tuple(truth.answered_by[:1])
    timed = not whole or abs(row.talk_s - truth.talk_s) <= apart_s
    return timed and row.answered_by[-1:] == tuple(truth.answered_by[-1:])


async def main(calls: int, seed: int) -> None:
    """Play so many scenes and tell what came of it; the exit status is 1 where something is wrong."""
    choose = random.Random(seed)
    names = [choose.choice([*SCENES]) for _ in range(calls)]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        async with (
            open_office(INSTALLED, more=TIMED) as office,
            drill(office, Path(folder), names, at_once=AT_ONCE, seed=seed, rest_s=REST_S) as report,
        ):
            wrong = report.faults(APART_S)
            sys.stdout.write("".join(f"{line}\n" for line in [*told(report), f"{len(wrong)} faults", *wrong]))
            sys.stdout.write(f"{time.monotonic() - begun:.0f} s in all\n")
            if wrong and (kept := os.environ.get("KEEP")):
                shutil.copytree(folder, kept, dirs_exist_ok=True)
    sys.exit(bool(wrong))


def told(report: Report) -> Iterator[str]:
    """What has happened, in numbers."""
    played, gaps, log, firm = report.played, report.gaps, report.log, report.firm
    whole = sum(not gaps.meet(scene.since, scene.until) for scene in played)
    hidden = sum(all(gaps.hide(one.began, one.until) for one in scene.calls) for scene in played if scene.calls)
    kinds = len({scene.name for scene in played})
    yield f"{len(played)} scenes of {kinds} kinds, {sum(len(scene.calls) for scene in played)} calls"
    deaf_s = sum(until - since for since, until in gaps.times)
    yield f"{len(gaps.times)} times nobody listened, {deaf_s:.1f} s in all; {gaps.behind_s:.1f} s not stored at worst"
    yield f"{whole} scenes heard whole, {len(played) - whole - hidden} in part, {hidden} not at all"
    yield f"{len(log)} calls in the log, {sum(call.cause is Cause.LOST for call in log)} without a known end"
    calls = {call.id: call for call in log if call.cause is not Cause.LOST}
    made = [one for scene in played if not gaps.meet(scene.since, scene.until) for one in scene.calls]
    apart = sorted(abs(shown(calls[one.id]).talk_s - one.truth.talk_s) for one in made if one.id in calls)
    if apart:
        at_most = f"{apart[len(apart) * 99 // 100]:.2f} s in 99 of 100, {apart[-1]:.2f} s at most"
        yield f"time talked, by the log and by Asterisk's records, where all was heard: {at_most} apart"
    yield f"ITFlow away {firm.outages} times; {', '.join(f'{what} {count}' for what, count in firm.spoiled.items())}"
    yield f"{len(firm.notes())} notes, {sum(not back for *_, back in firm.opened())} tickets, " + (
        f"{sum(back for *_, back in firm.opened())} taken back; "
        + ", ".join(f"{count} {what}" for what, count in sorted(report.sent.items()))
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
