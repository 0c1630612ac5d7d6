"""SIPp as the trunk that brings a call and as the phone that is called, and the media beside it."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import socket
import struct
import uuid
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.pbx.asterisk import PHONE, TRUNK, Asterisk, free_port, until

SCENARIOS = Path(__file__).parent / "scenarios"
DTMF = "0123456789*#"
TELEPHONE_EVENT = 101
PACKET_S = 0.02
TICKS = 160  # of the 8 kHz clock in a packet
CALL_S = 30


@dataclass(frozen=True)
class Message:
    """A SIP message in SIPp's own record.

    Attributes:
        at: When it was sent or received.
        text: The whole message.
    """

    at: dt.datetime
    text: str

    def header(self, name: str) -> str:
        """The value of a header, or an empty text."""
        found = re.search(rf"^{name}:[ \t]*(.*?)\r?$", self.text, re.MULTILINE)
        return found[1] if found else ""

    @property
    def shown(self) -> str:
        """The name that a phone shows: the display name of P-Asserted-Identity, else of From."""
        header = self.header("P-Asserted-Identity") or self.header("From")
        quoted = re.match(r'"((?:\\.|[^"\\])*)"', header)
        return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header.split("<")[0].strip()


def messages(record: Path, direction: str, method: str) -> list[Message]:
    """The requests of a method that SIPp has ``sent`` or ``received``, by its record."""
    text = record.read_bytes().decode("utf-8", "replace") if record.exists() else ""
    found = []
    for part in re.split(r"^-{20,} ", text, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        way, _, message = body.partition("\n\n")
        if direction in way and message.startswith(f"{method} "):
            found.append(Message(dt.datetime.fromisoformat(head.strip()), message))
    return found


class Call(asyncio.DatagramProtocol):
    """A call that came in by the trunk, and its media."""

    def __init__(self, sipp: Process, source: str, port: int, call_id: str, record: Path) -> None:
        self.sipp = sipp
        self._source = source
        self._id = call_id
        self._port = port
        self._record = record
        self._transport: asyncio.DatagramTransport | None = None
        self._sequence = 0
        self._clock = 0

    async def invite(self) -> Message:
        """The INVITE as it was sent."""
        return (await until(lambda: messages(self._record, "sent", "INVITE")))[0]

    async def answer(self) -> str:
        """The 200 that answered it, whole."""
        return (await until(lambda: messages(self._record, "received", "SIP/2.0 200")))[0].text

    async def answered(self) -> None:
        """Wait until the call is up."""
        await until(lambda: messages(self._record, "sent", "ACK"))

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # it is a datagram's
        self._transport = transport

    async def dial(self, digits: str) -> None:
        """Press keys: RTP telephone events (RFC 4733), as a phone sends them."""
        answer = await self.answer()  # not where its media come from: a menu without sounds sends none
        host, port = (
            re.search(r"^c=IN IP4 (\S+)", answer, re.MULTILINE),
            re.search(r"^m=audio (\d+)", answer, re.MULTILINE),
        )
        if host is None or port is None:
            raise AssertionError(f"No SDP: {answer}")
        peer = host[1], int(port[1])
        for digit in digits:
            for packet in range(1, 9):
                self._send(digit, packet, peer)
                await asyncio.sleep(PACKET_S)
            self._clock += 10 * TICKS
            await asyncio.sleep(4 * PACKET_S)

    def _send(self, digit: str, packet: int, peer: tuple[str, int]) -> None:
        first, last = packet == 1, packet >= 6  # the end is sent three times
        event = struct.pack("!BBH", DTMF.index(digit), 0x8A if last else 0x0A, min(packet, 6) * TICKS)
        head = struct.pack(
            "!BBHII", 0x80, TELEPHONE_EVENT | (0x80 if first else 0), self._sequence, self._clock, 0x17F10F
        )
        self._sequence += 1
        if self._transport is not None:
            self._transport.sendto(head + event, peer)

    async def hang_up(self) -> None:
        """Let SIPp end the call with a BYE, and wait for its end."""
        await self.answered()
        order = (
            f"INFO sip:trunk@{self._source}:{self._port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._source};branch=z9hG4bKorder\r\n"
            f"From: <sip:test@{self._source}>;tag=1\r\nTo: <sip:trunk@{self._source}>;tag=2\r\nCall-ID: {self._id}\r\n"
            "CSeq: 9 INFO\r\nContent-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((self._source, 0))
            sender.sendto(order.encode(), (self._source, self._port))
        await self.ended()

    async def ended(self) -> None:
        """Wait until the call is over, whoever ended it."""
        _, errors = await asyncio.wait_for(self.sipp.communicate(), CALL_S)
        if self.sipp.returncode:
            raise AssertionError(f"SIPp ended with {self.sipp.returncode}: {errors.decode()}")


class Phone:
    """The phone that is called."""

    def __init__(self, record: Path) -> None:
        self._record = record

    async def invited(self, call: Call) -> Message:
        """The INVITE that a call has led to; waits for it. One call at a time."""
        sent_at = (await call.invite()).at

        def arrived() -> list[Message]:
            return [message for message in messages(self._record, "received", "INVITE") if message.at >= sent_at]

        return (await until(arrived))[0]


@asynccontextmanager
async def phone(installed: Path, asterisk: Asterisk) -> AsyncIterator[Phone]:
    """A phone that takes every call."""
    record = asterisk.folder / "phone.sip"
    process = await asyncio.create_subprocess_exec(
        installed / "bin" / "sipp", "-sf", SCENARIOS / "phone.xml", "-i", PHONE, "-p", str(asterisk.phone_port),
        "-trace_msg", "-message_file", record, "-message_overwrite", "true", "-nostdin", "127.0.0.1",
        stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL,
    )  # fmt: skip
    try:
        await until(lambda: taken(PHONE, asterisk.phone_port))
        yield Phone(record)
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def call(
    installed: Path, asterisk: Asterisk, caller: str, exten: str = "100", *headers: str, source: str = TRUNK
) -> AsyncIterator[Call]:
    """A call by the trunk.

    Args:
        caller: The From header's name and address, such as ``"Name" <sip:2125550101@trunk.example>``.
        exten: The number called.
        headers: More lines of the INVITE.
        source: The address that calls.
    """
    port, call_id = free_port(source), f"{uuid.uuid4()}@trunk"
    record = asterisk.folder / f"{call_id}.sip"
    scenario = asterisk.folder / f"{call_id}.xml"
    scenario.write_text(_with(headers), encoding="utf-8")
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
        media.bind((source, 0))
        rtp_port = media.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            installed / "bin" / "sipp", "-sf", scenario, "-i", source, "-p", str(port), "-m", "1",
            "-s", exten, "-cid_str", call_id, "-key", "caller", caller, "-key", "rtp_port", str(rtp_port),
            "-trace_msg", "-message_file", record, "-nostdin", f"127.0.0.1:{asterisk.sip_port}",
            stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE,
        )  # fmt: skip
        made = Call(process, source, port, call_id, record)
        transport, _ = await loop.create_datagram_endpoint(lambda: made, sock=media)
        try:
            yield made
        finally:
            transport.close()
            if process.returncode is None:
                process.kill()
                await process.wait()


def _with(headers: Sequence[str]) -> str:
    """The trunk's scenario, with more header lines in its INVITE."""
    text = (SCENARIOS / "trunk.xml").read_text(encoding="utf-8")
    return text.replace("    CSeq: 1 INVITE\n", "".join(f"    {line}\n" for line in ("CSeq: 1 INVITE", *headers)), 1)


def taken(address: str, port: int) -> bool:
    """Whether a process listens on a UDP port."""
    octets = socket.inet_aton(address)[::-1].hex().upper()
    return f"{octets}:{port:04X} " in Path("/proc/net/udp").read_text(encoding="ascii")
