"""What each of the manager's messages changes in the picture of what is up, and which calls it touches."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping

from bridge.calls.ami.channels import UP, Channel, Channels
from bridge.calls.ami.messages import Message


class Picture:
    """The channels that are up, kept so by messages.

    Args:
        calls: The calls that have begun, by their ids; only of those it counts that they become part of another one.

    Attributes:
        channels: What is up.
        joined: Calls that have become part of another one, and of which.
        gone: Channels that have ended, by their calls; who has looked at them takes them out.
    """

    def __init__(self, calls: Mapping[str, object]) -> None:
        self._calls = calls
        self.channels = Channels()
        self.joined: dict[str, str] = {}
        self.gone: dict[str, dict[str, Channel]] = {}
        self._unlisted: set[str] = set()  # channels not seen yet in the list under way
        self._handlers: dict[str, Callable[[Message, dt.datetime], set[str]]] = {
            "Newchannel": self._new,
            "Newstate": self._seen,
            "DialBegin": self._dial_begin,
            "DialEnd": self._dial_end,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "AttendedTransfer": self._attended_transfer,
            "QueueCallerJoin": self._queue,
            "Hangup": self._hangup,
            "BridgeListItem": self._bridge_listed,
            "Status": self._listed,
        }

    def take(self, message: Message, at: dt.datetime) -> set[str]:
        """Take a message over; the calls that it touches. Most messages touch none."""
        handler = self._handlers.get(message.get("Event", ""))
        return handler(message, at) if handler else set()

    def list_begins(self) -> None:
        """What is not in the list that comes now is not up any more."""
        self._unlisted = {channel.id for channel in self.channels}

    def list_ends(self) -> None:
        """The list is complete."""
        for identity in self._unlisted:
            self._remove(identity)
        self._unlisted = set()

    def _new(self, message: Message, at: dt.datetime) -> set[str]:
        channel = self.channels.seen(message, at)
        if channel is None:
            return set()
        channel.began_at = at
        return {channel.call}

    def _seen(self, message: Message, at: dt.datetime) -> set[str]:
        channel = self.channels.seen(message, at)
        return {channel.call} if channel else set()

    def _dial_begin(self, message: Message, at: dt.datetime) -> set[str]:
        dialler = self.channels.seen(message, at)
        channel = self.channels.seen(message, at, "Dest")
        if channel is None:
            return set()
        channel.dialled = True
        channel.dialler = dialler.id if dialler else ""
        return {channel.call}

    def _dial_end(self, message: Message, at: dt.datetime) -> set[str]:
        channel = self.channels.seen(message, at, "Dest")
        if channel is None:
            return set()
        status = "FORWARD" if message.get("Forward") else message.get("DialStatus", "")
        if status != "ANSWER":
            self.channels.dial_ended(channel, status)
        return {channel.call}

    def _bridge_enter(self, message: Message, at: dt.datetime) -> set[str]:
        bridge = message.get("BridgeUniqueid", "")
        self.channels.bridge(bridge, message.get("BridgeTechnology", ""))
        if swapped := self.channels.get(message.get("SwapUniqueid", "")):
            self.channels.leave(swapped, bridge)
        channel = self.channels.seen(message, at)
        return self._entered(channel, bridge) if channel else set()

    def _bridge_leave(self, message: Message, at: dt.datetime) -> set[str]:
        channel = self.channels.seen(message, at)
        if channel is None:
            return set()
        self.channels.leave(channel, message.get("BridgeUniqueid", ""))
        return {channel.call}

    def _queue(self, message: Message, at: dt.datetime) -> set[str]:
        channel = self.channels.seen(message, at)
        if channel is None:
            return set()
        channel.queue = message.get("Queue", "")
        return {channel.call}

    def _hangup(self, message: Message, at: dt.datetime) -> set[str]:
        channel = self.channels.seen(message, at)
        if channel is None:
            return set()
        cause = message.get("Cause", "")
        channel.cause = int(cause) if cause.isdecimal() else 0
        channel.ended = True
        self._remove(channel.id)
        heir = self.channels.get(channel.heir)
        taken_over = self._entered(heir, channel.bridge) if heir and channel.bridge else set()
        return {channel.call, *taken_over}

    def _attended_transfer(self, message: Message, _at: dt.datetime) -> set[str]:
        if channel := self.channels.get(message.get("SecondTransfererUniqueid", "")):
            channel.heir = message.get("TransfereeUniqueid", "")
        return set()

    def _bridge_listed(self, message: Message, _at: dt.datetime) -> set[str]:
        self.channels.bridge(message.get("BridgeUniqueid", ""), message.get("BridgeTechnology", ""))
        return set()

    def _listed(self, message: Message, at: dt.datetime) -> set[str]:
        channel = self.channels.seen(message, at)
        if channel is None:
            return set()
        self._unlisted.discard(channel.id)
        channel.exten = message.get("DNID") or channel.exten  # what was dialled, wherever the dialplan is by now
        answered = message.get("Variable", "").removeprefix("CDR(answer,u)=")
        if channel.state == UP and re.fullmatch(r"[1-9]\d*\.\d+", answered):
            channel.up_at = dt.datetime.fromtimestamp(float(answered), dt.UTC)
        if message.get("Application") == "Queue":
            channel.queue = message.get("Data", "").partition(",")[0]
        bridge = message.get("BridgeID", "")
        if not bridge:
            channel.bridge = ""
            return {channel.call}
        return self._entered(channel, bridge)

    def _entered(self, channel: Channel, bridge: str) -> set[str]:
        joined = self.channels.enter(channel, bridge)
        self.joined.update(dict.fromkeys(joined & self._calls.keys(), channel.call))
        return {channel.call, *joined}

    def _remove(self, identity: str) -> None:
        if channel := self.channels.remove(identity):
            self.gone.setdefault(channel.call, {})[identity] = channel
