"""One line of the table of figures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured.

    Attributes:
        name: What it is.
        measured: With its unit.
        goal: What it should be, or nothing.
        met: Whether it is, where there is a goal.
    """

    name: str
    measured: str
    goal: str = ""
    met: bool | None = None


def at_most(name: str, measured: float, goal: float, unit: str = "", digits: int = 2) -> Figure:
    """A figure that should not be above its goal."""
    text = f"{measured:.{digits}f} {unit}".strip()
    return Figure(name, text, f"≤ {goal:g} {unit}".strip(), measured <= goal)


def at_least(name: str, measured: float, goal: float, unit: str = "", digits: int = 2) -> Figure:
    """A figure that should not be below its goal."""
    text = f"{measured:.{digits}f} {unit}".strip()
    return Figure(name, text, f"≥ {goal:g} {unit}".strip(), measured >= goal)
