"""One attribute of every entry of a book, laid out for search: by word, by any part, and in order."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from bridge.largework import gently, in_order, let_go
from bridge.ldap.texts import PLACE, Texts
from bridge.phonebook import names

# From here on a list of finds helps no more than going through the entries in their order does.
FEW = 2000
ALSO = "|"  # before the other way of a value; no word has it
MARK_EVERY = 64  # words: those that are looked through first, which stand by themselves


class Column:
    """Folded values of one attribute, by the entry's place in the book; to be made in a thread.

    Attributes:
        texts: The words of a value, each behind a blank (`` ada muster``), and where they are typed in two ways, both
            (`` anna muller| anna mueller``); empty where the entry has none.
    """

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        found: defaultdict[str, list[int]] = defaultdict(list)
        for at, text in enumerate(gently(texts)):
            for word in set(text.replace(ALSO, " ").split()):
                found[word].append(at)
        words = in_order(list(found))
        self._words = Texts.of(words)
        self._marks = words[::MARK_EVERY]
        # Those of the word at a place stand between its start and that of the next.
        self._places, self._starts = array(PLACE), array(PLACE, [0])
        for word in gently(words):
            self._places.extend(found.pop(word))
            self._starts.append(len(self._places))
        let_go(words)

    def plain(self, at: int) -> str:
        """The first way of a value."""
        return self.texts[at].partition(ALSO)[0]

    def beginning(self, word: str) -> Sequence[int] | None:
        """The entries with a word that begins so, in order; None where they are many."""
        first, last = self._word(word), self._word(f"{word}\U0010ffff")
        begin, end = self._starts[first], self._starts[last]
        if end - begin > FEW:
            return None
        places = self._places[begin:end]
        return places if last - first <= 1 else sorted(set(places))

    def having(self, word: str) -> Sequence[int]:
        """The entries with a word, in order, however many."""
        at = self._word(word)
        if at == len(self._words) or self._words[at] != word:
            return ()
        return self._places[self._starts[at] : self._starts[at + 1]]

    def containing(self, part: str) -> Sequence[int] | None:
        """The entries that have a text in them, in order; None where they are many."""
        places: list[int] = []
        texts = self.texts
        at = texts.joined.find(part)
        while at >= 0:
            if len(places) >= FEW:
                return None
            places.append(texts.place(at))
            at = texts.joined.find(part, texts.end(places[-1]))
        return places

    def _word(self, word: str) -> int:
        """The place of the first word that is not less."""
        mark = bisect_left(self._marks, word) * MARK_EVERY
        return bisect_left(self._words, word, max(0, mark - MARK_EVERY), min(mark, len(self._words)))


def few(lists: Iterable[Sequence[int]]) -> Sequence[int] | None:
    """Places of several lists, each of them in order, each place once; None where they are many."""
    lists, total = [one for one in lists if one], 0
    for one in lists:
        total += len(one)
        if total > FEW:
            return None
    return sorted(set().union(*lists)) if len(lists) > 1 else lists[0] if lists else ()


def ways(text: str) -> tuple[str, ...]:
    """A text as it is compared, and where umlauts are also written out, so too (``mueller``)."""
    if text.isascii():
        return (folded(text),)
    spelt = names.spellings(text)
    plain, also = ("".join(f" {way[at]}" for way in spelt) for at in (0, -1))
    return (plain,) if plain == also else (plain, also)


def folded(text: str) -> str:
    """A text as it is compared, in its first way."""
    return "".join(f" {word}" for word in names.words([text]))


def stored(text: str) -> str:
    """A value as a column has it."""
    return ALSO.join(ways(text))
