"""The compiled tables answer as phonenumbers itself does: in every region, for all kinds of digits.

``NUMBERS_DIGITS=1000000 NUMBERS_SEED=7 python -m pytest tests/numbers/test_tables.py`` is the long run.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import phonenumbers
from phonenumbers import CountryCodeSource, PhoneNumberFormat, PhoneNumberType, ValidationResult

from bridge.numbers import plan, tables
from bridge.numbers.tables import Source
from tests.numbers.written import KINDS, REGIONS, examples

COUNT = int(os.environ.get("NUMBERS_DIGITS", "20000"))
SEED = int(os.environ.get("NUMBERS_SEED", "1"))

SOURCES = {
    CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN: Source.PLUS,
    CountryCodeSource.FROM_NUMBER_WITH_IDD: Source.EXIT_CODE,
    CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN: Source.BARE,
    CountryCodeSource.FROM_DEFAULT_COUNTRY: Source.REGION,
}
FIXED = {PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
# What stands before a number; {} is its country calling code.
BEFORE = ("+{}", "+{}0", "+", "{}", "{}0", "", "", "0", "1", "8", "00{}", "011{}", "810{}", "0{}", "015", "00")

Answer = tuple[str, Source, bool, bool, bool] | None


def theirs(digits: str, region: str | None) -> Answer:
    """E.164, how the country was found, whether the number is valid, possible, and fixed where numbering is open."""
    try:
        number = phonenumbers.parse(digits, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    number.raw_input = None
    return (
        phonenumbers.format_number(number, PhoneNumberFormat.E164),
        SOURCES[number.country_code_source],
        phonenumbers.is_valid_number(number),
        phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE,
        number.country_code in plan.OPEN_NUMBERING and phonenumbers.number_type(number) in FIXED,
    )


def ours(digits: str, region: str | None) -> Answer:
    """The same of the compiled tables."""
    found = tables.split(digits, region)
    if found is None:
        return None
    code, national, source = found
    fixed = code in plan.OPEN_NUMBERING and tables.is_fixed(code, national)
    number = f"+{code}{national}"
    return number, source, tables.is_valid(code, national), tables.is_possible(code, national), fixed


def questions(count: int, seed: int) -> Iterator[tuple[str, str | None]]:
    """Digits and region: examples and what is near them, random digits, with all that may stand before a number."""
    rng = random.Random(seed)
    known = list(examples())
    places = [
        phonenumbers.example_number_for_non_geo_entity(code) for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS
    ]
    abroad = [(str(place.country_code), phonenumbers.national_significant_number(place)) for place in places if place]
    for kind, written in known:
        assert kind in KINDS
        yield written.e164, None
        yield written.bare, written.region
        yield written.significant, written.region
    for _ in range(count):
        _, written = rng.choice(known)
        code, significant = rng.choice(abroad) if rng.random() < 0.02 else (written.code, written.significant)
        kept = rng.choice((0, rng.randint(0, len(significant))))
        length = len(significant) - kept + rng.choice((-2, -1, 0, 0, 0, 0, 1, 2, 5))
        before = rng.choice(BEFORE).format(code)
        digits = before + significant[:kept] + "".join(rng.choices("0123456789", k=max(length, 1)))
        yield (
            digits,
            None if digits.startswith("+") else rng.choice((written.region, written.region, rng.choice(REGIONS))),
        )


def test_every_answer_is_phonenumbers_own() -> None:
    different = []
    valid = 0
    for digits, region in questions(COUNT, SEED):
        answer = theirs(digits, region)
        valid += bool(answer and answer[2])
        if answer != ours(digits, region):
            different.append((digits, region, answer, ours(digits, region)))
    assert not different
    assert valid > COUNT // 10


def test_what_is_no_digits_is_no_number() -> None:
    for text in ("", "+", "1", "+1", "0221*5", "+49221#5", "+4922112a", "+999123456", "-492211234567"):
        assert tables.split(text, "DE") is None
    assert tables.split("2211234567", "AQ") is None
    assert tables.split("2211234567") is None
