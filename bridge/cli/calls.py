"""``itflow-bridge calls``: the log of calls."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.options import Config, Json

if TYPE_CHECKING:
    from bridge.calls.people import People
    from bridge.calls.rows import Logged

_COLUMNS = ("id", "when (UTC)", "direction", "number", "name", "client", "what became of it", "people", "attestation")


def calls(
    config: Config = None,
    count: Annotated[int, typer.Option("--count", "-n", help="How many.", min=1)] = 50,
    person: Annotated[str | None, typer.Option(help="Who was rung or talked: name, extension, login, e-mail.")] = None,
    client: Annotated[int | None, typer.Option(help="Id of the client.")] = None,
    number: Annotated[str | None, typer.Option(help="The other side's number, in any spelling.")] = None,
    days: Annotated[float | None, typer.Option(help="Of the last days only.", min=0)] = None,
    missed: Annotated[
        bool | None, typer.Option("--missed/--not-missed", help="Missed calls only, or all others.")
    ] = None,
    done: Annotated[
        bool | None, typer.Option("--done/--not-done", help="Calls marked as done only, or others.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the last calls that phone systems told of."""
    from bridge import numbers
    from bridge.calls.log import CallLog
    from bridge.calls.people import People
    from bridge.calls.rows import Filters
    from bridge.cli.common import database, settings_in_use
    from bridge.cli.listing import Listing

    settings = settings_in_use(config)
    table = Listing(*_COLUMNS, "told by")
    with database(settings) as opened:
        people = People(opened)
        people.load()
        known = people.of(person) if person else None
        sent = numbers.sent(number, region=settings.numbers.region, trunk=settings.numbers.trunk) if number else None
        filters = Filters(
            since=dt.datetime.now(dt.UTC) - dt.timedelta(days=days) if days is not None else None,
            extensions=known.called if known else [person] if person else None,
            client_id=client,
            numbers=[number, *(one.number for one in sent.readings)] if number and sent else None,
            missed=missed,
            done=done,
            limit=count,
        )
        for one in CallLog(opened).read(filters):
            table.add_row(*_row(one, people))
    table.show(as_json=as_json)


def _row(one: Logged, people: People) -> tuple[str, ...]:
    call, party = one.call, one.party
    found = ((people.of(extension), extension) for extension in call.extensions)
    return (
        str(one.id),
        f"{call.started:%Y-%m-%d %H:%M:%S}",
        call.direction.value,
        party.number,
        party.name,
        party.client,
        _outcome(one),
        ", ".join(dict.fromkeys(person.name if person else extension for person, extension in found)),
        call.verified,
        one.key or call.source,
    )


def _outcome(one: Logged) -> str:
    call = one.call
    if call.missed:
        return f"missed after {call.wait_s} s" + (f", done by {one.done_by}" if one.done_by else "")
    if call.ended is None:
        return call.state.value
    if call.answered is not None:
        return f"{call.talk_s // 60}:{call.talk_s % 60:02} talked, after {call.wait_s} s"
    return call.cause.value if call.cause else "ended"
