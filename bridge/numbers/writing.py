"""How a number is written: dialled, for people, and for a log."""

from __future__ import annotations

from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumberFormat


class Form(StrEnum):
    """How a number is written."""

    E164 = "e164"  # +12125550101
    INTERNATIONAL = "international"  # 00442079460000 from DE, 011442079460000 from US
    NATIONAL = "national"  # 02079460000 in GB; foreign numbers as INTERNATIONAL


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
        return _digits(phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL))
    return _digits(phonenumbers.format_out_of_country_calling_number(parsed, region))


def international(number: str) -> str:
    """A number for people anywhere (ITU-T E.123): ``+49 221 1234567``; short numbers as they are."""
    return _formatted(number, PhoneNumberFormat.INTERNATIONAL)


def national(number: str) -> str:
    """A number for people of its country: ``0221 1234567``; short numbers as they are."""
    return _formatted(number, PhoneNumberFormat.NATIONAL)


def masked(text: str) -> str:
    """A number as a log may show it: enough to tell calls apart, not enough to call, nothing but digits."""
    kept = "".join(c for c in text if c in "0123456789*#+")
    return f"{kept[:4]}…{kept[-2:]}" if len(kept) > 7 else "…"


def _formatted(number: str, form: int) -> str:
    if not number.startswith("+"):
        return number
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), form)
    except phonenumbers.NumberParseException:
        return number


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit() or c in "*#+")
