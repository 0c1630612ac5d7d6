"""The entries of a book in the order of one attribute."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence

from bridge.largework import gently, in_order, let_go
from bridge.ldap.texts import PLACE, Texts
from bridge.phonebook import names


class Order:
    """All entries in the order of one attribute, those without it at the end (RFC 2891 section 2.2); made in a thread.

    Args:
        values: The attribute of each entry, by its place in the book; blank where it has none.
        filed: What a value is filed under.

    Attributes:
        places: Of all entries; those with the same value stand as in the book.
        ranks: Of each entry by its place, the same for those that are filed alike.
    """

    def __init__(self, values: Texts, filed: Callable[[str], str]) -> None:
        self._values = values
        self._filed = filed
        keys = [filed(value) if value.strip() else "" for value in gently(values)]
        places = array(PLACE, in_order([at for at, key in enumerate(gently(keys)) if key], keys.__getitem__))
        self._last = len(places)
        ranks = array(PLACE, [self._last]) * len(values)
        before, rank = "", 0
        for count, at in enumerate(gently(places)):
            if keys[at] != before:
                before, rank = keys[at], count
            ranks[at] = rank
        places.extend(at for at, key in enumerate(gently(keys)) if not key)
        let_go(keys)
        self.places: Sequence[int] = places
        self.ranks: Sequence[int] = ranks

    def reached(self, listed: Sequence[int], value: str, *, reverse: bool) -> int:
        """The place in a sorted list, from 1, of the first entry that is not less; in reverse order, not more.

        Args:
            listed: Places of entries, in this order or in reverse.
            value: As a client has sent it.
            reverse: Which of the two.
        """
        bound = self._filed(names.clean(value))
        if not reverse:
            return bisect_left(listed, True, key=lambda at: not self._has(at) or self._key(at) >= bound) + 1
        return bisect_left(listed, True, key=lambda at: self._has(at) and self._key(at) <= bound) + 1

    def _has(self, at: int) -> bool:
        return self.ranks[at] < self._last

    def _key(self, at: int) -> str:
        return self._filed(self._values[at])
