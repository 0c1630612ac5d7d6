"""Amounts in words: one and many, minus, cents, currencies without cents and without words."""

import tomllib
import wave
from decimal import Decimal

import pytest

from bridge import resources
from bridge.agi.prompts import Digits, Letters, Number, Play, load

LANGUAGES = sorted(path.stem for path in (resources.path("asterisk") / "prompts").glob("*.toml"))

AMOUNTS = {
    ("1.00", "EUR"): "eur-one",
    ("2.00", "EUR"): "2 eur-many",
    ("0.00", "EUR"): "0 eur-many",
    ("0.01", "EUR"): "eur-cent",
    ("0.50", "USD"): "50 usd-cents",
    ("1.01", "EUR"): "eur-one and eur-cent",
    ("1234.05", "EUR"): "1234 eur-many and 5 eur-cents",
    ("-12.50", "USD"): "minus 12 usd-many and 50 usd-cents",
    ("-1.00", "GBP"): "minus gbp-one",
    ("21.00", "JPY"): "21 jpy-many",
    ("1.00", "JPY"): "jpy-one",
    ("1.50", "JPY"): "1 point D50 Ljpy",
    ("7.00", "SEK"): "7 Lsek",
    ("7.05", "sek"): "7 point D05 Lsek",
    ("7.00", ""): "7",
    ("999999999.99", "EUR"): "999999999 eur-many and 99 eur-cents",
    ("1000000000.00", "EUR"): "D1000000000 eur-many",
    ("9999999999999.99", "EUR"): "D9999999999999 eur-many and 99 eur-cents",
    ("3", "EUR"): "3 eur-many",
    ("0.1", "EUR"): "10 eur-cents",
}


def written(steps) -> str:
    words = []
    for step in steps:
        match step:
            case Play(file):
                words.append(file.removeprefix("itflow/"))
            case Number(value):
                words.append(str(value))
            case Digits(text):
                words.append(f"D{text}")
            case Letters(text):
                words.append(f"L{text}")
    return " ".join(words)


@pytest.mark.parametrize(("amount", "currency"), AMOUNTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_amount_is_spoken(language, amount, currency):
    assert written(load(language).amount(Decimal(amount), currency)) == AMOUNTS[amount, currency]


@pytest.mark.parametrize(
    ("channel", "language"), [("de", "de"), ("de_AT", "de"), ("en_GB", "en"), ("fr", "en"), ("", "en"), ("../x", "en")]
)
def test_a_channel_language_finds_its_table(channel, language):
    assert load(channel).language == language


def test_every_language_says_the_same_things():
    tables = [load(language) for language in LANGUAGES]
    assert {table.language for table in tables} >= {"en", "de"}
    assert len({frozenset(name for name, _ in table.files()) for table in tables}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_its_sound_file(language):
    folder = resources.path("asterisk") / "sounds" / language / "itflow"
    names = {name for name, _ in load(language).files()}
    assert names == {path.stem for path in folder.iterdir()}
    for name in names:
        with wave.open(str(folder / f"{name}.wav")) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
            assert sound.getnframes() > 1000, name


def test_the_sounds_stay_small():
    files = (resources.path("asterisk") / "sounds").rglob("*.wav")
    assert sum(path.stat().st_size for path in files) < 3_000_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_is_plain_toml(language):
    text = (resources.path("asterisk") / "prompts" / f"{language}.toml").read_text(encoding="utf-8")
    assert set(tomllib.loads(text)) == {"voice", "numbers", "sentences", "currencies"}
