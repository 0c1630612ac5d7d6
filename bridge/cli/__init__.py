"""The command line: a module for each command."""

from __future__ import annotations

import sys

import typer

from bridge.cli import (
    calls,
    check,
    demo,
    embedded,
    itflow,
    journal,
    keys,
    lookup,
    people,
    phonebook,
    phones,
    rights,
    serve,
    setup,
    sync,
)
from bridge.cli.common import errors
from bridge.controls import log_to_stderr
from bridge.errors import BridgeError

app = typer.Typer(
    help="The phone side of ITFlow.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
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
    itflow.itflow,
):
    app.command()(command)
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
