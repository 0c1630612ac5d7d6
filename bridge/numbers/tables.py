"""phonenumbers' tables, compiled: what phonenumbers answers about bare digits, in a tenth of its time.

A caller is read three ways while the phone rings, and a first pull reads every number of ITFlow; phonenumbers reads
any text for any purpose, and needs some 20 µs for each way. Its public metadata say the same: they are compiled here
when a country is first met, and ``tests/numbers/test_tables.py`` compares the answers with phonenumbers' own.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneMetadata
from phonenumbers.phonemetadata import PhoneNumberDesc

_LEAST, _MOST = 2, 17  # digits of a national number; phonenumbers reads no others
_KINDS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost"),
    *("personal_number", "voip", "pager", "uan", "voicemail"),
)
_NEVER = re.compile("(?!)")
_CODES = {str(code): code for code in COUNTRY_CODE_TO_REGION_CODE}


class Source(StrEnum):
    """How the country was found."""

    PLUS = "plus"
    EXIT_CODE = "exit code"
    BARE = "country code without plus"
    REGION = "region"


class _Region:
    """How a region writes and dials.

    Attributes:
        code: Its country calling code.
        digits: The same as text.
        lengths: How long its numbers can be.
    """

    def __init__(self, metadata: PhoneMetadata) -> None:
        general = _general(metadata)
        self.code = metadata.country_code or 0
        self.digits = str(self.code)
        self.lengths = frozenset(general.possible_length)
        self._local = frozenset(general.possible_length_local_only)
        self._longest = max(general.possible_length)
        self._is_general = re.compile(general.national_number_pattern or "(?!)").fullmatch
        self._exit_code = re.compile(metadata.international_prefix or "(?!)").match
        self._prefix = re.compile(metadata.national_prefix_for_parsing or "(?!)").match
        self._transform = metadata.national_prefix_transform_rule

    def after_exit_code(self, digits: str) -> str | None:
        """The digits behind the exit code; None where there is none."""
        found = self._exit_code(digits)
        # No country calling code begins with 0.
        return digits[found.end() :] if found and not digits.startswith("0", found.end()) else None

    def after_own_code(self, digits: str) -> str:
        """The digits behind the region's own country code, where they cannot be a national number as they are."""
        if not digits.startswith(self.digits):
            return ""
        rest = self._without_prefix(digits[len(self.digits) :])
        wins = not self._is_general(digits) and self._is_general(rest)
        return rest if wins or self._is_too_long(digits) else ""

    def national(self, digits: str) -> str:
        """The national significant number: without the prefix that is dialled only inside the country."""
        rest = self._without_prefix(digits)
        return rest if len(rest) in self.lengths or self._is_too_long(rest) else digits

    def _without_prefix(self, digits: str) -> str:
        found = self._prefix(digits)
        if not found:
            return digits
        if self._transform and found.group(found.re.groups) is not None:
            rest = found.re.sub(self._transform, digits, count=1)
        else:
            rest = digits[found.end() :]
        return digits if not self._is_general(rest) and self._is_general(digits) else rest

    def _is_too_long(self, digits: str) -> bool:
        return len(digits) > self._longest and len(digits) not in self._local


def split(digits: str, region: str | None = None) -> tuple[int, str, Source] | None:
    """Read digits as a number of a region, or, with a plus sign in front, of the world.

    Returns:
        The country calling code, the national significant number, and how the country was found; None where the
        digits cannot be read so.
    """
    if digits.startswith("+"):
        return _after_plus(digits[1:], Source.PLUS)
    here = _region(region or "")
    if here is None or len(digits) < _LEAST or not digits.isdigit():
        return None
    abroad = here.after_exit_code(digits)
    if abroad is not None:
        return _after_plus(abroad, Source.EXIT_CODE)
    if behind := here.after_own_code(digits):
        return _checked(here.code, behind, Source.BARE)
    national = here.national(digits)
    return (here.code, national, Source.REGION) if len(national) <= _MOST else None


def is_valid(code: int, national: str) -> bool:
    """Whether the numbering plan of a country calling code has such a national significant number in use."""
    return _pattern(code, len(national), _KINDS).fullmatch(national) is not None


def is_possible(code: int, national: str) -> bool:
    """Whether a national significant number has a length that the country calling code's numbers have."""
    return len(national) in _country(code).lengths


def is_fixed(code: int, national: str) -> bool:
    """Whether a national significant number is a fixed line, or may be one."""
    return _pattern(code, len(national), ("fixed_line",)).fullmatch(national) is not None


def _after_plus(digits: str, source: Source) -> tuple[int, str, Source] | None:
    if len(digits) <= _LEAST or not digits.isdigit():
        return None
    for length in (1, 2, 3):
        code = _CODES.get(digits[:length])
        if code is not None:
            return _checked(code, digits[length:], source)
    return None


def _checked(code: int, digits: str, source: Source) -> tuple[int, str, Source] | None:
    if len(digits) < _LEAST:
        return None
    national = _country(code).national(digits)
    return (code, national, source) if _LEAST <= len(national) <= _MOST else None


@cache
def _region(name: str) -> _Region | None:
    metadata = PhoneMetadata.metadata_for_region(name) if name in SUPPORTED_REGIONS else None
    return _Region(metadata) if metadata else None


@cache
def _country(code: int) -> _Region:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, COUNTRY_CODE_TO_REGION_CODE[code][0])
    if metadata is None:
        raise LookupError(f"phonenumbers has no numbering plan of country code {code}")
    return _Region(metadata)


@cache
def _pattern(code: int, length: int, kinds: tuple[str, ...]) -> re.Pattern[str]:
    """What numbers of some kinds and one length look like, in all regions of a country calling code."""
    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    choices = []
    for name in regions:
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, name)
        if metadata is None or length not in _general(metadata).possible_length:
            continue
        patterns = [text for kind in kinds if (text := _text(getattr(metadata, kind), length))]
        if patterns:
            own = f"(?={metadata.leading_digits})" if len(regions) > 1 and metadata.leading_digits else ""
            general = f"(?=(?:{_general(metadata).national_number_pattern})$)"
            choices.append(f"{own}{general}(?:{'|'.join(patterns)})")
    return re.compile("|".join(choices)) if choices else _NEVER


def _general(metadata: PhoneMetadata) -> PhoneNumberDesc:
    return metadata.general_desc or PhoneNumberDesc()


def _text(kind: PhoneNumberDesc | None, length: int) -> str:
    if kind is None or (kind.possible_length and length not in kind.possible_length):
        return ""
    return kind.national_number_pattern or ""
