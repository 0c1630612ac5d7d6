"""The command line: a module for each command.

A module holds what is needed to tell about its command: names, options, texts. What the command works with is imported
when it runs, so that ``--help``, ``--version`` and the completion of words answer at once.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bridge import version
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
from bridge.controls import log_to_stderr
from bridge.errors import BridgeError


class Program(TyperGroup):
    """All commands; an error of the bridge becomes its text and exit status 1."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as the base class has it
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except BridgeError as error:
            from bridge.cli.console import errors

            errors.print(str(error), style="red")
            sys.exit(1)


app = typer.Typer(cls=Program, help="The phone side of ITFlow.", no_args_is_help=True, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"itflow-bridge {version()}")
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
    """Run a command."""
    log_to_stderr("WARNING")
    app()
