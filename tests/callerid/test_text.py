"""A name is safe for every phone and every dialplan, whatever somebody typed into ITFlow."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.callerid.text import labelled, safe
from bridge.languages import language


@given(st.text(max_size=80), st.integers(1, 40), st.sampled_from([None, "", "de", "en"]))
def test_any_text_becomes_safe(text: str, max_chars: int, ascii_language: str | None) -> None:
    made = safe(text, max_chars, ascii_language=ascii_language)
    assert len(made) <= max_chars
    assert "${" not in made
    assert "$[" not in made
    assert unicodedata.normalize("NFC", made) == made
    assert not any(unicodedata.category(c).startswith("C") or c in "\u2028\u2029\n\r" for c in made)
    assert made == made.strip()
    assert made.casefold() not in {"unknown", "unavailable"}
    assert ascii_language is None or made.isascii()


@pytest.mark.parametrize(
    ("text", "ascii_language", "expected"),
    [
        ("Ada\r\nSet(X=1)", None, "Ada Set(X=1)"),
        ("a${EXTEN}b", None, "a{EXTEN}b"),
        ("a$${EXTEN}", None, "a{EXTEN}"),
        ("a$\u200b{EXTEN}", None, "a{EXTEN}"),
        ("＄｛EXTEN｝", "", "{EXTEN}"),
        ("$[1+1] $5", None, "[1+1] $5"),
        ("\u202eevil\u202c", None, "evil"),
        ("Scha\u0308fer", None, "Schäfer"),
        ("Schäfer", "de", "Schaefer"),
        ("Schäfer", "fr", "Schafer"),
        ("ÖBB Straße", "de", "OeBB Strasse"),
        ("Bjørn Åse", "nb", "Bjoern Aase"),
        ("Γιώργος", "el", "Giorgos"),
        ("UNKNOWN", None, ""),
        ("Unavailable", None, ""),
        ('O\'Neil, "Bob" & Söhne <x>', None, 'O\'Neil, "Bob" & Söhne <x>'),
    ],
)
def test_safe(text: str, ascii_language: str | None, expected: str) -> None:
    assert safe(text, 60, ascii_language=ascii_language) == expected


@pytest.mark.parametrize(
    ("text", "max_chars", "expected"),
    [("Ada M", 4, "Ada"), ("ax\u0301b", 2, "a"), ("Ada 👍🏽", 5, "Ada"), ("日本語", 2, "日本")],
)
def test_an_accent_is_never_cut_off_its_letter(text: str, max_chars: int, expected: str) -> None:
    assert safe(text, max_chars) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{name}", "Ada"),
        ("{client} - {name}", "Ada"),
        ("{name} ({title})", "Ada (IT)"),
        ("{name}, {client}", "Ada"),
        ("{nobody}{name}", "Ada"),
    ],
)
def test_label(template: str, expected: str) -> None:
    assert labelled(template, {"name": "Ada", "client": "", "title": "IT"}) == expected


@pytest.mark.parametrize(("region", "expected"), [("DE", "de"), ("US", "en"), ("CH", "de"), ("", ""), ("ZZ", "")])
def test_language(region: str, expected: str) -> None:
    assert language(region) == expected
