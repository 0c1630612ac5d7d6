"""Many calls at once in the office, and whether a call log shows each of them right, and once.

``make calls CALLS=1000`` plays a thousand of them while the bridge is killed, started anew, and cut off from Asterisk.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bridge.calls.call import Call, Outcome, State
from bridge.calls.event import Cause
from tests.pbx.office import Office
from tests.pbx.scenes import SCENES, Stage, Truth, calls_of

MARGIN_S = 0.5  # for clocks, and for messages under way


@dataclass
class Played:
    """A scene that was played.

    Attributes:
        since, until: By the wall clock.
    """

    name: str
    calls: Sequence[Truth]
    since: float
    until: float


@dataclass
class Gaps:
    """Times in which nobody listened to Asterisk."""

    times: list[tuple[float, float]] = field(default_factory=list)

    def meets(self, played: Played) -> bool:
        """Whether a part of the scene was not heard."""
        return any(since < played.until + MARGIN_S and played.since < until for since, until in self.times)

    def hides(self, played: Played) -> bool:
        """Whether nothing of the scene need have been heard."""
        return any(since - MARGIN_S < played.since and played.until < until + MARGIN_S for since, until in self.times)


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
            since = time.time()
            calls = calls_of(await SCENES[name](stage))
            done.append(Played(name, calls, since, time.time()))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(work())
    return done


def faults(played: Iterable[Played], log: Iterable[Call], gaps: Gaps) -> list[str]:
    """What a log says otherwise than it was.

    A call that was not heard whole may lack in the log what happened in the gap, and nothing else: what stands there
    must be so. A call that nobody can have heard of may be missing.
    """
    found, left = [], list(log)
    found += [f"not over: {call}" for call in left if call.state is not State.ENDED]
    for scene in sorted(played, key=gaps.meets):  # calls that look alike: the whole ones first
        for truth in scene.calls:
            alike = [call for call in left if _same(call, truth, scene)]
            fits = [call for call in alike if _fits(call, truth)] or (
                [call for call in alike if _fits_partly(call, truth)] if gaps.meets(scene) else []
            )
            if fits:
                left.remove(fits[0])
            elif alike or not gaps.hides(scene):
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


def _same(call: Call, truth: Truth, scene: Played) -> bool:
    """Whether a row of the log may be this call: internal calls between the same two phones are told apart by time."""
    about = scene.since - 1 - MARGIN_S < call.started.timestamp() < scene.until + MARGIN_S
    return about and (call.direction.value, call.from_number, call.to_number) == (
        truth.direction,
        truth.caller,
        truth.called,
    )


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
