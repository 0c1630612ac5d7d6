"""``itflow-bridge journal``: what is on its way to ITFlow: assets, contacts, tickets and notes."""

from __future__ import annotations

from typing import Annotated

import typer

from bridge.cli.common import Config, console, database, settings_in_use
from bridge.cli.listing import Json, Listing
from bridge.errors import BadParameter
from bridge.outbox.journal import Journal, State

app = typer.Typer(help="Assets, contacts, tickets and notes on their way to ITFlow.", no_args_is_help=True)

Ids = Annotated[list[int] | None, typer.Argument(help="Ids of the list.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="All that are refused.")]


@app.command("list")
def list_entries(
    state: Annotated[State | None, typer.Option("--state", help="Only these.", show_default=False)] = None,
    count: Annotated[int, typer.Option("--count", "-n", help="How many.", min=1)] = 50,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Show the newest entries and what became of them."""
    table = Listing("id", "accepted (UTC)", "client", "kind", "name", "key", "state", "ITFlow's id", "reason")
    with database(settings_in_use(config)) as opened:
        for entry in Journal(opened).entries(state, count):
            table.add_row(
                str(entry.id),
                f"{entry.accepted.at:%Y-%m-%d %H:%M:%S}",
                str(entry.client_id),
                entry.kind,
                " ".join(filter(None, (entry.name, str(entry.fields.get("asset_serial", ""))))),
                entry.key,
                entry.state,
                "" if entry.itflow_id is None else str(entry.itflow_id),
                entry.reason,
            )
    table.show(as_json=as_json)


@app.command()
def retry(ids: Ids = None, every: All = False, config: Config = None) -> None:
    """Try entries again now, refused ones too. A running service takes them up within seconds."""
    _check(ids, every=every)
    with database(settings_in_use(config), writes=True) as opened:
        journal = Journal(opened)
        changed = journal.retry(ids or _refused(journal))
    console.print(f"{changed} to be tried again.")


@app.command()
def drop(ids: Ids = None, every: All = False, config: Config = None) -> None:
    """Forget entries that are not added. One that was sent without an answer may still come to ITFlow."""
    _check(ids, every=every)
    with database(settings_in_use(config), writes=True) as opened:
        journal = Journal(opened)
        dropped = journal.drop(ids or _refused(journal))
    console.print(f"{dropped} dropped.")


def _check(ids: list[int] | None, *, every: bool) -> None:
    if bool(ids) == every:
        raise BadParameter("Name the ids that `itflow-bridge journal list` shows, or --all for all that are refused.")


def _refused(journal: Journal) -> list[int]:
    return [entry.id for entry in journal.entries(State.REFUSED)]
