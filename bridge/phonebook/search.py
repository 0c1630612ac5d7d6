"""Search as every phone gets it: one rule of what matches, one ranking.

Every word typed must match: as the beginning of a word of the name or the client, with case and accents
ignored and umlauts also written out (``mueller``); a word of digits also as a number, as the keys of a keypad (2 for
ABC, ITU-T E.161), or as a part of a number. Names come before parts of numbers: who types 232 wants Ada.
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
_FIRST_WORD, _NAME_WORD, _CLIENT_WORD, _WHOLE_NUMBER, _KEYPAD_WORD, _FRAGMENT = range(6)

# A word, each way it is written.
_Ways = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    name: tuple[_Ways, ...]
    client: tuple[_Ways, ...]
    keys: tuple[_Ways, ...]
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
        typed = names.spellings(text)
        if not typed:
            return self._lines
        self._known = self._known or [_known(line) for line in self._lines]
        digits = "".join(word for word, *_ in typed)
        if digits.isdigit() and text.strip()[:1] in "+0123456789(":
            # Words by keypad, or one number with blanks in it.
            by_keys = self._matching(typed, text, fragments=False) if len(typed) > 1 else {}
            found = self._matching(((digits,),), text) | by_keys or self._matching(typed, text)
        else:
            found = self._matching(typed, text)
        return [self._lines[at] for at in sorted(found, key=lambda at: (found[at], at))]

    def _matching(self, typed: tuple[_Ways, ...], text: str, *, fragments: bool = True) -> dict[int, float]:
        """How well each line matches on average, by its place; those that do not are not there."""
        whole = {word: self._identities(word, text) for ways in typed for word in ways}
        found = {}
        for at, known in enumerate(self._known):
            scores = []
            for ways in typed:
                score = min(
                    (score for word in ways if (score := _score(known, word, whole[word])) is not None), default=None
                )
                if score is None or (score == _FRAGMENT and not fragments):
                    break
                scores.append(score)
            else:
                found[at] = sum(scores) / len(scores)
        return found

    def _identities(self, word: str, text: str) -> frozenset[str]:
        if not word.isdigit() or len(word) < WHOLE_NUMBER_DIGITS:
            return frozenset()
        typed = f"+{word}" if text.strip().startswith("+") else word
        return frozenset(reading.number for reading in numbers.sent(typed, region=self._region).readings)


def keyed(word: str) -> str:
    """The keys of a keypad that a folded word is typed with."""
    return word.translate(_KEYPAD)


def _known(line: Line) -> _Known:
    name, client = names.spellings(line.name.shown), names.spellings(line.client)
    keys = tuple(tuple(keyed(word) for word in ways) for ways in name + client)
    return _Known(name, client, keys, line)


def _score(known: _Known, word: str, identities: frozenset[str]) -> int | None:
    """How well a typed word matches a line, or None."""
    for at, ways in enumerate(known.name):
        if _begins(ways, word):
            return _NAME_WORD if at else _FIRST_WORD
    if any(_begins(ways, word) for ways in known.client):
        return _CLIENT_WORD
    if word.isdigit():
        phones = known.line.phones
        if any(phone.number == word or phone.number in identities for phone in phones):
            return _WHOLE_NUMBER
        if any(_begins(ways, word) for ways in known.keys):
            return _KEYPAD_WORD
        fragment = word.lstrip("0") or word
        if any(fragment in phone.number for phone in phones):
            return _FRAGMENT
    return None


def _begins(ways: _Ways, word: str) -> bool:
    return any(own.startswith(word) for own in ways)
