"""A look-up as people read it in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bridge.callerid import Explanation
from bridge.callerid.explain import Row, Step


def render(explanation: Explanation) -> RenderableType:
    """Steps from the number as it was sent to the name, each with the rows of ITFlow it brought."""
    shown = Text(explanation.name, "bold") if explanation.name else Text("no name", "italic")
    return Group(
        Text.assemble(("Sent ", "bold"), repr(explanation.sent)),
        *(part for step in explanation.steps for part in _step(step)),
        Text.assemble(("Shown ", "bold"), shown, f"  ({explanation.result}, {explanation.rule})"),
    )


def _step(step: Step) -> tuple[RenderableType, ...]:
    line = Text.assemble((f"{step.title} ", "bold"), step.text)
    return (line, _table(step.rows)) if step.rows else (line,)


def _table(rows: tuple[Row, ...]) -> Table:
    table = Table("Kind", "Id", "Name", "Client", "Extension", "In ITFlow")
    for row in rows:
        name = Text(row.name)
        table.add_row(row.kind, str(row.id), name, Text(row.client), row.extension, Text(row.url, overflow="fold"))
    return table
