"""What happens in the office: each scene is played by phones, and says what a call log must show of it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.pbx.office import DID, Office
from tests.pbx.phones import Dialog

WAIT_S = 20


@dataclass
class Truth:
    """One call, as the scene made it.

    Attributes:
        direction: in, out or internal.
        caller, called: As the log must show them.
        rung: The extensions that rang, with how it ended for each: answered, elsewhere, or a value of ``Cause``.
        answered_by: Who spoke with the other side, in order; empty for somebody outside.
        queue: Its queue.
        missed: Whether nobody has answered.
        talk_s: Seconds from the first answer to the end, where somebody has answered.
    """

    direction: str
    caller: str
    called: str
    rung: Mapping[str, str] = field(default_factory=dict)
    answered_by: Sequence[str] = ()
    queue: str = ""
    missed: bool = False
    talk_s: float = 0.0


@dataclass
class Stage:
    """Where a scene is played.

    Attributes:
        caller: A number that no other call has.
        pause_s: How long people take.
        answered_at: When they spoke first, by the event loop's clock.
        made: The name that the caller sends, for each call.
        since: When the scene began, by the wall clock.
    """

    office: Office
    caller: str
    pause_s: float = 0.1
    answered_at: float = 0.0
    made: list[str] = field(default_factory=list)
    since: float = field(default_factory=time.time)

    @property
    def name(self) -> str:
        """What phones show, to tell the calls apart."""
        return f"N{self.caller}"

    @property
    def customer(self) -> str:
        """A number outside that no other call has."""
        return f"646{self.caller[-7:]}"

    def call(self, number: str) -> Dialog:
        """Call in from outside."""
        self.made.append(self.name)
        return self.office.trunk.call(number, self.caller, self.name)

    def dial(self, extension: str, number: str, mark: str = "") -> Dialog:
        """Call from a phone."""
        self.made.append(self.name + mark)
        return self.office.phones[extension].call(number, extension, self.name + mark)

    async def rung(self, *extensions: str, mark: str = "") -> list[Dialog]:
        """Wait until phones ring."""
        return [await self.office.phones[extension].invited(self.name + mark) for extension in extensions]

    async def outside(self) -> Dialog:
        """Wait until the trunk is called."""
        return await self.office.trunk.invited(self.name)

    @property
    def talked_s(self) -> float:
        """Seconds since somebody talked first."""
        return asyncio.get_running_loop().time() - self.answered_at

    async def pause(self) -> None:
        await asyncio.sleep(self.pause_s)

    async def talk(self, *sides: Dialog) -> float:
        """Speak for a while once all sides are up; how long, until the next thing is done."""
        for side in sides:
            await asyncio.wait_for(side.up.wait(), WAIT_S)
        since = asyncio.get_running_loop().time()
        self.answered_at = self.answered_at or since
        await self.pause()
        return asyncio.get_running_loop().time() - since


async def over(*dialogs: Dialog) -> None:
    """Wait until phones have seen the end."""
    for dialog in dialogs:
        await asyncio.wait_for(dialog.over.wait(), WAIT_S)


async def answered(stage: Stage) -> Truth:
    call = stage.call(DID)
    (desk,) = await stage.rung("102")
    await stage.pause()
    desk.answer()
    await stage.talk(call, desk)
    call.hang_up()
    await over(desk)
    return Truth("in", stage.caller, DID, {"102": "answered"}, ("102",), talk_s=stage.talked_s)


async def callee_hangs_up(stage: Stage) -> Truth:
    call = stage.call("2125550103")
    (desk,) = await stage.rung("103")
    desk.answer()
    await stage.talk(call, desk)
    desk.hang_up()
    await over(call)
    return Truth("in", stage.caller, "2125550103", {"103": "answered"}, ("103",), talk_s=stage.talked_s)


async def no_answer(stage: Stage) -> Truth:
    """It rings for a second; then the PBX takes the call, as a voice mail does."""
    call = stage.call("2125550007")
    (desk,) = await stage.rung("102")
    await over(desk)
    await stage.talk(call)
    call.hang_up()
    return Truth("in", stage.caller, "2125550007", {"102": "noAnswer"}, missed=True)


async def busy(stage: Stage) -> Truth:
    call = stage.call("2125550104")
    (desk,) = await stage.rung("104")
    desk.reject(486)
    await over(call)
    return Truth("in", stage.caller, "2125550104", {"104": "busy"}, missed=True)


async def abandoned(stage: Stage) -> Truth:
    call = stage.call(DID)
    (desk,) = await stage.rung("102")
    await stage.pause()
    call.hang_up()
    await over(desk, call)
    return Truth("in", stage.caller, DID, {"102": "cancel"}, missed=True)


async def abandoned_in_menu(stage: Stage) -> Truth:
    call = stage.call("2125550005")
    await stage.talk(call)
    call.hang_up()
    return Truth("in", stage.caller, "2125550005", missed=True)


def group(number: str, *extensions: str) -> Callable[[Stage], Awaitable[Truth]]:
    """All ring, the second answers, nobody else has missed it."""

    async def play(stage: Stage) -> Truth:
        call = stage.call(number)
        desks = await stage.rung(*extensions)
        await stage.pause()
        desks[1].answer()
        await stage.talk(call, desks[1])
        await over(*(desk for desk in desks if desk is not desks[1]))
        call.hang_up()
        await over(desks[1])
        rung = dict.fromkeys(extensions, "elsewhere") | {extensions[1]: "answered"}
        return Truth("in", stage.caller, number, rung, (extensions[1],), talk_s=stage.talked_s)

    return play


async def group_abandoned(stage: Stage) -> Truth:
    call = stage.call("2125550001")
    desks = await stage.rung("102", "103", "104")
    await stage.pause()
    call.hang_up()
    await over(*desks, call)
    return Truth("in", stage.caller, "2125550001", dict.fromkeys(("102", "103", "104"), "cancel"), missed=True)


async def queue(stage: Stage) -> Truth:
    call = stage.call("2125550002")
    first, second = await stage.rung("105", "106")
    await stage.pause()
    second.answer()
    await stage.talk(call, second)
    await over(first)
    second.hang_up()
    await over(call)
    rung = {"105": "elsewhere", "106": "answered"}
    return Truth("in", stage.caller, "2125550002", rung, ("106",), "support", talk_s=stage.talked_s)


async def queue_abandoned(stage: Stage) -> Truth:
    call = stage.call("2125550002")
    desks = await stage.rung("105", "106")
    await stage.pause()
    call.hang_up()
    await over(*desks)
    rung = {"105": "cancel", "106": "cancel"}
    return Truth("in", stage.caller, "2125550002", rung, queue="support", missed=True)


async def queue_next_member(stage: Stage) -> Truth:
    """The first member, a Local channel, does not answer within a second; the next one does."""
    call = stage.call("2125550008")
    (first,) = await stage.rung("107")
    await over(first)
    (second,) = await stage.rung("108")
    second.answer()
    await stage.talk(call, second)
    call.hang_up()
    await over(second)
    rung = {"107": "noAnswer", "108": "answered"}
    return Truth("in", stage.caller, "2125550008", rung, ("108",), "locals", talk_s=stage.talked_s)


async def two_devices(stage: Stage) -> Truth:
    """A desk phone and a mobile are one extension."""
    call = stage.call("2125550003")
    desk, mobile = await stage.rung("101", "101-mobile")
    await stage.pause()
    mobile.answer()
    await stage.talk(call, mobile)
    await over(desk)
    mobile.hang_up()
    await over(call)
    return Truth("in", stage.caller, "2125550003", {"101": "answered"}, ("101",), talk_s=stage.talked_s)


async def one_device_refuses(stage: Stage) -> Truth:
    """The extension rings on until the other device has stopped too."""
    call = stage.call("2125550003")
    desk, mobile = await stage.rung("101", "101-mobile")
    desk.reject(486)
    await stage.pause()
    mobile.answer()
    await stage.talk(call, mobile)
    call.hang_up()
    await over(mobile)
    return Truth("in", stage.caller, "2125550003", {"101": "answered"}, ("101",), talk_s=stage.talked_s)


async def blind_transfer(stage: Stage) -> Truth:
    call = stage.call(DID)
    (desk,) = await stage.rung("102")
    desk.answer()
    await stage.talk(call, desk)
    desk.transfer("107")
    (target,) = await stage.rung("107")
    await over(desk)
    target.answer()
    await stage.talk(target)
    target.hang_up()
    await over(call)
    rung = {"102": "answered", "107": "answered"}
    return Truth("in", stage.caller, DID, rung, ("102", "107"), talk_s=stage.talked_s)


async def transfer_outside(stage: Stage) -> Truth:
    """To a number outside: then two outside parties speak."""
    call = stage.call("2125550103")
    (desk,) = await stage.rung("103")
    desk.answer()
    await stage.talk(call, desk)
    desk.transfer("2125559999")
    mobile = await stage.outside()
    mobile.answer()
    await stage.talk(mobile)
    call.hang_up()
    await over(mobile)
    return Truth("in", stage.caller, "2125550103", {"103": "answered"}, ("103", ""), talk_s=stage.talked_s)


async def transfer_while_it_rings(stage: Stage) -> tuple[Truth, Truth]:
    """The colleague is rung by the one who asks, and has the caller on the line when answering."""
    call = stage.call("2125550103")
    (desk,) = await stage.rung("103")
    desk.answer()
    await stage.talk(call, desk)
    asking = stage.dial("103", "108", "b")
    (target,) = await stage.rung("108", mark="b")
    await asyncio.wait_for(asking.rings.wait(), WAIT_S)
    desk.transfer_to(asking)
    await over(desk)
    target.answer()
    await stage.talk(target)
    call.hang_up()
    await over(target)
    return (
        Truth("in", stage.caller, "2125550103", {"103": "answered"}, ("103", "108"), talk_s=stage.talked_s),
        Truth("internal", "103", "108", {"108": "answered"}, ("108",)),
    )


async def attended_transfer(stage: Stage) -> tuple[Truth, Truth]:
    """Two calls: the caller's, and the question to the colleague."""
    call = stage.call("2125550103")
    (desk,) = await stage.rung("103")
    desk.answer()
    await stage.talk(call, desk)
    asking = stage.dial("103", "108", "b")
    (target,) = await stage.rung("108", mark="b")
    target.answer()
    asked = await stage.talk(asking, target)
    desk.transfer_to(asking)
    await over(desk)
    await stage.talk(target)
    target.hang_up()
    await over(call)
    return (
        Truth("in", stage.caller, "2125550103", {"103": "answered"}, ("103", "108"), talk_s=stage.talked_s),
        Truth("internal", "103", "108", {"108": "answered"}, ("108",), talk_s=asked),
    )


