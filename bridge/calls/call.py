"""A call: what its events come to.

Phone systems tell late, twice, out of order, or the end alone. So a call is always made anew of all the events that
are known of it, in the order of their times: any order in which they came, and any doubling, give the same call.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from bridge.calls.event import Cause, Direction, Event, What

T = TypeVar("T")

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_BUSY = frozenset({What.BEGAN, What.QUEUED, What.RUNG, What.ANSWERED})
# Ends by which nobody was missed: somebody has talked, or the call went on to another, or it is not known.
_NOT_MISSED = frozenset({Cause.NORMAL, Cause.FORWARDED, Cause.LOST})
_ORDER = {what: place for place, what in enumerate(What)}


class State(StrEnum):
    """Where a call is."""

    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


class Outcome(StrEnum):
    """What became of ringing somebody."""

    RINGING = "ringing"
    ANSWERED = "answered"
    ELSEWHERE = "elsewhere"  # somebody else answered
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Rung:
    """Somebody who is rung, or was.

    Attributes:
        extension: Whom; all devices of an extension are one.
        since: When the first device began to ring.
        until: When the last one stopped; None while one rings.
        outcome: What became of it.
        cause: Why it stopped, where the phone system tells.
    """

    extension: str
    since: dt.datetime
    until: dt.datetime | None
    outcome: Outcome
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """A stretch of time in which an extension talks; empty for somebody outside."""

    extension: str
    since: dt.datetime
    until: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        source: The adapter that told it.
        id: The phone system's name for it.
        linked: Its other names.
        direction: From where to where.
        from_number: The caller's number as sent; empty where withheld.
        to_number: The called number.
        placed_by: Who of ours calls: an extension or a login; empty for a call from outside.
        rung: Whom it rang, in the order of time, each extension once.
        talks: Who talked, in the order of time.
        queue: The last queue or ring group that it went through.
        started: When it began.
        answered: When somebody answered first; None where nobody did yet.
        ended: When it was over; None while it is up.
        cause: Why it ended.
        recording: Address of the recording.
        verified: What the network says of the caller's number.
        latest: When the last thing happened that is known of it.
    """

    source: str
    id: str
    linked: tuple[str, ...]
    direction: Direction
    from_number: str
    to_number: str
    placed_by: str
    rung: tuple[Rung, ...]
    talks: tuple[Talk, ...]
    queue: str
    started: dt.datetime
    answered: dt.datetime | None
    ended: dt.datetime | None
    cause: Cause | None
    recording: str
    verified: str
    latest: dt.datetime

    @property
    def state(self) -> State:
        """Where it is."""
        if self.ended is not None:
            return State.ENDED
        return State.TALKING if self.answered is not None else State.RINGING

    @property
    def answered_by(self) -> str:
        """The extension that answered first; empty where none did."""
        return self.talks[0].extension if self.talks else ""

    @property
    def extensions(self) -> tuple[str, ...]:
        """Who of ours called, was rung or talked, each once."""
        taking_part = (self.placed_by, *(one.extension for one in self.rung), *(one.extension for one in self.talks))
        return tuple(dict.fromkeys(filter(None, taking_part)))

    @property
    def other_number(self) -> str:
        """The number of the side outside; empty for an internal call."""
        return {Direction.IN: self.from_number, Direction.OUT: self.to_number}.get(self.direction, "")

    @property
    def missed(self) -> bool:
        """Somebody outside called, and nobody answered; where the end was not told, nobody knows."""
        unanswered = self.ended is not None and self.answered is None
        return self.direction is Direction.IN and unanswered and self.cause not in _NOT_MISSED

    @property
    def talk_s(self) -> int:
        """Seconds from the first answer to the end; 0 where it is not over, or nobody answered."""
        return _seconds(self.answered, self.ended)

    @property
    def wait_s(self) -> int:
        """Seconds from the beginning to the first answer, or to the end; 0 while it rings."""
        return _seconds(self.started, self.answered or self.ended)


def call_of(events: Iterable[Event]) -> Call:
    """The call that events come to.

    Args:
        events: At least one; all of one source and call, in any order, each any number of times.
    """
    known = sorted(_once(events), key=_place)
    end = _end(known)
    ended = end.at if end else None
    if ended is not None:
        # Where no time is told, what was heard after the end happened before it.
        known = sorted((one if one.timed else replace(one, at=min(one.at, ended)) for one in known), key=_place)
    # Nobody rings or talks after the end; what a phone system tells of the whole, such as a recording, may come later.
    during = [event for event in known if ended is None or event.at <= ended]
    answers = [event for event in during if event.what is What.ANSWERED]
    answered = answers[0].at if answers else None
    first = known[0]
    direction = _first(known, lambda event: event.direction) or Direction.IN
    from_number = _first(known, lambda event: event.from_number) or ""
    begun_by = _first(known, lambda event: event.extension if event.what is What.BEGAN else "") or from_number
    return Call(
        source=first.source,
        id=first.call_id,
        linked=tuple(sorted({name for event in known for name in event.linked} - {first.call_id})),
        direction=direction,
        from_number=from_number,
        to_number=_first(known, lambda event: event.to_number) or "",
        placed_by="" if direction is Direction.IN else begun_by,
        rung=_rung(during, answered, ended),
        talks=_talks(during, answers, ended),
        queue=_first(known[::-1], lambda event: event.queue) or "",
        started=min(first.at, ended or first.at),
        answered=answered,
        ended=ended,
        cause=end.cause if end else None,
        recording=_first(known[::-1], lambda event: event.recording) or "",
        verified=_first(known, lambda event: event.verified) or "",
        latest=known[-1].at,
    )


