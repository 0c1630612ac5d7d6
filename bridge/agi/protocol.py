"""FastAGI's wire, without I/O: bytes in, events out, and commands that stay one command whatever is in them.

Asterisk first sends ``agi_name: value`` lines up to an empty one. Then it answers each command line with
``200 result=…``, ``510 …``, ``511 …`` or ``520-…`` up to ``520 …``. A line ``HANGUP`` may come at any time.
Source: Asterisk 22, ``res/res_agi.c``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bridge.errors import BadParameter

MAX_LINE_BYTES = 8192
MAX_HEADERS = 200
# Asterisk reads a command into 2,048 bytes; what is longer would be cut, and the rest become another command.
MAX_COMMAND_BYTES = 2000
MAX_INT_DIGITS = 18
PRESENTATION, RESTRICTED = 0x60, 0x20  # the bits of a presentation in agi_callingpres, and "restricted" (32 to 35)

_HANGUP = "HANGUP"
_STATUS = re.compile(r"(\d{3})([ -]|$)(.*)", re.DOTALL)
_RESULT = re.compile(r"result=(\S*)(?: \((.*?)\))?(?:.*endpos=(\d+))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Environment:
    """What Asterisk tells first: the ``agi_`` lines, without that prefix."""

    values: Mapping[str, str]

    def get(self, name: str) -> str:
        """A value, or an empty text."""
        return self.values.get(name, "")

    @property
    def script(self) -> str:
        """The name after the address in ``AGI(agi://host:port/script)``."""
        return self.get("network_script").partition("?")[0].strip("/")

    @property
    def number(self) -> str:
        """The caller's number as the trunk sent it; empty where there is none or the caller asks to hide it."""
        number = self.get("callerid")
        return "" if number == "unknown" or self.withheld else number

    @property
    def withheld(self) -> bool:
        """Whether the caller asks to hide the number, which Asterisk has all the same (Q.931 presentation)."""
        presentation = self.get("callingpres")[:3]
        return presentation.isdecimal() and int(presentation) & PRESENTATION == RESTRICTED


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a command.

    Attributes:
        code: 200 done, 510 unknown command, 511 the channel is dead, 520 wrong usage.
        result: What stands after ``result=``; it can be a PIN, so it is in no representation.
        note: What stands behind it in parentheses, such as ``timeout`` or a variable's value, which can be a key.
        endpos: Where a sound file was left, in samples; 0 where there is no such file.
    """

    code: int
    result: str = field(default="", repr=False)
    note: str = field(default="", repr=False)
    endpos: int | None = None


@dataclass(frozen=True, slots=True)
class Hangup:
    """The caller has gone."""


Event = Environment | Reply | Hangup


class Parser:
    """Turns what arrives into events, however it is cut into pieces."""

    def __init__(self) -> None:
        self._rest = b""
        self._headers: dict[str, str] = {}
        self._in_headers = True

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take in bytes.

        Raises:
            BadParameter: This is not FastAGI: a line or the header is too long, or a line makes no sense.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if max(map(len, (*lines, self._rest))) > MAX_LINE_BYTES:
            raise BadParameter(f"A FastAGI line is longer than {MAX_LINE_BYTES} bytes.")
        for line in lines:
            event = self._line(line.decode("utf-8", "replace").rstrip("\r"))
            if event is not None:
                yield event

    def _line(self, line: str) -> Event | None:
        if line == _HANGUP:
            return Hangup()
        return self._header(line) if self._in_headers else _reply(line)

    def _header(self, line: str) -> Environment | None:
        if not line:
            self._in_headers = False
            return Environment(self._headers)
        name, colon, value = line.partition(":")
        if not (colon and name.startswith("agi_")):
            raise BadParameter("A FastAGI call begins with lines such as agi_callerid: 2125550101.")
        if len(self._headers) >= MAX_HEADERS:
            raise BadParameter(f"A FastAGI call has more than {MAX_HEADERS} header lines.")
        self._headers.setdefault(name.removeprefix("agi_"), value.strip())
        return None


def _reply(line: str) -> Reply | None:
    """A reply; None for a line that is a part of one (usage after a 520) or only says that one will come."""
    status = _STATUS.fullmatch(line)
    if status is None or status[2] == "-" or status[1].startswith("1"):
        return None
    found = _RESULT.match(status[3])
    if found is None:
        return Reply(int(status[1]))
    return Reply(int(status[1]), found[1], found[2] or "", int(found[3][:MAX_INT_DIGITS]) if found[3] else None)


def command(*words: str | int) -> bytes:
    """A command line; each word is quoted, so that it stays one word and the line one command.

    Args:
        words: The command's own words (``SET VARIABLE``) in the first, its arguments in the others.

    Raises:
        ValueError: The line would be longer than Asterisk reads.
    """
    verb, *arguments = words
    line = " ".join([str(verb), *map(_quoted, arguments)]).encode("utf-8", "replace") + b"\n"
    if len(line) > MAX_COMMAND_BYTES:
        raise ValueError(f"an AGI command of {len(line)} bytes is too long")
    return line


def _quoted(word: str | int) -> str:
    text = _CONTROL.sub(" ", str(word)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
