"""What a benchmark is: a function that gives rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        figure: What is measured, its unit or ratio included.
        goal: What it should come to, such as ``≥ 0.85``.
        measured: What it came to.
        note: What a reader must know about it.
    """

    figure: str
    goal: str
    measured: str
    note: str = ""


Bench = Callable[[], Iterable[Row]]
BENCHES: dict[str, Bench] = {}


def bench(function: Bench) -> Bench:
    """Registers a benchmark under its name."""
    BENCHES[function.__name__] = function
    return function
