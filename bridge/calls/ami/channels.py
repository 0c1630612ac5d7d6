"""What is up in Asterisk, by its manager's messages: channels, who has dialled them, and who hears whom.

A message that comes twice, or that tells what is known, changes nothing; one about a channel that is gone does not
bring it back. So the same picture comes out of a live connection, of one that was cut, and of the list that Asterisk
gives of what is up (``Status``).

Two channels hear each other when they are in one bridge, or when a chain of bridges and Local channels leads from
one to the other: ``Local/…;1`` and ``;2`` are the two ends of one wire. Bridges in which everybody waits (parking,
holding) connect nobody.

What Asterisk 22 was seen to do:

* Channels of two calls that meet in a bridge are one call from then on: each takes the ``Linkedid`` of the oldest. The
  first message with the new one may come only at the channel's end, so it is concluded here from the bridge.
* Who stops ringing because another one has answered gets ``DialEnd`` with ``CANCEL`` *before* the ``DialEnd`` of the
  one who has; only ``Hangup`` tells them apart, by ``Cause: 26``.
* Somebody is connected with a colleague who answers in the same moment: then the caller takes the place of the one who
  asked without any ``BridgeEnter``. The one who asked hangs up without a ``BridgeLeave``, and ``AttendedTransfer`` has
  told before who is whose heir.
* When the time of a queue is over, a Local channel gets ``NOANSWER`` and then ``CANCEL``, and the phone behind it only
  ``CANCEL``. So the first status counts, and a Local channel's is that of the phone behind it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bridge.calls.ami.messages import Message

UP = 6  # AST_STATE_UP
DIALLED_STATES = frozenset({"0", "5"})  # down, ringing: what Asterisk dials; who dials Asterisk begins with 4, ring
DIALLED_BY = frozenset({"AppDial", "AppDial2", "AppQueue"})  # what Status calls the application of a dialled channel
GONE_KEPT = 4096
HOLDING = "holding_bridge"
ELSEWHERE = 26  # AST_CAUSE_ANSWERED_ELSEWHERE
UNKNOWN = frozenset({"", "<unknown>"})

_ID = re.compile(r"(?:.*-)?(\d{9,11})\.(\d+)")  # a Uniqueid: maybe Asterisk's systemname, seconds since 1970, a count
_DIALLED_NUMBER = re.compile(r"[+*#]?\d[\d*#]*|\*[\d*#]*")


@dataclass(slots=True)
class Channel:
    """One channel.

    Attributes:
        id: Its Uniqueid.
        name: Such as ``PJSIP/101-0000002a``.
        call: The Linkedid of the call it belongs to now.
        state: Asterisk's number; 6 is up.
        dialled: Asterisk has made it, to call somebody; otherwise somebody has called Asterisk by it.
        dialler: Id of the channel that dials it, if any has.
        number: Its caller ID number.
        exten: The first number that it was in the dialplan with; what the caller has dialled.
        status: How the dialling of it ended, as ``DialEnd`` said first: ANSWER, BUSY, NOANSWER, CANCEL …
        forwarded: It has sent the caller on.
        cause: Of its end (ITU-T Q.850), 0 while it is up or where none is told.
        ended: Asterisk has said that it is over; otherwise it was only not there any more.
        began_at: When it was made, if that was heard.
        bridge: The bridge it is in, or an empty text.
        heir: Id of the channel that takes its place in an attended transfer.
        queue: The last queue it waited in.
        up_at: When it was answered, or has answered.
    """

    id: str
    name: str = ""
    call: str = ""
    state: int = 0
    dialled: bool = False
    dialler: str = ""
    number: str = ""
    exten: str = ""
    status: str = ""
    forwarded: bool = False
    cause: int = 0
    ended: bool = False
    began_at: dt.datetime | None = None
    bridge: str = ""
    heir: str = ""
    queue: str = ""
    up_at: dt.datetime | None = None

    @property
    def local(self) -> bool:
        """It is one end of a wire inside Asterisk, and nobody's."""
        return self.name.startswith("Local/")

    @property
    def rings(self) -> bool:
        """Asterisk has called somebody, who has not answered yet."""
        return self.dialled and self.state != UP and not self.status

    @property
    def device(self) -> str:
        """Whose it is, such as ``PJSIP/101``: the name without the count behind it."""
        return self.name.rpartition("-")[0]


def born_at(identity: str) -> dt.datetime | None:
    """The time in a Uniqueid or Linkedid, to the second; none where somebody else has chosen the id."""
    found = _ID.fullmatch(identity)
    return dt.datetime.fromtimestamp(int(found[1]), dt.UTC) if found else None


