"""``itflow-bridge calls``: the last calls that a phone system announced."""

from __future__ import annotations

from typing import Annotated

import typer

from bridge.access.calls import CallLog
from bridge.cli.common import Config, database
from bridge.cli.listing import Json, Listing
from bridge.settings import load


def calls(
    config: Config = None,
    count: Annotated[int, typer.Option("--count", "-n", help="How many.", min=1)] = 50,
    as_json: Json = False,
) -> None:
    """Show the last calls that a phone system announced with incoming_call."""
    table = Listing("when (UTC)", "number", "name", "attestation", "key")
    with database(load(config)) as opened:
        for call in CallLog(opened).last(count):
            table.add_row(f"{call.at:%Y-%m-%d %H:%M:%S}", call.number, call.name, call.attestation, call.key)
    table.show(as_json=as_json)
