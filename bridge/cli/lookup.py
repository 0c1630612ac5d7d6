"""``itflow-bridge lookup``: every step of a lookup, explained."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bridge.access.caller import Own
from bridge.access.keys import Keys
from bridge.callerid import Asker, Explanation, explain
from bridge.callerid.explain import Row, Step
from bridge.cli.common import Config, console, database, settings_in_use, stored_snapshot
from bridge.settings import Settings
from bridge.storage import Database


def lookup(
    number: Annotated[str, typer.Argument(help="As the phone system sends it.")],
    key: Annotated[str | None, typer.Option(help="Name of the key that asks. Without: all clients.")] = None,
    config: Config = None,
) -> None:
    """Explain which name a number gets, from the stored mirror."""
    settings = settings_in_use(config)
    with database(settings) as opened:
        asker = _asker(opened, settings, key)
        snapshot = stored_snapshot(opened)
    console.print(render(explain(snapshot, asker, number, itflow_url=str(settings.itflow.url or ""))))


def _asker(opened: Database, settings: Settings, key: str | None) -> Asker:
    if key is None:
        return Own.of(settings)
    return Keys(opened, settings).named(key)


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