class Channels:
    """All channels that are up."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._holding: set[str] = set()
        self._gone: OrderedDict[str, None] = OrderedDict()

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())

    def get(self, identity: str) -> Channel | None:
        """A channel that is up."""
        return self._channels.get(identity)

    def of(self, call: str) -> list[Channel]:
        """The channels of a call, in the order in which they were first heard of."""
        return [channel for channel in self if channel.call == call]

    def seen(self, message: Message, at: dt.datetime, prefix: str = "") -> Channel | None:
        """Take over what a message tells of a channel.

        Args:
            message: Any message with ``…Uniqueid``.
            at: When that was so.
            prefix: Before its keys: empty or ``Dest``.

        Returns:
            The channel; none where the message names none, or one that is gone.
        """
        identity = message.get(f"{prefix}Uniqueid", "")
        if not identity or identity in self._gone:
            return None
        told = _Told(message, prefix)
        channel = self._channels.get(identity)
        if channel is None:
            channel = self._channels[identity] = Channel(identity)
            channel.dialled = told.text("ChannelState") in DIALLED_STATES or told.text("Application") in DIALLED_BY
        channel.name = told.text("Channel") or channel.name
        linked = told.text("Linkedid") or channel.call or identity
        channel.call = min(channel.call or linked, linked, key=_age)
        state = told.text("ChannelState")
        # Nobody falls back from up to ringing: such a message was under way for longer than its successors.
        if state.isdecimal() and channel.state != UP:
            channel.state = int(state)
            channel.up_at = at if channel.state == UP else None
        channel.number = told.text("CallerIDNum") or channel.number
        exten = told.text("Exten")
        if not channel.exten and _DIALLED_NUMBER.fullmatch(exten):
            channel.exten = exten
        return channel

    def bridge(self, bridge: str, technology: str) -> None:
        """What is told of a bridge."""
        if technology == HOLDING:
            self._holding.add(bridge)

    def enter(self, channel: Channel, bridge: str) -> set[str]:
        """A channel enters a bridge, or is found in it.

        Returns:
            The calls that are over with it, since they have become an older one.
        """
        channel.bridge = bridge
        if bridge in self._holding:
            return set()
        inside = [other for other in self if other.bridge == bridge]
        oldest = min((other.call for other in inside), key=_age)
        joined = {other.call for other in inside} - {oldest}
        for other in inside:
            other.call = oldest
        return joined

    def leave(self, channel: Channel, bridge: str) -> None:
        """A channel leaves a bridge."""
        if channel.bridge == bridge:
            channel.bridge = ""

    def remove(self, identity: str) -> Channel | None:
        """A channel is gone for good."""
        self._gone[identity] = None
        if len(self._gone) > GONE_KEPT:
            self._gone.popitem(last=False)
        return self._channels.pop(identity, None)

    def dial_ended(self, channel: Channel, status: str) -> None:
        """The dialling of a channel has ended otherwise than with an answer, and so has that of who is behind it."""
        channel.status = channel.status or status
        if channel.local and (end := self.other_end(channel)) is not None:
            for behind in self:
                if behind.dialler == end.id and behind is not channel:
                    behind.status = behind.status or status

    def other_end(self, channel: Channel) -> Channel | None:
        """The other end of a Local channel."""
        name, _, end = channel.name.rpartition(";")
        wanted = f"{name};{'2' if end == '1' else '1'}"
        return next((other for other in self if other.name == wanted), None)

    def hears(self, channel: Channel) -> list[Channel]:
        """Who hears a channel, and is heard by it; Local channels are no people, and whoever waits hears nobody."""
        if not self._talks(channel):
            return []
        reached, edge = {channel.id: channel}, [channel]
        while edge:
            here = edge.pop()
            near = (
                [other for other in self if here.bridge and other.bridge == here.bridge] if self._talks(here) else []
            )
            if here.local and (end := self.other_end(here)) is not None:
                near.append(end)
            for other in near:
                if other.id not in reached:
                    reached[other.id] = other
                    edge.append(other)
        return [other for other in reached.values() if other is not channel and not other.local and self._talks(other)]

    def _talks(self, channel: Channel) -> bool:
        return bool(channel.bridge) and channel.bridge not in self._holding


class _Told:
    """What a message says of one channel."""

    def __init__(self, message: Mapping[str, str], prefix: str) -> None:
        self._message, self._prefix = message, prefix

    def text(self, key: str) -> str:
        value = self._message.get(f"{self._prefix}{key}", "")
        return "" if value in UNKNOWN else value


def _age(identity: str) -> tuple[int, int, str]:
    """Sorts ids from the oldest on; one that somebody else has chosen counts as young, as its age is unknown."""
    found = _ID.fullmatch(identity)
    return (int(found[1]), int(found[2]), identity) if found else (1 << 40, 0, identity)
