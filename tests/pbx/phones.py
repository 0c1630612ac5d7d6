"""SIP phones and trunks of loopback addresses, for tests in which many of them act by each other's doings.

They speak what a desk phone speaks of RFC 3261 (INVITE, ACK, CANCEL, BYE), RFC 3515 (REFER, a blind transfer) and
RFC 3891 (Replaces, an attended one); nothing is sent again, as loopback loses nothing. On a busy machine Asterisk
sends again what it got no answer to for half a second: that is no new request.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import quote

CALL_S = 20

SDP = (
    "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
)

Address = tuple[str, int]


@dataclass(frozen=True)
class Sip:
    """A message, taken apart as far as is needed."""

    start: str
    text: str

    @classmethod
    def read(cls, data: bytes) -> Sip:
        text = data.decode()
        return cls(text.partition("\r\n")[0], text)

    def headers(self, name: str) -> list[str]:
        return re.findall(rf"^{name}:[ \t]*(.*?)\r$", self.text, re.MULTILINE | re.IGNORECASE)

    def header(self, name: str) -> str:
        return next(iter(self.headers(name)), "")

    @property
    def status(self) -> int:
        """Of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        return self.header("CSeq").split()[1]

    def same_request(self, other: Sip) -> bool:
        """Whether it is one that was sent before."""
        return all(self.header(name) == other.header(name) for name in ("Call-ID", "CSeq", "Via"))

    @property
    def shown(self) -> str:
        """The name that a phone shows: the display name of the From header, else its number."""
        name, _, address = self.header("From").partition("<")
        return name.strip().strip('"') or address.removeprefix("sip:").partition("@")[0]


@dataclass
class Dialog:
    """One call at one phone.

    Attributes:
        invite: The INVITE that began it, if it came in.
        at: When it began here, by the wall clock.
        rings, up, over: Set once it rings, is answered, is over.
        status: What an INVITE of ours was answered with in the end.
    """

    phone: Phone
    call_id: str
    local: str
    remote: str
    target: str
    invite: Sip | None = None
    sequence: int = 1
    branch: str = ""
    status: int = 0
    at: float = field(default_factory=time.time)
    rings: asyncio.Event = field(default_factory=asyncio.Event)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self) -> None:
        self._answer(180, "Ringing")

    def answer(self) -> None:
        if not self.over.is_set():
            self._answer(200, "OK", sdp=True)

    def reject(self, status: int = 486, *headers: str) -> None:
        self._answer(status, "No", *headers)
        self.over.set()

    def redirect(self, exten: str) -> None:
        """Send the caller on, as a phone with call forwarding does."""
        self.reject(302, f"Contact: <sip:{exten}@{self.phone.host}>")

    def hang_up(self) -> None:
        """End it, whatever its state."""
        if self.over.is_set():
            return
        if self.up.is_set():
            self.request("BYE")
            self.over.set()
        elif self.invite is None:
            self.request("CANCEL")
        else:
            self.reject()

    def transfer(self, exten: str) -> None:
        """A blind transfer: send the other side to a number."""
        self.request("REFER", f"Refer-To: <sip:{exten}@{self.phone.pbx[0]}>", f"Referred-By: {self.local}")

    def transfer_to(self, other: Dialog) -> None:
        """An attended transfer: connect the other side with the other side of another call of this phone."""
        tags = f";to-tag={_tag(other.remote)};from-tag={_tag(other.local)}"
        uri = re.sub(r"[<>]", "", other.target)
        replaces = quote(other.call_id + tags, safe="")
        self.request("REFER", f"Refer-To: <{uri}?Replaces={replaces}>", f"Referred-By: {self.local}")

    def request(self, method: str, *headers: str) -> None:
        cancels = method in {"CANCEL", "ACK"}
        self.sequence += not cancels
        # A CANCEL and the ACK of a refusal belong to the INVITE's transaction (RFC 3261, 9.1 and 17.1.1.3).
        same = method == "CANCEL" or (method == "ACK" and self.status >= 300)
        branch = self.branch if same else f"z9hG4bK{uuid.uuid4().hex}"
        self.phone.send(
            f"{method} {self.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.phone.host}:{self.phone.port};branch={branch}",
            "Max-Forwards: 70",
            f"From: {self.local}",
            f"To: {self.remote}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {1 if cancels and self.invite is None else self.sequence} {method}",
            f"Contact: <sip:{self.phone.user}@{self.phone.host}:{self.phone.port}>",
            *headers,
        )

    def _answer(self, status: int, reason: str, *headers: str, sdp: bool = False) -> None:
        if self.invite is not None:
            self.phone.answer(self.invite, status, reason, *headers, sdp=sdp, tag=_tag(self.local))


Behaviour = Callable[[Dialog], Awaitable[None]]


