"""Makes a name safe for phones and phone systems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from anyascii import anyascii

# FreeSWITCH's mod_cidlookup takes these bodies for "no answer", and on a phone they are worse than the number.
NO_NAMES = frozenset({"unknown", "unavailable"})

# What a language writes for its letters where only ASCII passes; the rest is anyascii's.
_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ẞ": "SS"},
)
_NORDIC = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "Æ": "Ae", "Ø": "Oe", "Å": "Aa"})
LETTERS: Mapping[str, Mapping[int, str]] = {"de": _GERMAN, "da": _NORDIC, "nb": _NORDIC, "no": _NORDIC}

# A dialplan expands ${variable} and $[expression] wherever it evaluates the name again.
_DIALPLAN = re.compile(r"\$+(?=[{\[])")
_FIELD = re.compile(r"\{(\w+)\}")
_DANGLING = " -–—,;:/|·"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def safe(text: str, max_chars: int, *, ascii_language: str | None = None) -> str:
    """A text that every phone can show and no dialplan takes for more than text.

    Args:
        text: Any text.
        max_chars: The most characters; an accent is never cut off its letter.
        ascii_language: Transliterate to ASCII, as this language (ISO 639) does; None: leave letters alone.

    Returns:
        Unicode NFC on one line, without control, format, bidirectional or private characters and without
        ``${`` and ``$[``; empty for words that mean "no name".
    """
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", "".join(map(_visible, unicodedata.normalize("NFC", text))))
        if ascii_language is not None:
            text = anyascii(text.translate(LETTERS.get(ascii_language, {})))
    text = _cut(_DIALPLAN.sub("", " ".join(text.split())), max_chars)
    return "" if text.casefold() in NO_NAMES else text


def labelled(template: str, fields: Mapping[str, str]) -> str:
    """A label with its fields filled in; separators beside an empty field are dropped at both ends."""
    return _FIELD.sub(lambda match: fields.get(match.group(1), ""), template).strip(_DANGLING)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    return "" if category.startswith("C") else character


def _cut(text: str, max_chars: int) -> str:
    if len(text) <= max_chars:
        return text
    end = max_chars
    while end > 0 and (unicodedata.category(text[end]).startswith("M") or ord(text[end]) in _SKIN_TONES):
        end -= 1
    return text[:end].rstrip()
