"""Click-to-dial: the own phone rings first, with the name of who is called; then Asterisk dials the number.

Nothing that comes from outside reaches Asterisk as it came: the extension is letters and digits, the number is what
``numbers`` reads, written anew in digits, and the name loses every character that means something to the manager, to a
dialplan or in a SIP header. Numbers with ``*`` or ``#`` are codes that change how phones behave; they are not dialled.
"""

from __future__ import annotations

import re
import secrets
import time

from bridge import numbers
from bridge.calls.ami.line import Line, extensions
from bridge.errors import AmiRefused, AmiSilent, BadParameter
from bridge.numbers import Form
from bridge.settings import AmiSection

RING_S = 30  # for the own phone
FAILS_WITHIN_S = 0.5
UNREACHABLE = frozenset({"0", "8"})  # of OriginateResponse: no such device, or congestion
NAME_CHARS = 60

_EXTENSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,31}")
_NUMBER = re.compile(r"(?:tel:)?\+?[0-9 ().\u00a0/-]{1,40}")
_DIGITS = re.compile(r"\+?[0-9]{1,20}")


class Originator:
    """Dials for people.

    Args:
        line: The line to Asterisk.
        section: Which channel rings first, and in which context numbers are dialled.
        region: Where numbers are dialled from, ISO 3166.
    """

    def __init__(self, line: Line, section: AmiSection, region: str) -> None:
        self._line = line
        self._section = section
        self._region = region
        self._extension_of = extensions(section)

    async def dial(self, extension: str, number: str, name: str) -> None:
        """Let a phone ring, and dial a number once it is taken up.

        Args:
            extension: Whose phone.
            number: Whom to call, in any spelling.
            name: What the phone shows meanwhile; may be empty.

        Raises:
            BadParameter: It is no extension, or no number that is dialled.
            AmiRefused: Asterisk cannot let the phone ring.
            AmiUnreachable: There is no connection to Asterisk.
        """
        if not _EXTENSION.fullmatch(extension):
            raise BadParameter("That is no extension: it has letters and digits only.")
        exten = self.number(number)
        shown = {"CONNECTEDLINE(name,i)": spoken(name) or exten, "CONNECTEDLINE(num)": exten}
        own = {"CALLERID(num)": extension}
        channel = self._section.dial_channel.format(extension=extension)
        fields = {
            "Channel": channel,
            "Context": self._section.dial_context,
            "Exten": exten,
            "Priority": "1",
            "Timeout": str(RING_S * 1000),
            "ChannelId": call_id(),
            "Async": "true",
            "Variable": ",".join(f"{variable}={value}" for variable, value in (shown | own).items()),
        }
        connection = self._line.connection
        try:
            done = await connection.ask("Originate", fields, event="OriginateResponse", within_s=FAILS_WITHIN_S)
        except AmiSilent:
            return  # the phone rings: so soon, nothing is told but that one cannot be reached
        except AmiRefused as error:
            where = f"{self._section.dial_context} (ami.dial_context)"
            raise AmiRefused(f"{error} It was to dial {numbers.masked(exten)} in the context {where}.") from error
        if done.get("Response") == "Failure" and done.get("Reason") in UNREACHABLE:
            raise AmiRefused(f"{channel} cannot be reached: is the phone on? The setting ami.dial_channel names it.")

    def number(self, text: str) -> str:
        """The digits that are dialled for a number.

        Raises:
            BadParameter: It is no number, or one with ``*`` or ``#``.
        """
        readings = numbers.sent(text, region=self._region).readings if _NUMBER.fullmatch(text.strip()) else ()
        number = readings[0].number if readings else ""
        written = numbers.dialled(number, Form(self._section.dial_form), region=self._region)
        if not _DIGITS.fullmatch(written):
            raise BadParameter("That is no number that can be dialled: digits, and a plus sign before them.")
        outside = number.startswith("+")
        return f"{self._section.dial_prefix}{written}" if outside else written


def spoken(name: str) -> str:
    """A name of letters, digits and harmless signs only."""
    kept = "".join(c if c.isalnum() or c in " .'-&+/" else " " for c in name)
    return " ".join(kept.split())[:NAME_CHARS].strip()


def call_id() -> str:
    """An id for a call, as Asterisk's own: its time can be read from it."""
    return f"itflow-{int(time.time())}.{secrets.randbelow(1_000_000_000)}"
