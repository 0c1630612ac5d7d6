"""Plays every fault against a bridge and prints what callers got: ``python -m tests.drill [WORDS OF A NAME]``."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from tests.drill.callers import Counts
from tests.drill.faults import FAULTS, Fault
from tests.drill.house import House, housed

RECOVERED_S = 40.0


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a fault.

    Attributes:
        fault: Which one.
        counts: What callers got from its begin until it was over.
        recovered_s: From mending until a pull that began then was in use; None: longer than ``RECOVERED_S``.
    """

    fault: Fault
    counts: Counts
    recovered_s: float | None

    @property
    def good(self) -> bool:
        """Nobody got a wrong name, nobody went unanswered by a bridge that ran, and all is well again."""
        unanswered = self.counts.none + self.counts.empty if self.fault.answering else 0
        return not self.counts.wrong and not unanswered and self.recovered_s is not None


async def play(faults: Sequence[Fault]) -> AsyncIterator[Played]:
    """Play faults one after the other in one house."""
    with tempfile.TemporaryDirectory(prefix="itflow-bridge-drill-") as folder:
        async with housed(Path(folder)) as house:
            for fault in faults:
                yield await _played(house, fault)


async def _played(house: House, fault: Fault) -> Played:
    await house.counts()
    await fault.play(house)
    recovered_s = await house.recovered(RECOVERED_S)
    if recovered_s is None:
        sys.stderr.write(f"{fault.name}: {house.status}\n{''.join(house.log[-20:])}")
    return Played(fault, await house.counts(), recovered_s)


async def main(words: str) -> int:
    """Print the table; the exit status."""
    columns = ("fault", "requests", "right", "empty", "wrong", "no answer", "longest wait, ms", "well again, s", "")
    table = Table(*columns, box=MARKDOWN)
    good = True
    progress = Console(stderr=True)
    async for played in play([fault for fault in FAULTS if words in fault.name]):
        counts = played.counts
        good = good and played.good
        cells = (counts.requests, counts.right, counts.empty, counts.wrong, counts.none)
        table.add_row(
            played.fault.name,
            *map(str, cells),
            f"{counts.longest_s * 1000:.0f}",
            "no" if played.recovered_s is None else f"{played.recovered_s:.1f}",
            "" if played.good else "missed",
        )
        progress.print(played.fault.name, "" if played.good else f"missed: {counts}")
    Console(width=180).print(table)
    return not good


if __name__ == "__main__":
    sys.exit(asyncio.run(main(" ".join(sys.argv[1:]))))
