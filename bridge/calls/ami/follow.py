"""From the manager's messages to events of calls, without I/O.

``Picture`` says what is up. After each message the calls that it touched are compared with what was told of them
before, and the difference is told: who began to ring, who talks, who left. So nothing is told twice, and after a gap
(the connection was cut, the bridge was started anew) the same comparison tells what has changed meanwhile.

A call is all channels with one ``Linkedid``. Its first channel, the one with that id, is the caller's: a device of
ours calls out or inside, anything else calls in. What a device only asks of Asterisk (its voice mail, a feature code,
the call of a colleague that it picks up) is no call of its own: a call begins when somebody is dialled for it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from bridge.calls.ami.channels import ELSEWHERE, UP, Channel, born_at
from bridge.calls.ami.messages import Message
from bridge.calls.ami.picture import Picture
from bridge.calls.call import Call
from bridge.calls.event import Cause, Direction, Event, What

SOURCE = "ami"

# What DialEnd says, and ITU-T Q.850's numbers as Asterisk's causes.h has them; anything else is an ordinary end.
STATUSES = {
    "BUSY": Cause.BUSY,
    "NOANSWER": Cause.NO_ANSWER,
    "CANCEL": Cause.CANCELLED,
    "CONGESTION": Cause.CONGESTION,
    "CHANUNAVAIL": Cause.CONGESTION,
    "FORWARD": Cause.FORWARDED,
}
CAUSES = {
    1: Cause.NOT_FOUND,
    17: Cause.BUSY,
    18: Cause.NO_ANSWER,
    19: Cause.NO_ANSWER,
    21: Cause.BUSY,
    28: Cause.NOT_FOUND,
    34: Cause.CONGESTION,
    38: Cause.CONGESTION,
    42: Cause.CONGESTION,
}


@dataclass(slots=True)
class _Told:
    """What was told of a call.

    Attributes:
        direction: None before it began.
        ringing: The extensions that ring, by ids of channels.
        talking: The extensions that talk, by ids of channels; empty for somebody outside.
        before: Extensions that rang or talked when the bridge was last running, and whether they talked.
        queue: The last queue told.
        answered: Whether anybody has talked.
        cause: Why nobody has, as far as is known.
    """

    direction: Direction | None = None
    ringing: dict[str, str] = field(default_factory=dict)
    talking: dict[str, str] = field(default_factory=dict)
    before: dict[str, bool] = field(default_factory=dict)
    queue: str = ""
    answered: bool = False
    cause: Cause | None = None


class Follower:
    """Follows all calls of one Asterisk.

    Args:
        extension_of: The extension of a device such as ``PJSIP/101-mobile``; empty for one outside, such as a trunk.
        known: The calls that were up when the bridge was last running, so that nothing of them is told again.
    """

    def __init__(self, extension_of: Callable[[str], str], known: Iterable[Call] = ()) -> None:
        self._extension_of = extension_of
        self._told: dict[str, _Told] = {call.id: _before(call) for call in known}
        self._picture = Picture(self._told)
        self._channels = self._picture.channels
        self._last_at: dict[str, dt.datetime] = {}
        self._whole = False  # whether all that is up is known
        self._gap = False  # whether what is compared now has happened while nobody listened

    def take(self, message: Message, heard_at: dt.datetime) -> list[Event]:
        """What a message means.

        Args:
            message: Any message; most mean nothing.
            heard_at: When it came; counts where Asterisk does not tell the time (``timestampevents``).
        """
        at = _time(message, heard_at)
        touched = self._picture.take(message, at)
        if not self._whole:
            return []  # half a picture would look like people leaving
        return [event for call in sorted(touched) for event in self._compared(call, at)]

    def connected(self) -> None:
        """There is a new connection: nothing is told until a list has said what is up."""
        self._whole = False

    def list_begins(self) -> None:
        """Asterisk is asked what is up (``BridgeList``, then ``Status``); its answers go through ``take``."""
        self._picture.list_begins()

    def list_ends(self, heard_at: dt.datetime, gone_at: dt.datetime) -> list[Event]:
        """The list is complete, and so is every message about what was before it.

        Args:
            heard_at: Now.
            gone_at: When what is not in the list was last known to be up.
        """
        self._picture.list_ends()
        self._gap, self._whole = not self._whole, True
        calls = {channel.call for channel in self._channels} | self._told.keys() | self._picture.gone.keys()
        events = [event for call in sorted(calls) for event in self._compared_after_gap(call, heard_at, gone_at)]
        self._gap = False
        return events

    def _compared_after_gap(self, call: str, heard_at: dt.datetime, gone_at: dt.datetime) -> Iterator[Event]:
        up = self._channels.of(call)
        if told := self._told.get(call):
            for channel in up:  # who has talked and waits now, or has just taken up the phone, has not left
                extension = self._extension(channel)
                if extension in told.before and not channel.local and not channel.rings and channel.id != call:
                    (told.talking if told.before[extension] else told.ringing)[channel.id] = extension
        yield from self._compared(call, heard_at if up else gone_at)
        if told := self._told.get(call):
            for extension in sorted(told.before.keys() - {*told.ringing.values(), *told.talking.values()}):
                yield Event(source=SOURCE, call_id=call, what=What.LEFT, at=heard_at, extension=extension)
            told.before.clear()

    def _compared(self, call: str, at: dt.datetime) -> Iterator[Event]:
        """What is new of a call, the oldest first; nothing of it is older than what was told before."""
        for event in sorted(self._difference(call, at), key=lambda event: event.at):
            last_at = self._last_at.pop(call, event.at)
            later = replace(event, at=max(event.at, last_at))
            if event.what is not What.ENDED:
                self._last_at[call] = later.at
            yield later

    def _difference(self, call: str, at: dt.datetime) -> Iterator[Event]:
        up = self._channels.of(call)
        gone = self._picture.gone.pop(call, {})
        told = self._told.get(call)
        if told is None:
            told = _Told()
        if told.direction is None:
            caller = _caller(call, up, gone)
            if caller is None or (not up and caller.began_at is None):
                return  # of what was over before it was heard of, nobody knows what it was
            told.direction = self._direction(call, caller, up)
            if told.direction is None:
                return
            self._told[call] = told
            yield self._began(call, caller, told.direction, up, at)
        yield from self._queued(call, told, up, at)
        yield from self._rung(call, told, up, at)
        yield from self._answered(call, told, up, at)
        yield from self._left(call, told, up, gone, at)
        if not up:
            yield from self._ended(call, told, gone, at)

    def _direction(self, call: str, caller: Channel, up: list[Channel]) -> Direction | None:
        """From where to where; none as long as nobody is dialled, or it is not told which number."""
        if self._outside(caller) and not caller.dialled:
            # Whose call it was is gone where somebody outside is left who has not begun it: one of ours has called.
            return Direction.IN if caller.id == call else Direction.OUT
        dialled = _dialled(caller, up)
        if not any(caller.exten or channel.number or channel.state == UP for channel in dialled):
            return None
        return Direction.INTERNAL if any(self._extension(channel) for channel in dialled) else Direction.OUT

    def _began(self, call: str, caller: Channel, direction: Direction, up: list[Channel], at: dt.datetime) -> Event:
        number, exten = caller.number, caller.exten
        if direction is Direction.OUT and self._outside(caller):
            number, exten = "", caller.number
        extension = self._extension(caller)
        return Event(
            source=SOURCE,
            call_id=call,
            what=What.BEGAN,
            at=min(caller.began_at or born_at(call) or at, at),
            direction=direction,
            extension="" if direction is Direction.IN else extension,
            from_number=number if direction is Direction.IN else extension or number,
            to_number=exten or next((channel.number for channel in _dialled(caller, up)), ""),
        )

    def _queued(self, call: str, told: _Told, up: list[Channel], at: dt.datetime) -> Iterator[Event]:
        queue = next((channel.queue for channel in up if channel.queue), "")
        if queue and queue != told.queue:
            told.queue = queue
            yield Event(source=SOURCE, call_id=call, what=What.QUEUED, at=at, queue=queue)

    def _rung(self, call: str, told: _Told, up: list[Channel], at: dt.datetime) -> Iterator[Event]:
        for channel in up:
            extension = self._extension(channel)
            if not extension or not channel.rings or channel.id in {call, *told.ringing, *told.talking}:
                continue
            told.ringing[channel.id] = extension
            if extension not in told.before:
                yield Event(
                    source=SOURCE, call_id=call, what=What.RUNG, at=at, extension=extension, device=channel.device
                )

    def _answered(self, call: str, told: _Told, up: list[Channel], at: dt.datetime) -> Iterator[Event]:
        for channel in up:
            extension = self._extension(channel)
            ours = extension or (channel.dialled and not channel.local)
            if not ours or channel.id in {call, *told.talking} or not self._channels.hears(channel):
                continue
            # Who is dialled has answered when the phone was taken up, a little before the others stop ringing; who has
            # come by another way (picked it up, was asked first) does from now on. Where that was while nobody
            # listened, Asterisk tells since when both sides are up.
            rang = told.ringing.pop(channel.id, None) is not None or (not extension and not told.talking)
            since = channel.up_at if rang and channel.up_at else at
            if not rang and not told.answered and (self._gap or channel.began_at is None):
                both = (channel, self._channels.get(call))
                since = max((one.up_at for one in both if one is not None and one.up_at is not None), default=at)
            told.talking[channel.id] = extension
            told.answered = True
            if not told.before.get(extension):
                yield Event(
                    source=SOURCE,
                    call_id=call,
                    what=What.ANSWERED,
                    at=since,
                    extension=extension,
                    linked=tuple(sorted(other for other, into in self._picture.joined.items() if into == call)),
                )

    def _left(
        self, call: str, told: _Told, up: list[Channel], gone: dict[str, Channel], at: dt.datetime
    ) -> Iterator[Event]:
        here = {channel.id for channel in up}
        # A refusal or the end of the time is told at once, while its channel goes only later; CANCEL waits for the
        # channel's cause.
        done = {channel.id: channel for channel in up if channel.status not in {"", "CANCEL"}}
        for identity in told.ringing.keys() & done.keys():
            stopped = done[identity]
            told.cause = STATUSES.get(stopped.status, Cause.CANCELLED)
            yield Event(
                source=SOURCE,
                call_id=call,
                what=What.LEFT,
                at=at,
                extension=told.ringing.pop(identity),
                device=stopped.device,
                cause=told.cause,
            )
        for identity in told.ringing.keys() - here:
            extension, channel = told.ringing.pop(identity), gone.get(identity)
            if channel is None and call in self._picture.joined:  # answers with the other call on the line
                told.answered = True
                yield Event(source=SOURCE, call_id=call, what=What.ANSWERED, at=at, extension=extension)
                continue
            # Who stops because another one has answered is told of by that answer.
            if channel is None or channel.cause != ELSEWHERE:
                told.cause = self._why(channel)
                device = channel.device if channel else ""
                yield Event(
                    source=SOURCE,
                    call_id=call,
                    what=What.LEFT,
                    at=at,
                    extension=extension,
                    device=device,
                    cause=told.cause,
                )
        for channel in gone.values():
            if channel.dialled and not channel.local and not self._extension(channel) and not told.answered:
                told.cause = self._why(channel)
        for identity in sorted(told.talking.keys() - here):
            extension = told.talking.pop(identity)
            if extension not in told.talking.values():
                yield Event(
                    source=SOURCE, call_id=call, what=What.LEFT, at=at, extension=extension, cause=Cause.NORMAL
                )

    def _ended(self, call: str, told: _Told, gone: dict[str, Channel], at: dt.datetime) -> Iterator[Event]:
        del self._told[call]
        into = self._picture.joined.pop(call, "")
        seen = any(channel.ended for channel in gone.values()) or bool(into)
        # Somebody was up at the end of whom no answer was heard: nobody knows since when.
        others = (channel for channel in gone.values() if channel.id != call and not channel.local)
        unheard = self._gap and not told.answered and any(channel.state == UP for channel in others)
        if not seen or unheard:
            cause = Cause.LOST
        elif told.answered:
            cause = Cause.NORMAL
        else:
            codes = (CAUSES.get(channel.cause) for channel in gone.values())
            cause = told.cause or next((code for code in codes if code), Cause.CANCELLED)
        for other in [other for other, whole in self._picture.joined.items() if whole == call]:
            del self._picture.joined[other]
        yield Event(source=SOURCE, call_id=call, what=What.ENDED, at=at, cause=cause, linked=(into,) if into else ())

    def _why(self, channel: Channel | None) -> Cause | None:
        """Why somebody who rang does no more."""
        if channel is None or not channel.ended:
            return None
        return STATUSES.get(channel.status) or CAUSES.get(channel.cause, Cause.CANCELLED)

    def _outside(self, channel: Channel) -> bool:
        return not channel.local and not self._extension(channel)

    def _extension(self, channel: Channel) -> str:
        return "" if channel.local else self._extension_of(channel.device)


def _caller(call: str, up: list[Channel], gone: dict[str, Channel]) -> Channel | None:
    """The channel that began a call; where it has gone meanwhile, the one that has been there longest."""
    known = {channel.id: channel for channel in (*up, *gone.values())}
    if call in known or not known:
        return known.get(call)
    return next((channel for channel in up if not channel.dialled), next(iter(up), None))


def _dialled(caller: Channel, up: list[Channel]) -> list[Channel]:
    """Who is called, or was."""
    return [channel for channel in up if channel.dialled and not channel.local and channel is not caller]


def _before(call: Call) -> _Told:
    """What was told of a call before the bridge was started anew."""
    before = {rung.extension: False for rung in call.rung if rung.until is None}
    before |= {talk.extension: True for talk in call.talks if talk.until is None}
    return _Told(
        direction=call.direction,
        before=before,
        queue=call.queue,
        answered=call.answered is not None,
    )


def _time(message: Message, heard_at: dt.datetime) -> dt.datetime:
    """When something happened: Asterisk's own time where ``timestampevents`` is set."""
    told = message.get("Timestamp", "")
    if not re.fullmatch(r"\d{9,11}\.\d{1,6}", told):
        return heard_at
    return dt.datetime.fromtimestamp(float(told), dt.UTC)
