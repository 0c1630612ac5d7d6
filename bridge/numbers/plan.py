"""What countries' numbering plans say, as phonenumbers has them and as their own papers mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType

from bridge.numbers import tables
from bridge.numbers.tables import Source

SHORT_DIGITS = 6

# What a plan no longer has, or what people leave out, by country calling code.
# Mexico: the 1 of mobiles and the prefixes 01, 044, 045 ended on 2019-08-03 (IFT, ITU-T E.129 of Mexico).
# Italy: the leading 0 belongs to a fixed number and is kept in E.164 (ITU-T E.129 of Italy); some drop it.
MENDS = {52: (re.compile(r"(?:0?1|04[45])(\d{10})"), r"\1"), 39: (re.compile(r"([124-8]\d{5,9})"), r"0\1")}

# Argentina: a mobile is +54 9 area number from abroad, area 15 number at home, and trunks leave the 9 out
# (ITU-T E.129 of Argentina; libphonenumber FAQ).
_ARGENTINA = re.compile(r"\+54(9?)([1-8]\d{9})")

# Country calling codes where subscriber numbers have no fixed length and a company's extensions follow its main
# number (ITU-T E.129 presentations of the national plans: Germany's BNetzA, Austria's KEM-V, Luxembourg's ILR).
# Only what is known to be open stands here: elsewhere a longer number is another subscriber, or none.
OPEN_NUMBERING = frozenset({43, 49, 352})
_LEAST_MAIN_LINE = 5  # digits of a main line after its country code; below it is an area code

# Which national numbers that begin with the country's own code exist, where phonenumbers allows many more: it takes
# most German numbers with 49 in front for numbers near the Dutch border.
# Germany: the area codes 0491 and 0490x to 0497x, no subscriber beginning with 0 or 11, and no number longer than 11
# digits (BNetzA: list of area codes, numbering plan for the public telephone network).
_OWN_CODE_AREAS = {
    49: re.compile(r"(?=\d{5,11}$)49(?:1|0[23]|2\d|3[1-689]|4[1-8]|5\d|6[1-8]|7[1-7])(?!0|11)\d+"),
}

_KINDS = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE)


class Parsed(NamedTuple):
    """Digits read by one rule.

    Attributes:
        valid: The number is in use according to its country's plan.
        possible: Only its length fits; plans grow faster than tables.
        mended: An outdated prefix was taken off, or a missing zero added.
    """

    number: str
    country_code: int
    source: Source
    valid: bool
    possible: bool
    mended: bool = False


def parse(digits: str, region: str | None = None) -> Parsed | None:
    """Reads digits as a number of a region, or, with a plus sign in front, of the world."""
    found = tables.split(digits, region)
    if found is None:
        return None
    code, national, source = found
    valid, mended = tables.is_valid(code, national), False
    if valid and national == digits:
        valid = not _is_doubtful(code, national)
    if not valid and code in MENDS and (other := _mended(code, national)):
        national, valid, mended = other, True, True
    possible = valid or tables.is_possible(code, national)
    return Parsed(f"+{code}{national}", code, source, valid, possible, mended)


def is_doubtful(number: str, code: int) -> bool:
    """Whether an E.164 number that phonenumbers allows is in truth none, but a number with its country code twice."""
    return _is_doubtful(code, number[1 + len(str(code)) :])


def _is_doubtful(code: int, national: str) -> bool:
    areas = _OWN_CODE_AREAS.get(code)
    return areas is not None and national.startswith(str(code)) and not areas.fullmatch(national)


def _mended(code: int, national: str) -> str:
    pattern, replacement = MENDS[code]
    found = pattern.fullmatch(national)
    other = found.expand(replacement) if found else ""
    return other if other and tables.is_valid(code, other) else ""


def is_e164(text: str) -> bool:
    """Whether a text is written as identities are: a plus sign and digits, nothing else."""
    return text.startswith("+") and text[1:].isdecimal() and text.isascii()


def aliases(number: str) -> tuple[str, ...]:
    """The same line's other E.164 spellings; empty nearly everywhere.

    An Argentine mobile keeps its 9 where it was written, because it cannot be dialled from abroad without.
    """
    if not (number.startswith("+54") and (match := _ARGENTINA.fullmatch(number))):
        return ()
    nine, rest = match.groups()
    return (f"+54{'' if nine else '9'}{rest}",)


def main_lines(number: str, most_digits: int) -> Iterator[str]:
    """The fixed lines that this number may be an extension of, the longest first; none where numbering is closed.

    Args:
        number: E.164.
        most_digits: So many digits may follow a main line.
    """
    code = next((code for code in OPEN_NUMBERING if number.startswith(f"+{code}")), None)
    if code is not None:
        before = 1 + len(str(code))
        for cut in range(1, most_digits + 1):
            national = number[before:-cut]
            if len(national) >= _LEAST_MAIN_LINE and tables.is_fixed(code, national):
                yield number[:-cut]


@cache
def short_digits(region: str) -> int:
    """How many digits an extension or service number can have in a region.

    Where whole subscriber numbers are as short as that, fewer: 4 digits are a subscriber in Niue.
    """
    examples = (phonenumbers.example_number_for_type(region, kind) for kind in _KINDS)
    lengths = [len(phonenumbers.national_significant_number(example)) for example in examples if example]
    return min([SHORT_DIGITS, *(length - 1 for length in lengths)])


@cache
def has_trunk_prefix(region: str) -> bool:
    """Whether a region puts a prefix, mostly 0, before its numbers when they are dialled at home."""
    metadata = PhoneMetadata.metadata_for_region(region)
    return bool(metadata and metadata.national_prefix)


@cache
def country_code(region: str) -> int:
    """The country calling code of a region; 0 for none."""
    return phonenumbers.country_code_for_region(region)


def calling_code(digits: str) -> int | None:
    """A country calling code, or None where the digits are none."""
    return int(digits) if digits and int(digits) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE else None


def main_region(code: int) -> str:
    """The first region of a country calling code; ``001`` where it belongs to no country."""
    return str(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code][0])


def region_of(number: str) -> str:
    """The region of an E.164 number, ISO 3166; empty for a number of no region."""
    if not number.startswith("+"):
        return ""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""
