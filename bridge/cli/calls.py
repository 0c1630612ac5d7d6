"""``itflow-bridge calls``: the last calls that a phone system announced."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from bridge.calls.log import CallLog
from bridge.calls.rows import Filters
from bridge.cli.common import Config, console, database
from bridge.settings import load


def calls(
    config: Config = None, count: Annotated[int, typer.Option("--count", "-n", help="How many.", min=1)] = 50
) -> None:
    """Show the last calls that a phone system announced with incoming_call."""
    table = Table("when (UTC)", "number", "name", "attestation", "key")
    with database(load(config)) as opened:
        for one in CallLog(opened).read(Filters(limit=count)):
            call, party = one.call, one.party
            table.add_row(f"{call.started:%Y-%m-%d %H:%M:%S}", party.number, party.name, call.verified, one.key)
    console.print(table)
