"""What the phone menu says: a text table for each language, and amounts as sequences of sound files and numbers.

The tables lie in ``asterisk/prompts/LANGUAGE.toml``. Each sentence is the sound file ``itflow/NAME`` of that
language, each currency four files: ``itflow/eur-one`` (the whole "one euro"), ``eur-many`` (the word after a
number), ``eur-cent`` and ``eur-cents``. Currencies without an entry are read as digits and letters.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bridge import resources
from bridge.errors import SettingsError

FALLBACK = "en"
FOLDER = "itflow"
LARGEST_SPOKEN = 999_999_999  # Asterisk's SAY NUMBER takes an int; above that, digits


@dataclass(frozen=True, slots=True)
class Play:
    """A sound file, without language and extension."""

    file: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number in words."""

    value: int


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits, one by one."""

    text: str


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters, one by one."""

    text: str


Step = Play | Number | Digits | Letters


class Currency(BaseModel):
    """A currency's words in one language; none for cents where it has no smaller unit (ISO 4217)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    one: str
    many: str
    cent: str = ""
    cents: str = ""


class Prompts(BaseModel):
    """One language's table.

    Attributes:
        language: As Asterisk names it.
        voice: For ``asterisk/tools/speak.py``.
        numbers: A sound file that Asterisk has only with the numbers of this language. Without them it would
            leave words out of an amount.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    voice: str
    numbers: str
    sentences: Mapping[str, str]
    currencies: Mapping[str, Currency]

    def files(self) -> Iterator[tuple[str, str]]:
        """Every sound file's name and its text."""
        yield from self.sentences.items()
        for code, words in self.currencies.items():
            for name, text in words:
                if text:
                    yield _of_currency(code, name), text

    def amount(self, amount: Decimal, currency: str) -> Iterator[Step]:
        """Speak an amount of money: ``minus``, then one or many, then cents where there are any.

        Args:
            amount: Two decimals at most; never rounded.
            currency: ISO 4217.
        """
        if amount < 0:
            yield sentence("minus")
        whole, cents = divmod(int(abs(amount).scaleb(2)), 100)
        words = self.currencies.get(currency.upper())
        if words is None or (cents and not words.cents):
            yield from _plainly(whole, cents, currency)
            return
        if whole or not cents:
            yield from _counted(whole, currency, "one", "many")
        if whole and cents:
            yield sentence("and")
        if cents:
            yield from _counted(cents, currency, "cent", "cents")


def load(language: str) -> Prompts:
    """The table of a channel's language (``de``, ``de_AT``), else English.

    Raises:
        SettingsError: A table is wrong.
    """
    tables = _tables()
    return tables.get(language) or tables.get(language[:2]) or tables[FALLBACK]


@cache
def _tables() -> Mapping[str, Prompts]:
    files = (resources.path("asterisk") / "prompts").glob("*.toml")
    return {file.stem: _table(file) for file in files}


def _table(file: Path) -> Prompts:
    try:
        return Prompts(language=file.stem, **tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError([f"{file} is no table of prompts: {error}"]) from error


def sentence(name: str) -> Play:
    """A sentence of the table."""
    return Play(f"{FOLDER}/{name}")


def _counted(count: int, currency: str, one: str, many: str) -> Iterator[Step]:
    if count == 1:
        yield sentence(_of_currency(currency, one))
        return
    yield _number(count)
    yield sentence(_of_currency(currency, many))


def _plainly(whole: int, cents: int, currency: str) -> Iterator[Step]:
    yield _number(whole)
    if cents:
        yield sentence("point")
        yield Digits(f"{cents:02}")
    if currency:
        yield Letters(currency.lower())


def _number(value: int) -> Step:
    return Number(value) if value <= LARGEST_SPOKEN else Digits(str(value))


def _of_currency(code: str, word: str) -> str:
    return f"{code.lower()}-{word}"
