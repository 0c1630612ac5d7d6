"""One attribute of every entry of a book, laid out for search: by word, by any part, and in order."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate

from bridge.phonebook import names

# From here on a list of finds helps no more than going through the entries in their order does.
FEW = 2000


class Column:
    """Folded values of one attribute, by the entry's place in the book.

    Attributes:
        texts: The words of a value, each behind a blank (`` ada muster``); empty where the entry has none.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        found: defaultdict[str, list[int]] = defaultdict(list)
        for at, text in enumerate(texts):
            for word in set(text.split()):
                found[word].append(at)
        self._words = sorted(found)
        self._places = [tuple(found[word]) for word in self._words]
        self._joined = "\n".join(texts)
        self._ends = list(accumulate(len(text) + 1 for text in texts))

    @property
    def order(self) -> Sequence[int]:
        """The places of the entries in the order of their values, those without one at the end (RFC 2891)."""
        texts = self.texts
        # Texts alone as keys: tuples take so long to compare that other threads would feel it.
        there = sorted((at for at, text in enumerate(texts) if text), key=texts.__getitem__)
        return [*there, *(at for at, text in enumerate(texts) if not text)]

    def rank(self, at: int) -> tuple[bool, str]:
        """What an entry is sorted by."""
        text = self.texts[at]
        return not text, text

    def beginning(self, word: str) -> Sequence[int] | None:
        """The entries with a word that begins so, in order; None where they are many."""
        first, last = bisect_left(self._words, word), bisect_left(self._words, f"{word}\U0010ffff")
        return few(self._places[first:last])

    def containing(self, part: str) -> Sequence[int] | None:
        """The entries that have a text in them, in order; None where they are many."""
        places: list[int] = []
        at = self._joined.find(part)
        while at >= 0:
            if len(places) >= FEW:
                return None
            place = bisect_left(self._ends, at + 1)
            places.append(place)
            at = self._joined.find(part, self._ends[place])
        return places


def few(lists: Iterable[Sequence[int]]) -> Sequence[int] | None:
    """Places of several lists, each of them in order, each place once; None where they are many."""
    lists, total = list(lists), 0
    for one in lists:
        total += len(one)
        if total > FEW:
            return None
    return sorted(set().union(*lists)) if len(lists) > 1 else lists[0] if lists else ()


def folded(text: str) -> str:
    """A value as a column has it."""
    return "".join(f" {word}" for word in names.words([text]))