async def pickup(stage: Stage) -> Truth:
    """A colleague takes the call of a phone that rings."""
    call = stage.call("2125550109")
    (desk,) = await stage.rung("109")
    await stage.pause()
    other = stage.dial("105", "*8109")
    await stage.talk(call, other)
    await over(desk)
    call.hang_up()
    await over(other)
    return Truth("in", stage.caller, "2125550109", {"109": "elsewhere"}, ("105",), talk_s=stage.talked_s)


async def forwarded(stage: Stage) -> Truth:
    """The phone sends the call on by itself."""
    call = stage.call(DID)
    (desk,) = await stage.rung("102")
    desk.redirect("107")
    (target,) = await stage.rung("107")
    target.answer()
    await stage.talk(call, target)
    call.hang_up()
    await over(target)
    rung = {"102": "forwarded", "107": "answered"}
    return Truth("in", stage.caller, DID, rung, ("107",), talk_s=stage.talked_s)


async def parked(stage: Stage) -> Truth:
    """Parked by one, taken back by another. One at a time, so that the place is the first one."""
    call = stage.call("2125550103")
    (desk,) = await stage.rung("103")
    desk.answer()
    await stage.talk(call, desk)
    desk.transfer("750")
    await over(desk)
    await stage.pause()
    other = stage.dial("106", "751")
    await asyncio.wait_for(other.up.wait(), WAIT_S)
    while "parking" in (places := await stage.office.pbx.rx("bridge show all")) and not re.search(
        r" 0 parking", places
    ):
        await stage.pause()
    await stage.talk(other)
    call.hang_up()
    await over(other)
    return Truth("in", stage.caller, "2125550103", {"103": "answered"}, ("103", "106"), talk_s=stage.talked_s)


