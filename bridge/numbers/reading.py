"""Reads a number as ITFlow stores it, and as a phone system sends it.

Digits alone are read by a list of rules; which rules may speak, and in which order, is one table for stored
numbers and one for each kind of trunk. A reading that is in use according to its country's plan comes before
one whose length merely fits, and digits that fit nowhere are compared with the same digits only.

A stored number has one reading. ITFlow keeps nothing but digits of ``+49 221 9876541``, and ``492219876541`` could be
a national number too. A national number is dialled with a prefix and people write it so; digits without it that begin
with the own country's code are therefore the code and a number behind it. Where national numbers are written without a
prefix, nobody can tell, and such digits are no caller's number. With a country code in the column beside it, ITFlow
itself shows the digits as the number behind that code; so do we, unless that number does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from bridge.numbers import plan, spelling
from bridge.numbers.plan import Parsed
from bridge.numbers.tables import Source
from bridge.numbers.writing import national

RULES = 2  # counts up whenever ``stored`` reads otherwise, so that what is stored is read anew

_EXIT_CODES = ("00", "011")  # ITU-T E.164 recommends 00; North America has 011


class Trunk(StrEnum):
    """How a trunk writes numbers of other countries."""

    PLUS = "plus"  # +44…
    EXIT_CODE = "exit-code"  # 0044…, 01144…
    BARE = "bare"  # 44…

    @classmethod
    def _missing_(cls, value: object) -> Trunk | None:
        """The words of earlier releases, which stand in settings and keys."""
        return _OLD_WORDS.get(str(value))


_OLD_WORDS = {"e164": Trunk.PLUS, "national": Trunk.EXIT_CODE, "international": Trunk.BARE}


class Reading(NamedTuple):
    """One way to read a number.

    Attributes:
        number: Its identity, E.164 or short.
        extension: Digits dialled after the call is up; often empty.
        how: The rule that read it so, in words for a technician.
    """

    number: str
    extension: str = ""
    how: str = ""


class Sent(NamedTuple):
    """What a phone system sent as the caller's number.

    Attributes:
        readings: Every way to read it; none where it is withheld or no number.
        withheld: The caller hides the number.
    """

    readings: tuple[Reading, ...]
    withheld: bool = False


class _Found(NamedTuple):
    parsed: Parsed
    how: str

    @property
    def in_words(self) -> str:
        return (
            self.how if self.parsed.valid else f"{self.how}; of a length that fits, though the numbering plan lacks it"
        )


_Rules = Iterable[_Found | None]


def stored(text: str, *, country_code: str = "", extension: str = "", region: str) -> tuple[Reading, ...]:
    """Read what ITFlow stores.

    Args:
        text: A number column; digits as a rule, any text after an import.
        country_code: The column beside it: digits, often empty, sometimes junk.
        extension: The extension column.
        region: Country of a number without country code, ISO 3166.

    Returns:
        The numbers in it; none where there is none.
    """
    code = plan.calling_code(spelling.digits(country_code)[-3:].lstrip("0")) if country_code else None
    readings = {}
    for piece in spelling.pieces(text):
        number, how = _one(_stored(piece, code, region), piece, region)
        if number:
            readings[number] = Reading(number, spelling.digits(extension) or piece.extension, how)
    return tuple(readings.values())


def sent(text: str, *, region: str, trunk: Trunk | None = None) -> Sent:
    """Read what a phone system sends.

    Args:
        text: The caller ID number as it came: digits, E.164, a SIP or tel URI, a word for "withheld".
        region: Country of a national number, ISO 3166.
        trunk: How the trunk writes foreign numbers, where that is known. One that writes them with the country code
            alone leaves one reading; otherwise every reading counts that a plan knows.
    """
    if spelling.is_withheld(text):
        return Sent((), withheld=True)
    pieces = spelling.pieces(text)
    if not pieces:
        return Sent(())
    piece = pieces[0]
    rules = _sent_digits(piece.dialled, region, trunk)
    if piece.vanity:
        rules = (*rules, *_lettered(_sent_digits(piece.vanity, region, trunk)))
    # Where numbering is open, nearly any digits are a valid home number; that proves little against a foreign one.
    home = plan.country_code(region)
    is_open = home in plan.OPEN_NUMBERING
    counted: dict[str, Reading] = {}
    for found in rules:
        if found is None:
            continue
        parsed = found.parsed
        if parsed.valid or (is_open and parsed.possible and parsed.country_code != home):
            counted.setdefault(parsed.number, Reading(parsed.number, piece.extension, found.in_words))
    if counted:
        readings = tuple(counted.values())
        return Sent(readings[:1] if trunk is Trunk.BARE else readings)
    number, how = _one(rules, piece, region)
    return Sent((Reading(number, piece.extension, how),) if number else ())


def _one(rules: _Rules, piece: spelling.Piece, region: str) -> tuple[str, str]:
    """The number of the first rule whose plan knows it, else whose length fits, else the digits as they are."""
    possible: _Found | None = None
    for found in rules:
        if found is None:
            continue
        if found.parsed.valid:
            return found.parsed.number, found.how
        if found.parsed.possible and possible is None:
            possible = found
    digits = piece.dialled.lstrip("+")
    if len(digits) <= plan.short_digits(region) or digits[0] in "*#":
        return (digits, "short: an extension or a service number") if digits.strip("0") else ("", "")
    if possible is not None:
        return possible.parsed.number, possible.in_words
    return piece.dialled, "of no numbering plan; only the same digits are the same number"


def _stored(piece: spelling.Piece, code: int | None, region: str) -> Iterator[_Found | None]:
    yield from _stored_digits(piece.dialled, code, region)
    if piece.vanity:
        yield from _lettered(_stored_digits(piece.vanity, code, region))


def _stored_digits(digits: str, code: int | None, region: str) -> Iterator[_Found | None]:
    if digits[0] in "*#":
        return
    if digits[0] == "+":
        yield _plus(digits)
        return
    whole = len(digits) > plan.short_digits(region)
    if code is not None:
        column = f"country code column {code}"
        yield _national(digits, plan.main_region(code), f"{column}; ")
        if digits.startswith(str(code)):
            yield _bare(digits, f"{column} and the same in the digits; ")
        yield _column(digits, code)
        yield _bare(digits, f"{column} does not fit; ")
        yield from _foreign_exit(digits)
        if whole:
            yield _national(digits, region, f"{column} does not fit; ")
    elif whole:
        yield _own_code(digits, region)
        yield _national(digits, region)
        yield _bare(digits)
        yield from _foreign_exit(digits)
        yield _one_zero(digits, region)


def _sent_digits(digits: str, region: str, trunk: Trunk | None) -> tuple[_Found | None, ...]:
    if digits[0] in "*#" or len(digits) <= plan.short_digits(region):
        return ()
    if digits[0] == "+":
        return (_plus(digits),)
    own = _national(digits, region)
    if own and own.parsed.source is Source.EXIT_CODE and own.parsed.valid:
        return (own,)
    if digits[0] == "0":
        is_home = own and own.parsed.valid and not plan.is_doubtful(own.parsed.number, own.parsed.country_code)
        return (own,) if is_home else (own, *_foreign_exit(digits), _one_zero(digits, region))
    bare = None if own and own.parsed.number[1:] == digits else _bare(digits)
    is_home = bare is not None and bare.parsed.country_code == plan.country_code(region)
    if trunk is Trunk.BARE or (is_home and plan.has_trunk_prefix(region)):
        return (bare, own)
    return (own, bare) if trunk is None or is_home else (own,)


def _lettered(rules: _Rules) -> Iterator[_Found]:
    for found in rules:
        if found and found.parsed.valid:
            yield _Found(found.parsed, f"letters as on the keypad; {found.how}")


def _column(digits: str, code: int) -> _Found | None:
    parsed = plan.parse(f"+{code}{digits}")
    return parsed and _Found(parsed, f"country code column {code} before the digits{_mend(parsed)}")


def _plus(digits: str) -> _Found | None:
    parsed = plan.parse(digits)
    return parsed and _Found(parsed, f"plus sign and country code {parsed.country_code}{_mend(parsed)}")


def _own_code(digits: str, region: str) -> _Found | None:
    """The number behind the region's own country code, where the digits are no national number just as well."""
    if not digits.startswith(str(plan.country_code(region))):
        return None
    behind, plain = plan.parse(f"+{digits}"), plan.parse(digits, region)
    if behind is None or behind.mended:
        return None
    if (
        behind.valid
        and plain is not None
        and plain.valid
        and plain.number != behind.number
        and spelling.digits(national(plain.number)) == digits
    ):
        how = f"{behind.number} or {plain.number}, nobody can tell; a plus sign before the country code would"
        return _Found(behind._replace(number=digits), how)
    if behind.valid or plan.has_trunk_prefix(region):
        return _Found(behind, f"country code {behind.country_code} of {region} without a plus sign")
    return None


