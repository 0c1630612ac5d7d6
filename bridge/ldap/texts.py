"""Many texts as one, so that a book of 50,000 entries is a few objects.

The garbage collector looks at each object again and again, and all of them are freed when a book is replaced; both
hold up every caller meanwhile, and neither can be cut into slices.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Self

from bridge.largework import RUN, gently

PLACE = "I"  # an array's kind: of places in a book, or in its texts


class Texts:
    """Texts that do not change.

    Attributes:
        joined: All of them, each with a line's end behind it.
    """

    __slots__ = ("_begins", "joined")

    def __init__(self, joined: str, begins: array[int]) -> None:
        self.joined = joined
        self._begins = begins

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Join texts; of many, in a thread."""
        packing = Packing()
        for text in gently(texts):
            packing.add(text)
        return cls(*packing.done())

    def __len__(self) -> int:
        return len(self._begins) - 1

    def __iter__(self) -> Iterator[str]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, at: int) -> str:
        begins = self._begins
        return self.joined[begins[at] : begins[at + 1] - 1]

    def place(self, offset: int) -> int:
        """Which text the character at a place of ``joined`` is of."""
        return bisect_right(self._begins, offset) - 1

    def end(self, at: int) -> int:
        """Where the next text begins in ``joined``."""
        return self._begins[at + 1]


class Packing:
    """Texts that are being joined."""

    def __init__(self) -> None:
        self._begins = array(PLACE, [0])
        self._run: list[str] = []
        self._runs: list[str] = []
        self._length = 0

    def add(self, text: str) -> None:
        """Add one."""
        self._run.append(text)
        self._length += len(text) + 1
        self._begins.append(self._length)
        if len(self._run) == RUN:
            self._end_run()

    def done(self) -> tuple[str, array[int]]:
        """What ``Texts`` is made of."""
        self._end_run()
        return "".join(self._runs), self._begins

    def _end_run(self) -> None:
        self._runs.append("".join(f"{text}\n" for text in self._run))
        self._run.clear()