async def internal(stage: Stage) -> Truth:
    call = stage.dial("107", "108")
    (desk,) = await stage.rung("108")
    desk.answer()
    await stage.talk(call, desk)
    call.hang_up()
    await over(desk)
    return Truth("internal", "107", "108", {"108": "answered"}, ("108",), talk_s=stage.talked_s)


async def internal_abandoned(stage: Stage) -> Truth:
    call = stage.dial("107", "104")
    (desk,) = await stage.rung("104")
    await stage.pause()
    call.hang_up()
    await over(desk, call)
    return Truth("internal", "107", "104", {"104": "cancel"})


async def outbound(stage: Stage) -> Truth:
    call = stage.dial("106", stage.customer)
    customer = await stage.outside()
    await stage.pause()
    customer.answer()
    await stage.talk(call, customer)
    customer.hang_up()
    await over(call)
    return Truth("out", "106", stage.customer, answered_by=("",), talk_s=stage.talked_s)


async def outbound_busy(stage: Stage) -> Truth:
    call = stage.dial("106", stage.customer)
    customer = await stage.outside()
    customer.reject(486)
    await over(call)
    return Truth("out", "106", stage.customer)


async def outbound_abandoned(stage: Stage) -> Truth:
    call = stage.dial("105", stage.customer)
    customer = await stage.outside()
    await stage.pause()
    call.hang_up()
    await over(customer, call)
    return Truth("out", "105", stage.customer)


