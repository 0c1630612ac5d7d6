"""``itflow-bridge lookup``: every step of a lookup, explained."""

from __future__ import annotations

from typing import Annotated

import typer

from bridge.cli.options import Config


def lookup(
    number: Annotated[str, typer.Argument(help="As the phone system sends it.")],
    key: Annotated[str | None, typer.Option(help="Name of the key that asks. Without: all clients.")] = None,
    config: Config = None,
) -> None:
    """Explain which name a number gets, from the stored mirror."""
    from bridge.access.caller import Own
    from bridge.access.keys import Keys
    from bridge.callerid import explain
    from bridge.cli.common import console, database, settings_in_use, stored_snapshot
    from bridge.cli.explained import render

    settings = settings_in_use(config)
    with database(settings) as opened:
        asker = Own.of(settings) if key is None else Keys(opened, settings).named(key)
        snapshot = stored_snapshot(opened)
    console.print(render(explain(snapshot, asker, number, itflow_url=str(settings.itflow.url or ""))))
