"""What countries' numbering plans say: the only importer of phonenumbers, which carries their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import CountryCodeSource, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

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

_FIXED = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


class Source(StrEnum):
    """How the country was found."""

    PLUS = "plus"
    EXIT_CODE = "exit code"
    BARE = "country code without plus"
    REGION = "region"


_SOURCES = {
    CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN: Source.PLUS,
    CountryCodeSource.FROM_NUMBER_WITH_IDD: Source.EXIT_CODE,
    CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN: Source.BARE,
}


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
    try:
        number = phonenumbers.parse(digits, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    source = _SOURCES.get(number.country_code_source, Source.REGION)
    valid = phonenumbers.is_valid_number(number)
    mended = False
    if not valid and (other := _mended(number)):
        number, valid, mended = other, True, True
    possible = valid or phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Parsed(e164, number.country_code or 0, source, valid, possible, mended)


def _mended(number: PhoneNumber) -> PhoneNumber | None:
    if number.country_code not in MENDS:
        return None
    pattern, replacement = MENDS[number.country_code]
    national = phonenumbers.national_significant_number(number)
    if not (match := pattern.fullmatch(national)):
        return None
    other = phonenumbers.parse(f"+{number.country_code}{match.expand(replacement)}")
    return other if phonenumbers.is_valid_number(other) else None


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
    """The numbers that this one may be an extension of, the longest first; none where numbering is closed.

    Args:
        number: E.164.
        most_digits: So many digits may follow a main line.
    """
    code = next((code for code in OPEN_NUMBERING if number.startswith(f"+{code}")), None)
    if code is not None:
        least = 1 + len(str(code)) + _LEAST_MAIN_LINE
        for cut in range(1, most_digits + 1):
            if len(number) - cut >= least:
                yield number[:-cut]


def is_fixed(number: str) -> bool:
    """Whether an E.164 number is a fixed line; only those have extensions behind them."""
    return phonenumbers.number_type(phonenumbers.parse(number)) in _FIXED


@cache
def short_digits(region: str) -> int:
    """How many digits an extension or service number can have in a region.

    Where whole subscriber numbers are as short as that, fewer: 4 digits are a subscriber in Niue.
    """
    examples = (phonenumbers.example_number_for_type(region, kind) for kind in sorted(_FIXED | {1}))
    lengths = [len(phonenumbers.national_significant_number(example)) for example in examples if example]
    return min([SHORT_DIGITS, *(length - 1 for length in lengths)])


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