async def outbound_transferred(stage: Stage) -> Truth:
    """Who has called a customer hands the customer over to a colleague."""
    call = stage.dial("106", stage.customer)
    customer = await stage.outside()
    customer.answer()
    await stage.talk(call, customer)
    call.transfer("107")
    target = await stage.office.phones["107"].invited(stage.customer)
    target.answer()
    await stage.talk(target)
    customer.hang_up()
    await over(target)
    return Truth("out", "106", stage.customer, {"107": "answered"}, ("", "107"), talk_s=stage.talked_s)


async def service(stage: Stage) -> None:
    """A phone asks the PBX itself for something: no call between people."""
    call = stage.dial("108", "799")
    await stage.talk(call)
    call.hang_up()


Played = Truth | tuple[Truth, ...] | None
Scene = Callable[[Stage], Awaitable[Played]]


def calls_of(played: Played) -> tuple[Truth, ...]:
    """The calls that a scene has made."""
    return played if isinstance(played, tuple) else (played,) if played else ()


def alone(what: str, scene: Scene) -> Scene:
    """A scene that others must not be played beside which share the same thing."""

    async def play(stage: Stage) -> Played:
        async with stage.office.alone[what]:
            return await scene(stage)

    return play


SCENES: Mapping[str, Scene] = {
    "answered": answered,
    "callee hangs up": callee_hangs_up,
    "no answer": no_answer,
    "busy": busy,
    "abandoned": abandoned,
    "abandoned in a menu": abandoned_in_menu,
    "ring group": group("2125550001", "102", "103", "104"),
    "ring group of Local channels": group("2125550004", "102", "103", "104"),
    "ring group of Local channels that go away": group("2125550006", "102", "103"),
    "ring group abandoned": group_abandoned,
    "queue": alone("support", queue),
    "queue abandoned": alone("support", queue_abandoned),
    "queue, the next member": alone("locals", queue_next_member),
    "two devices": two_devices,
    "one device refuses": one_device_refuses,
    "blind transfer": blind_transfer,
    "transfer outside": transfer_outside,
    "attended transfer": attended_transfer,
    "transfer while it rings": transfer_while_it_rings,
    "pickup": alone("109", pickup),
    "forwarded": forwarded,
    "parked": alone("parking", parked),
    "internal": internal,
    "internal abandoned": internal_abandoned,
    "outbound": outbound,
    "outbound busy": outbound_busy,
    "outbound abandoned": outbound_abandoned,
    "outbound transferred": outbound_transferred,
    "service": service,
}
