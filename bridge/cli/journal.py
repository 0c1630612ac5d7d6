"""``itflow-bridge journal``: what is on its way to ITFlow: assets, contacts, tickets and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bridge.cli.options import Config, Json
from bridge.errors import BadParameter

if TYPE_CHECKING:
    from bridge.outbox.journal import Journal

app = typer.Typer(help="Assets, contacts, tickets and notes on their way to ITFlow.", no_args_is_help=True)

State = Literal["pending", "added", "refused"]  # the journal's own words, which are not imported yet
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
    from bridge.cli.common import database, settings_in_use
    from bridge.cli.listing import Listing
    from bridge.outbox import journal

    table = Listing("id", "accepted (UTC)", "client", "kind", "name", "key", "state", "ITFlow's id", "reason")
    with database(settings_in_use(config)) as opened:
        for entry in journal.Journal(opened).entries(journal.State(state) if state else None, count):
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
    from bridge.cli.common import console, database, settings_in_use
    from bridge.outbox.journal import Journal

    _check(ids, every=every)
    with database(settings_in_use(config), writes=True) as opened:
        journal = Journal(opened)
        changed = journal.retry(ids or _refused(journal))
    console.print(f"{changed} to be tried again.")


@app.command()
def drop(ids: Ids = None, every: All = False, config: Config = None) -> None:
    """Forget entries that are not added. One that was sent without an answer may still come to ITFlow."""
    from bridge.cli.common import console, database, settings_in_use
    from bridge.outbox.journal import Journal

    _check(ids, every=every)
    with database(settings_in_use(config), writes=True) as opened:
        journal = Journal(opened)
        dropped = journal.drop(ids or _refused(journal))
    console.print(f"{dropped} dropped.")


def _check(ids: list[int] | None, *, every: bool) -> None:
    if bool(ids) == every:
        raise BadParameter("Name the ids that `itflow-bridge journal list` shows, or --all for all that are refused.")


def _refused(journal: Journal) -> list[int]:
    from bridge.outbox.journal import State

    return [entry.id for entry in journal.entries(State.REFUSED)]
