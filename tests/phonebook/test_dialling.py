"""Numbers as they must be dialled."""

from __future__ import annotations

import pytest

from bridge.phonebook.dialling import Plan
from bridge.phonebook.formats import Formats
from bridge.settings import PhonebookSection

HOME, ABROAD, EXTENSION, CODE = "+493055500101", "+442079460000", "101", "*98"

TABLE = [
    # format, settings, what is dialled for HOME, ABROAD, EXTENSION, CODE
    ("yealink", {}, [HOME, ABROAD, "101", "*98"]),
    ("yealink", {"number_form": "national"}, ["03055500101", "00442079460000", "101", "*98"]),
    ("yealink", {"outside_prefix": "0"}, ["003055500101", "000442079460000", "101", "*98"]),
    (
        "yealink",
        {"outside_prefix": "0", "outside_except": "0044, 999"},
        ["003055500101", "00442079460000", "101", "*98"],
    ),
    ("yealink", {"outside_prefix": "0", "outside_except": "+49"}, ["03055500101", "000442079460000", "101", "*98"]),
    (
        "yealink",
        {"outside_prefix": "9", "outside_min_digits": "3"},
        ["903055500101", "900442079460000", "9101", "*98"],
    ),
    ("yealink", {"outside_prefix": "0", "outside_min_digits": "12"}, ["03055500101", "000442079460000", "101", "*98"]),
    ("panasonic", {}, ["03055500101", "00442079460000", "101", "*98"]),
    ("panasonic", {"number_form": "e164", "outside_prefix": "0"}, ["003055500101", "000442079460000", "101", "*98"]),
    ("snom-m", {}, [HOME, ABROAD, "101", ""]),
]


@pytest.mark.parametrize(("name", "settings", "expected"), TABLE)
def test_dialled(formats: Formats, name: str, settings: dict[str, str], expected: list[str]) -> None:
    plan = Plan.of(formats.get(name), PhonebookSection.model_validate(settings), "DE")
    assert [plan.dial(number) for number in (HOME, ABROAD, EXTENSION, CODE)] == expected


def test_a_number_too_long_for_the_phone(formats: Formats) -> None:
    row = formats.get("snom-m").model_copy(update={"number_limit": 12})
    plan = Plan.of(row, PhonebookSection(), "DE")
    assert (plan.dial("+49305550010"), plan.dial("+493055500101")) == ("+49305550010", "")
