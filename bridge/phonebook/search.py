"""Search as every phone gets it: one rule of what matches, one ranking.

Every word typed must match: as the beginning of a word of the name or the client, with case and accents
ignored; a word of digits also as a part of a number, or as the keys of a keypad (2 for ABC, ITU-T E.161).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge import numbers
from bridge.phonebook import names
from bridge.phonebook.view import Line

_KEYS = {
    letter: key
    for key, letters in zip("23456789", ["abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"], strict=True)
    for letter in letters
}
_KEYPAD = str.maketrans(_KEYS)
# From here on digits are read as a whole number, so that 030… finds +4930….
WHOLE_NUMBER_DIGITS = 7

# How well a word matches, the best first.
_FIRST_WORD, _NAME_WORD, _CLIENT_WORD, _NUMBER, _KEYPAD_WORD = range(5)


@dataclass(frozen=True, slots=True)
class _Known:
    name: tuple[str, ...]
    client: tuple[str, ...]
    keys: tuple[str, ...]
    line: Line


class Index:
    """The words of a book's lines, made once for many searches.

    Args:
        lines: Those of the book, in order.
        region: Country of a typed national number, ISO 3166.
    """

    def __init__(self, lines: Sequence[Line], region: str) -> None:
        self._lines = lines
        self._region = region
        self._known: list[_Known] = []

    def find(self, text: str) -> Sequence[Line]:
        """The lines that match, the best first, equals in the order of the book.

        Args:
            text: What was typed; without a letter or digit in it everything matches.
        """
        typed = names.words([text])
        if not typed:
            return self._lines
        self._known = self._known or [_known(line) for line in self._lines]
        if "".join(typed).isdigit() and text.strip()[:1] in "+0123456789(":
            # One number with blanks in it, or else words by keypad.
            return self._matching(("".join(typed),), text) or self._matching(typed, text)
        return self._matching(typed, text)

    def _matching(self, typed: tuple[str, ...], text: str) -> Sequence[Line]:
        whole = {word: self._identities(word, text) for word in typed if len(word) >= WHOLE_NUMBER_DIGITS}
        found = []
        for at, known in enumerate(self._known):
            scores = []
            for word in typed:
                score = _score(known, word, whole.get(word, frozenset()))
                if score is None:
                    break
                scores.append(score)
            else:
                found.append((sum(scores), at))
        return [self._lines[at] for _, at in sorted(found)]

    def _identities(self, word: str, text: str) -> frozenset[str]:
        if not word.isdigit():
            return frozenset()
        typed = f"+{word}" if text.strip().startswith("+") else word
        return frozenset(reading.number for reading in numbers.sent(typed, region=self._region).readings)


def keyed(word: str) -> str:
    """The keys of a keypad that a folded word is typed with."""
    return word.translate(_KEYPAD)


def _known(line: Line) -> _Known:
    name, client = names.words([line.name.shown]), names.words([line.client])
    return _Known(name, client, tuple(keyed(word) for word in name + client), line)


def _score(known: _Known, word: str, identities: frozenset[str]) -> int | None:
    """How well a typed word matches a line, or None."""
    for at, own in enumerate(known.name):
        if own.startswith(word):
            return _NAME_WORD if at else _FIRST_WORD
    if any(own.startswith(word) for own in known.client):
        return _CLIENT_WORD
    if word.isdigit():
        fragment = word.lstrip("0") or word
        if any(fragment in phone.number or phone.number in identities for phone in known.line.phones):
            return _NUMBER
        if any(own.startswith(word) for own in known.keys):
            return _KEYPAD_WORD
    return None
