"""Where commands print."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from bridge import controls


class PlainConsole(Console):
    """Shows other people's text as it is: ``[b]`` and ``:key:`` are no markup, and control characters are left out."""

    def __init__(self, *, stderr: bool = False, soft_wrap: bool = False) -> None:
        super().__init__(stderr=stderr, soft_wrap=soft_wrap, markup=False, emoji=False, highlight=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Everything that is printed, in pieces; rich's own cursor movements are marked as such and stay."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=controls.without(segment.text))


# Answers go to standard output; what is about them goes to standard error.
console = PlainConsole()
errors = PlainConsole(stderr=True, soft_wrap=True)
