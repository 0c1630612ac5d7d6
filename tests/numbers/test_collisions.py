"""Digits that are two numbers: a country code and a number behind it, and a national number of the same country.

ITFlow's API stores ``+49 221 9876541`` as ``492219876541``. Wherever a national plan has numbers that begin with the
country's own code, such digits could be another number; none of those may be answered with this one's name.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import phonenumbers
import pytest
from phonenumbers import PhoneNumber

from bridge import numbers
from bridge.callerid import lookup
from bridge.directory.entries import Kind
from bridge.directory.snapshot import Snapshot
from bridge.numbers import Form
from tests.callerid.people import Asker, entry
from tests.numbers.written import Written, digits, examples, is_found

TRIES = int(os.environ.get("NUMBERS_TRIES", "300"))  # numbers made of each example; the long run takes 10,000

# Regions whose plan has numbers that begin with the region's own country code, and are numbers behind it too.
SWALLOWING = {
    *("AE", "AT", "AX", "BR", "CU", "DE", "FI", "ID", "IN", "IT"),
    *("MM", "NL", "PL", "SE", "SI", "SK", "VA", "VN", "XK", "ZA"),
}
# Those of them where national numbers are written without a prefix, some or all, so that nobody can tell.
UNTOLD = {"BR", "IT", "PL", "VA"}


def _data(name: str) -> list[str]:
    return (Path(__file__).parent.parent / "data" / "numbers" / name).read_text(encoding="ascii").split()


SHORT = 6  # so many digits are at most a number inside a company

# Of the Bundesnetzagentur's list of area codes: all that begin with 49, and a hundred of the whole country.
AREAS = _data("german-area-codes-beginning-with-49.txt")
FIXED = _data("german-area-codes.txt")
MOBILE = _data("german-mobile-prefixes.txt")
# How a phone in Germany, the US or the UK dials a German number, in every form that a phonebook can have.
PHONES = {
    (Form.E164, "DE"): "+49{}",
    (Form.INTERNATIONAL, "DE"): "0{}",
    (Form.NATIONAL, "DE"): "0{}",
    (Form.E164, "US"): "+49{}",
    (Form.INTERNATIONAL, "US"): "01149{}",
    (Form.NATIONAL, "US"): "01149{}",
    (Form.INTERNATIONAL, "GB"): "0049{}",
    (Form.NATIONAL, "GB"): "0049{}",
}


class Collision(NamedTuple):
    """Two numbers of a region that ITFlow's API and a national number without its prefix make of the same digits."""

    behind: Written
    plain: Written

    @property
    def untold(self) -> bool:
        """Whether the other number is written with these digits at home."""
        return digits(self.plain.national) == self.behind.bare


@cache
def collisions() -> dict[str, list[Collision]]:
    """Computed with phonenumbers alone: its examples and random numbers that begin like them."""
    found: dict[str, list[Collision]] = defaultdict(list)
    rng = random.Random(11)
    anything = [(example, "") for kind, example in examples("fixed")]
    for example, like in [*((example, example.significant) for _, example in examples()), *anything]:
        for significant in dict.fromkeys((example.significant, *_alike(rng, like))):
            behind, plain = _number(example.code, significant), _number(example.code, example.code + significant)
            if phonenumbers.is_valid_number(behind) and phonenumbers.is_valid_number(plain):
                found[example.region].append(
                    Collision(Written(example.region, behind), Written(example.region, plain))
                )
    return found


def _number(code: str, significant: str) -> PhoneNumber:
    zeros = len(significant) - len(significant.lstrip("0"))
    return PhoneNumber(
        country_code=int(code),
        national_number=int(significant),
        italian_leading_zero=bool(zeros),
        number_of_leading_zeros=zeros or None,
    )


def _alike(rng: random.Random, significant: str) -> Iterator[str]:
    for _ in range(TRIES if significant else 4 * TRIES):
        kept = rng.randint(0, len(significant))
        yield significant[:kept] + "".join(rng.choices("0123456789", k=max(rng.randint(4, 12) - kept, 0)))


