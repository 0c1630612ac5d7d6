"""``itflow-bridge embedded``: an ITFlow of our own, for trying and testing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bridge.errors import BadParameter

if TYPE_CHECKING:
    from bridge.embedded import FaultKind

# The embedded ITFlow's own words; importing it takes longer than telling of this command.
Generation = Literal["25.12", "26.02", "26.05", "26.08"]
KINDS = (
    *("hang", "slow", "dropped", "empty-500", "html", "redirect", "legacy", "trickle", "endless", "huge"),
    *("html-first", "cut", "unanswered"),
)


def embedded(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8090,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    generation: Annotated[
        Generation, typer.Option(help="Which ITFlow: 25.12 and 26.02 have payments, 26.08 keys of users.")
    ] = "26.02",
    data: Annotated[str, typer.Option(help="sample, empty, or a JSON file of rows by table.")] = "sample",
    database: Annotated[Path | None, typer.Option(help="File to keep the rows in; without: memory.")] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="An API key it accepts; KEY=CLIENT for one client only.")
    ] = None,
    dropin: Annotated[bool, typer.Option("--dropin", help="With the page for payments dropped in.")] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(help=f"What goes wrong with every request, or with MODULE's: KIND[:MODULE]; {', '.join(KINDS)}."),
    ] = None,
    lock: Annotated[list[str] | None, typer.Option(help="A table that is locked: its writes hang.")] = None,
    display_errors: Annotated[bool, typer.Option("--display-errors", help="Show PHP's errors in answers.")] = False,
) -> None:
    """Serve an ITFlow v1 of our own on SQLite."""
    import asyncio
    import sqlite3

    from bridge.cli.console import console
    from bridge.embedded import run

    try:
        asyncio.run(
            run(
                host,
                port,
                generation,
                data,
                database=database or ":memory:",
                keys=dict(map(_key, key or [])),
                display_errors=display_errors,
                dropin=dropin,
                faults=list(map(_fault, fault or [])),
                locked=lock or (),
                say=lambda line: console.print(line, soft_wrap=True),
            )
        )
    except (OSError, ValueError, sqlite3.Error) as error:
        raise BadParameter(
            f"The embedded ITFlow cannot serve (--host, --port, --data, --database): {error}"
        ) from error


def _key(text: str) -> tuple[str, int]:
    secret, _, client = text.partition("=")
    if client and not client.isdecimal():
        raise BadParameter(f"--key {text}: give KEY, or KEY=CLIENT with the client's id")
    return secret, int(client or 0)


def _fault(text: str) -> tuple[FaultKind, str]:
    from bridge.embedded import FaultKind

    kind, _, module = text.partition(":")
    try:
        return FaultKind(kind), module
    except ValueError as error:
        raise BadParameter(f"--fault {text}: give KIND or KIND:MODULE; the kinds are {', '.join(KINDS)}") from error