def _national(digits: str, region: str, before: str = "") -> _Found | None:
    parsed = plan.parse(digits, region)
    if parsed is None:
        return None
    if parsed.source is Source.EXIT_CODE and digits.startswith("00") and parsed.number[1:] != digits[2:]:
        # A region with codes of carriers behind its 00, as Brazil has; none of them is in a caller's number.
        abroad = plan.parse(f"+{digits[2:]}")
        parsed = abroad._replace(source=parsed.source) if abroad and abroad.valid else parsed
    if parsed.source is Source.EXIT_CODE:
        how = f"{before}exit code of {region}, then country code {parsed.country_code}{_mend(parsed)}"
    elif parsed.source is Source.BARE:
        how = f"{before}country code {parsed.country_code} of {region} without a plus sign{_mend(parsed)}"
    else:
        how = f"{before}national number of {region}{_mend(parsed)}"
    return _Found(parsed, how)


def _bare(digits: str, before: str = "") -> _Found | None:
    parsed = plan.parse(f"+{digits}")
    return parsed and _Found(parsed, f"{before}country code {parsed.country_code} without a plus sign{_mend(parsed)}")


def _foreign_exit(digits: str) -> Iterator[_Found]:
    for code in _EXIT_CODES:
        if digits.startswith(code) and (parsed := plan.parse(f"+{digits[len(code) :]}")):
            yield _Found(parsed, f"exit code {code}, then country code {parsed.country_code}{_mend(parsed)}")


def _one_zero(digits: str, region: str) -> _Found | None:
    """``049221…``: what is left of ``0049221…`` where a phone system takes off one zero."""
    code = plan.country_code(region)
    parsed = plan.parse(f"+{digits[1:]}") if digits.startswith(f"0{code}") else None
    return parsed and _Found(parsed, f"one zero, then country code {code} of {region}")


def _mend(parsed: Parsed) -> str:
    return ", an outdated or missing prefix mended" if parsed.mended else ""