def every() -> Iterator[tuple[str, Written, Written]]:
    """Region, the number behind the code, the other one."""
    return ((region, *pair) for region, found in collisions().items() for pair in found)


def _read(caller: Written) -> list[set[str]]:
    return [
        {reading.number for reading in numbers.sent(text, region=caller.region).readings}
        for text in caller.eight_spellings()
    ]


def _exists(plain: Written) -> bool:
    """Whether there is such a number: phonenumbers allows German ones that the Bundesnetzagentur never gives out."""
    if plain.region != "DE":
        return True
    subscriber = next((plain.significant[len(area) :] for area in AREAS if plain.significant.startswith(area)), "")
    return bool(subscriber) and not subscriber.startswith(("0", "11")) and len(plain.significant) <= 11


def _is_nobodys(number: str) -> bool:
    """Digits alone: only somebody who sends the same digits, inside a company, would be found."""
    return not number.startswith("+")


def test_which_regions_swallow_their_own_code() -> None:
    assert set(collisions()) == SWALLOWING
    assert {region for region, found in collisions().items() if any(one.untold for one in found)} == UNTOLD


def test_what_the_api_stores_is_found_by_its_owner_and_never_by_the_other() -> None:
    wrong = []
    for region, behind, plain in every():
        (reading,) = numbers.stored(behind.bare, region=region)
        if Collision(behind, plain).untold or len(behind.bare) <= SHORT:
            right = _is_nobodys(reading.number)
        else:
            right = reading.number == behind.e164 and all(is_found(behind.e164, read) for read in _read(behind))
            bare = numbers.sent(behind.bare, region=region).readings
            right = right and behind.e164 in {one.number for one in bare}
        if not right or (_exists(plain) and any(reading.number in read for read in _read(plain))):
            wrong.append((region, behind.bare, reading, plain.e164))
    assert not wrong


def test_what_is_written_at_home_is_found_by_its_owner_and_never_by_the_other() -> None:
    wrong = []
    for region, behind, plain in every():
        (reading,) = numbers.stored(plain.national, region=region)
        expected = behind.bare if Collision(behind, plain).untold else plain.e164
        found = all(is_found(plain.e164, read) for read in _read(plain))
        if reading.number != expected or not found or any(reading.number in read for read in _read(behind)):
            wrong.append((region, plain.national, reading, behind.e164))
    assert not wrong


def test_with_the_code_in_the_column_the_digits_are_what_itflow_shows_unless_there_is_no_such_number() -> None:
    wrong = []
    for region, behind, plain in every():
        (reading,) = numbers.stored(behind.bare, country_code=behind.code, region=region)
        expected = plain if _exists(plain) else behind
        if reading.number != expected.e164:
            wrong.append((region, behind.bare, reading, expected.e164))
    assert not wrong


@pytest.mark.parametrize("prefix", FIXED + MOBILE)
def test_german_numbers_as_the_api_stores_them_are_found_and_dialled_right(prefix: str) -> None:
    number = f"{prefix}9876541" if len(prefix) < 4 or prefix in MOBILE else f"{prefix}987654"
    example = Written("DE", _number("49", number))
    for code in ("", "49"):
        (reading,) = numbers.stored(f"49{number}", country_code=code, region="DE")
        assert reading.number == f"+49{number}"
        snapshot = Snapshot.build(entries=[entry(Kind.CONTACT, 1, 0, "Ada Muster", reading.number)])
        for text in (*example.eight_spellings(), f"49{number}", f"049{number}"):
            assert lookup(snapshot, Asker(), text).name == "Ada Muster", text
        assert lookup(snapshot, Asker(), f"+4949{number}").name == ""
        dialled = {(form, region): numbers.dialled(reading.number, form, region=region) for form, region in PHONES}
        assert dialled == {key: text.format(number) for key, text in PHONES.items()}


def test_no_such_number_is_dialled_where_nobody_can_tell() -> None:
    (reading,) = numbers.stored("483060242", region="PL")
    assert reading.number == "483060242"
    assert "+483060242 or +48483060242" in reading.how
    assert numbers.dialled(reading.number, Form.E164, region="PL") == "483060242"
