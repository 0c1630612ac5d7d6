"""``itflow-bridge calls``: the last calls that a phone system announced."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from bridge.access.calls import CallLog
from bridge.cli.common import Config, console, database, settings_in_use


def calls(
    config: Config = None, count: Annotated[int, typer.Option("--count", "-n", help="How many.", min=1)] = 50
) -> None:
    """Show the last calls that a phone system announced with incoming_call."""
    table = Table("when (UTC)", "number", "name", "attestation", "key")
    with database(settings_in_use(config)) as opened:
        for call in CallLog(opened).last(count):
            table.add_row(f"{call.at:%Y-%m-%d %H:%M:%S}", call.number, call.name, call.attestation, call.key)
    console.print(table)
