"""The command line: a module for each command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bridge import __version__
from bridge.cli import (
    backup,
    calls,
    check,
    demo,
    embedded,
    forget,
    itflow,
    journal,
    keys,
    lookup,
    manual,
    people,
    phonebook,
    phones,
    rights,
    serve,
    setup,
    sync,
)
from bridge.cli.common import console, errors
from bridge.controls import log_to_stderr
from bridge.errors import BridgeError

app = typer.Typer(help="The phone side of ITFlow.", no_args_is_help=True, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"itflow-bridge {__version__}")
        raise typer.Exit


@app.callback()
def _of_all(
    _version_wanted: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """The phone side of ITFlow."""


for command in (
    serve.serve,
    setup.setup,
    demo.demo,
    embedded.embedded,
    check.check,
    sync.sync,
    lookup.lookup,
    phonebook.phonebook,
    phones.phones,
    calls.calls,
    backup.backup,
    backup.restore,
    forget.forget,
    itflow.itflow,
):
    app.command()(command)
app.command(hidden=True)(manual.manual)
app.add_typer(keys.app, name="keys")
app.add_typer(journal.app, name="journal")
people.app.command()(rights.rights)
app.add_typer(people.app, name="people")


def main() -> None:
    """Run a command; an error of the bridge becomes its text and exit status 1."""
    log_to_stderr("WARNING")
    try:
        app()
    except BridgeError as error:
        errors.print(str(error), style="red")
        sys.exit(1)