def compacted(events: Iterable[Event]) -> list[Event]:
    """Fewer events that come to the same call: a queue rings the same people for an hour.

    Of those who are rung again and again and never answer, the first and the last time tell all.
    """
    known = sorted(events, key=_place)
    answered = {event.extension for event in known if event.what is What.ANSWERED}
    first: dict[tuple[What, str, str], Event] = {}
    last: dict[tuple[What, str, str], Event] = {}
    for event in known:
        place = (event.what, event.extension, event.device)
        first.setdefault(place, event)
        last[place] = event
    kept = {*first.values(), *last.values()}
    return [event for event in known if event in kept or event.extension in answered or not _only_rings(event)]


def _only_rings(event: Event) -> bool:
    """Whether it tells of ringing and nothing else of the call."""
    told = (event.direction, event.from_number, event.to_number, event.queue, event.linked)
    return event.what in {What.RUNG, What.LEFT} and not any((*told, event.recording, event.verified))


def _once(events: Iterable[Event]) -> set[Event]:
    """Each event once; of those that were heard more than once, the first."""
    heard: dict[Event, Event] = {}
    for event in set(events):
        alike = event if event.timed else replace(event, at=_NEVER)
        heard[alike] = min(event, heard.get(alike, event), key=lambda one: one.at)
    return set(heard.values())


def _place(event: Event) -> tuple[object, ...]:
    """Where an event stands among others: no two that differ stand alike."""
    told = (event.direction or "", event.from_number, event.to_number, event.cause or "", event.linked, event.timed)
    rest = (event.queue, event.recording, event.verified)
    return event.at, _ORDER[event.what], event.extension, event.device, *told, *rest


def _end(known: Sequence[Event]) -> Event | None:
    """The end that counts.

    Records of a call's parts each have an end; one that is followed by ringing or an answer was not the call's. An end
    that the bridge only supposed counts where nothing was heard after it.
    """
    busy = max((event.at for event in known if event.timed and event.what in _BUSY), default=_NEVER)
    ends = [event for event in known if event.what is What.ENDED]
    told = [event for event in ends if event.cause is not Cause.LOST and (not event.timed or event.at >= busy)]
    return next(iter(told or [event for event in ends if event is known[-1]]), None)


def _first(known: Iterable[Event], value: Callable[[Event], T | None]) -> T | None:
    return next((found for event in known if (found := value(event))), None)


def _rung(known: Sequence[Event], answered: dt.datetime | None, ended: dt.datetime | None) -> tuple[Rung, ...]:
    """Each extension that was rung, once."""
    ringing: dict[str, dict[str, dt.datetime | None]] = {}
    since: dict[str, dt.datetime] = {}
    taken: set[str] = set()
    causes: dict[str, Cause | None] = {}
    for event in known:
        devices = ringing.get(event.extension)
        if event.what is What.RUNG:
            since.setdefault(event.extension, event.at)
            ringing.setdefault(event.extension, {})[event.device] = None
        elif devices is not None and event.what is What.LEFT:
            stopped = [event.device] if event.device else list(devices)
            devices.update({device: event.at for device in stopped if devices.get(device, event.at) is None})
            causes[event.extension] = event.cause or causes.get(event.extension)
        elif event.what is What.ANSWERED:
            taken |= {event.extension} & ringing.keys()
            for others in ringing.values():
                others.update({device: event.at for device, until in others.items() if until is None})
    found = []
    for extension, devices in ringing.items():
        ends = [until or ended for until in devices.values()]
        until = None if None in ends else max(end for end in ends if end is not None)
        if extension in taken:
            outcome = Outcome.ANSWERED
        elif until is None:
            outcome = Outcome.RINGING
        else:
            outcome = Outcome.ELSEWHERE if answered is not None and answered <= until else Outcome.UNANSWERED
        found.append(Rung(extension, since[extension], until, outcome, causes.get(extension)))
    return tuple(found)


def _talks(known: Sequence[Event], answers: Sequence[Event], ended: dt.datetime | None) -> tuple[Talk, ...]:
    """Who talked: from an answer until they leave, answer again, or the call ends."""
    found = []
    for place, answer in enumerate(answers):
        later = [event for event in known[known.index(answer) + 1 :] if event.extension == answer.extension]
        leaves = (event.at for event in later if event.what in {What.LEFT, What.ANSWERED} and not event.device)
        if any(other.extension == answer.extension and other.at == answer.at for other in answers[:place]):
            continue
        found.append(Talk(answer.extension, answer.at, next(leaves, ended)))
    return tuple(found)


def _seconds(begun: dt.datetime | None, over: dt.datetime | None) -> int:
    return round((over - begun).total_seconds()) if begun is not None and over is not None else 0
