"""``itflow-bridge sync``: one pull of everything, now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.options import Config

if TYPE_CHECKING:
    from bridge.directory.sync import Report
    from bridge.settings import Settings


def sync(
    accept: Annotated[
        bool, typer.Option("--accept", help="Believe what ITFlow shows now, also where it was doubted.")
    ] = False,
    config: Config = None,
) -> None:
    """Pull everything from ITFlow once; a running bridge answers from it within a second."""
    import asyncio

    from rich.table import Table

    from bridge.cli.common import console, database, settings_in_use

    settings = settings_in_use(config)
    settings.itflow.require()
    with database(settings, writes=True, fresh=True):
        report = asyncio.run(_sync(settings, accept=accept))
    table = Table("module", "rows", "changed", "gone", "what is wrong")
    for module, pulled in report.modules.items():
        table.add_row(module, str(pulled.seen), str(pulled.changed), str(pulled.lost), pulled.problem)
    console.print(table)
    if any(pulled.problem and not pulled.gap for pulled in report.modules.values()):
        raise typer.Exit(1)


async def _sync(settings: Settings, *, accept: bool) -> Report:
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    from bridge.cli.console import errors
    from bridge.directory.sync import sync_once

    columns = (TextColumn("{task.description}"), TextColumn("{task.completed} rows"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bars:
        tasks = {}

        def told(module: str, rows: int, known: int) -> None:
            if module not in tasks:
                tasks[module] = bars.add_task(module, total=known or None)
            bars.update(tasks[module], completed=rows)

        return await sync_once(settings, accept=accept, progress=told)