class Phone(asyncio.DatagramProtocol):
    """A phone, or a trunk, at an address of its own.

    Args:
        user: Its name in SIP addresses.
        pbx: Where Asterisk takes SIP.
        behaviour: What becomes of a call that comes in; its own task.
    """

    def __init__(self, user: str, pbx: Address, behaviour: Behaviour) -> None:
        self.user = user
        self.pbx = pbx
        self.host, self.port = "", 0
        self.dialogs: dict[str, Dialog] = {}
        self._incoming: defaultdict[str, asyncio.Queue[Dialog]] = defaultdict(asyncio.Queue)
        self._behaviour = behaviour
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    async def listen(self, address: Address) -> None:
        self.host, self.port = address
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=address)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()

    def call(self, exten: str, caller: str = "", name: str = "") -> Dialog:
        """Dial a number."""
        own = f"<sip:{caller or self.user}@{self.host}>;tag={uuid.uuid4().hex[:8]}"
        remote = f"<sip:{exten}@{self.pbx[0]}:{self.pbx[1]}>"
        dialog = Dialog(self, uuid.uuid4().hex, f'"{name}" {own}' if name else own, remote, remote.strip("<>"))
        dialog.branch = f"z9hG4bK{uuid.uuid4().hex}"
        self.dialogs[dialog.call_id] = dialog
        self.send(
            f"INVITE {dialog.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch={dialog.branch}",
            "Max-Forwards: 70",
            f"From: {dialog.local}",
            f"To: {dialog.remote}",
            f"Call-ID: {dialog.call_id}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:{self.user}@{self.host}:{self.port}>",
            "Content-Type: application/sdp",
            body=SDP.format(host=self.host),
        )
        return dialog

    async def invited(self, name: str) -> Dialog:
        """The next call that comes in and shows a name, or a number where there is none."""
        return await asyncio.wait_for(self._incoming[name].get(), CALL_S)

    def send(self, *lines: str, body: str = "") -> None:
        text = "\r\n".join((*lines, f"Content-Length: {len(body)}", "", body))
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(text.encode(), self.pbx)

    def answer(self, request: Sip, status: int, reason: str, *headers: str, sdp: bool = False, tag: str = "") -> None:
        to = request.header("To")
        lines = [f"SIP/2.0 {status} {reason}", *(f"Via: {via}" for via in request.headers("Via"))]
        lines += [
            f"From: {request.header('From')}",
            f"To: {to}" if ";tag=" in to or not tag else f"To: {to};tag={tag}",
        ]
        lines += [f"Call-ID: {request.header('Call-ID')}", f"CSeq: {request.header('CSeq')}"]
        if not any(line.startswith("Contact") for line in headers):
            lines.append(f"Contact: <sip:{self.user}@{self.host}:{self.port}>")
        lines += ["Allow: INVITE, ACK, CANCEL, BYE, REFER, NOTIFY, UPDATE", *headers]
        body = SDP.format(host=self.host) if sdp else ""
        self.send(*lines, *(["Content-Type: application/sdp"] if sdp else []), body=body)

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # a datagram's
        self._transport = transport

    def datagram_received(self, data: bytes, _address: Address) -> None:
        message = Sip.read(data)
        dialog = self.dialogs.get(message.header("Call-ID"))
        if message.status:
            if dialog is not None:
                self._responded(dialog, message)
        elif message.method == "INVITE" and dialog is None:
            self._began(message)
        else:
            self._asked(dialog, message)

    def _began(self, invite: Sip) -> None:
        tag = uuid.uuid4().hex[:8]
        contact = re.search(r"<([^>]+)>", invite.header("Contact"))
        dialog = Dialog(
            self,
            invite.header("Call-ID"),
            f"{invite.header('To')};tag={tag}",
            invite.header("From"),
            contact[1] if contact else "",
            invite,
        )
        self.dialogs[dialog.call_id] = dialog
        self.answer(invite, 100, "Trying")
        dialog.rings.set()
        self._incoming[invite.shown].put_nowait(dialog)
        task = asyncio.ensure_future(self._behaviour(dialog))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _asked(self, dialog: Dialog | None, request: Sip) -> None:
        if request.method == "ACK":
            if dialog is not None and not dialog.over.is_set():
                dialog.up.set()
            return
        if dialog is not None and dialog.invite is not None and request.same_request(dialog.invite):
            return  # not an INVITE within the call, which would be answered
        self.answer(request, 200, "OK", sdp=request.method == "INVITE")
        if dialog is None:
            return
        if request.method == "CANCEL" and dialog.invite is not None and not dialog.up.is_set():
            dialog.reject(487)
        elif request.method in {"BYE", "CANCEL"}:
            dialog.over.set()
        elif request.method == "NOTIFY" and re.search(r"^SIP/2.0 (18|2)", request.text, re.MULTILINE):
            dialog.hang_up()  # its transfer is on its way: it lets go, as desk phones do

    def _responded(self, dialog: Dialog, response: Sip) -> None:
        if response.method != "INVITE" or response.status < 180:
            return
        dialog.remote = response.header("To")
        dialog.rings.set()
        if response.status < 200:
            return
        dialog.status = response.status
        if contact := re.search(r"<([^>]+)>", response.header("Contact")):
            dialog.target = contact[1] if response.status == 200 else dialog.target
        dialog.request("ACK")
        if response.status == 200:
            dialog.up.set()
        else:
            dialog.over.set()


def _tag(header: str) -> str:
    return found[1] if (found := re.search(r";tag=([^;\s]+)", header)) else ""
