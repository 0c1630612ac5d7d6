"""What a phone number is.

A number has one identity here, whoever wrote it: E.164 with the plus sign (``+12125550101``, ITU-T E.164), or
a short number (``101``, ``*98``) that only means something inside one phone system.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

from bridge.settings import Trunk

WITHHELD = frozenset({"", "0", "anonymous", "unknown", "restricted", "private", "unavailable", "withheld"})
SHORT_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a number.

    Attributes:
        number: Its identity, E.164 or short.
        extension: Digits dialled after the call is up; often empty.
        how: The rule that read it so, in words for a technician.
    """

    number: str
    extension: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a phone system sent as the caller's number.

    Attributes:
        readings: Every way to read it; none where it is withheld or no number.
        withheld: The caller hides the number.
    """

    readings: tuple[Reading, ...]
    withheld: bool = False


class Form(StrEnum):
    """How a number is written."""

    E164 = "e164"  # +12125550101
    INTERNATIONAL = "international"  # 00442079460000 from DE, 011442079460000 from US
    NATIONAL = "national"  # 02079460000 in GB; foreign numbers as INTERNATIONAL


def stored(text: str, *, country_code: str = "", extension: str = "", region: str) -> tuple[Reading, ...]:
    """Read what ITFlow stores.

    Args:
        text: A number column; digits as a rule, any text after an import.
        country_code: The column beside it: digits, often empty.
        extension: The extension column.
        region: Country of a number without country code, ISO 3166.

    Returns:
        The numbers in it; none where there is none.
    """
    digits = "".join(c for c in text if c in "0123456789+*#")
    if not digits.strip("0+"):
        return ()
    if country_code and not digits.startswith("+"):
        digits = f"+{country_code}{digits.lstrip('0')}"
    reading = _read(digits, region)
    return (Reading(reading, extension, "stored"),) if reading else ()


def sent(text: str, *, region: str, trunk: Trunk | None = None) -> Sent:  # noqa: ARG001 - first form
    """Read what a phone system sends.

    Args:
        text: The caller ID number as it came: digits, E.164, a SIP or tel URI, a word for "withheld".
        region: Country of a national number, ISO 3166.
        trunk: How the trunk writes foreign numbers, where that is known.
    """
    if text.strip().lower() in WITHHELD:
        return Sent((), withheld=True)
    reading = _read("".join(c for c in text if c in "0123456789+*#"), region)
    return Sent((Reading(reading, "", "sent"),) if reading else ())


def dialled(number: str, form: Form, *, region: str) -> str:
    """Write a number as it must be dialled; short numbers stay as they are.

    Args:
        number: An identity: E.164 or short.
        form: The form wanted.
        region: Where it is dialled from, ISO 3166.
    """
    if not number.startswith("+") or form is Form.E164:
        return number
    parsed = phonenumbers.parse(number)
    home = phonenumbers.region_code_for_number(parsed) == region
    if home and form is Form.NATIONAL:
        return _digits(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL))
    return _digits(phonenumbers.format_out_of_country_calling_number(parsed, region))


def masked(text: str) -> str:
    """A number as a log may show it: enough to tell calls apart, not enough to call."""
    return f"{text[:4]}…{text[-2:]}" if len(text) > 7 else "…"


def _read(digits: str, region: str) -> str:
    if len(digits) <= SHORT_DIGITS and not digits.startswith("+"):
        return digits
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit() or c in "*#+")
