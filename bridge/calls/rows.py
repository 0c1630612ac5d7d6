"""A call as a row of ``bridge.db`` and back, and which rows are wanted."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from bridge.calls.call import Call, call_of
from bridge.calls.event import Cause, Direction, Event, What
from bridge.calls.party import Party
from bridge.directory.entries import Scope

_CALL = TypeAdapter(Call)


@dataclass(frozen=True, slots=True)
class Logged:
    """A call as it stands in the log.

    Attributes:
        id: Its row; stays the same.
        change: The number of its last change, which no other change of any call has.
        call: What its events come to.
        party: Who is on the other side.
        key: Name of the key that told it; empty for a phone system that the bridge is connected to.
        done_by: Who marked it as done; empty for nobody.
        done_at: When.
    """

    id: int
    change: int
    call: Call
    party: Party
    key: str = ""
    done_by: str = ""
    done_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which calls are wanted; None and empty for all.

    Attributes:
        since: Begun then or later.
        until: Begun before.
        extensions: One of these was rung or talked.
        clients: With one of these clients.
        client_id: With this client.
        numbers: The other side has one of these numbers, as the log has them.
        missed: Missed, or not missed.
        done: Marked as done, or not.
        direction: In, out or internal.
        before: Rows of a lower id, to read on after a page.
        limit: At most so many.
    """

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    extensions: Collection[str] | None = None
    clients: Scope = None
    client_id: int | None = None
    numbers: Collection[str] | None = None
    missed: bool | None = None
    done: bool | None = None
    direction: Direction | None = None
    before: int | None = None
    limit: int = 100


class Row(NamedTuple):
    """The columns that a call is read from."""

    id: int
    at: str
    key: str
    number: str
    name: str
    attestation: str
    source: str
    call_id: str
    change: int
    result: str
    client_id: int | None
    client: str
    contact_id: int | None
    call: str
    done_by: str
    done_at: str | None


COLUMNS = ", ".join(Row._fields)


def logged(columns: Sequence[Any]) -> Logged:
    """A call of its ``COLUMNS``."""
    row = Row(*columns)
    return Logged(
        id=row.id,
        change=row.change,
        call=_CALL.validate_json(row.call) if row.call else _announced(row),
        party=Party(row.number, row.name, row.result, row.client_id, row.client, row.contact_id),
        key=row.key,
        done_by=row.done_by,
        done_at=dt.datetime.fromisoformat(row.done_at) if row.done_at else None,
    )


def values(call: Call, party: Party) -> dict[str, object]:
    """What a call and its other side are in the columns of their names."""
    return {
        "source": call.source,
        "call_id": call.id,
        "at": text(call.started),
        "number": party.number,
        "name": party.name,
        "attestation": call.verified,
        "up": call.ended is None,
        "missed": call.missed,
        "direction": call.direction,
        "result": party.result,
        "client_id": party.client_id,
        "client": party.client,
        "contact_id": party.contact_id,
        "extensions": json.dumps(call.extensions),
        "call": _CALL.dump_json(call).decode(),
    }


def conditions(filters: Filters) -> Iterator[tuple[str, object]]:
    """SQL that rows must meet, each with its one value."""
    for condition, value in (
        ("at >= ?", filters.since and text(filters.since)),
        ("at < ?", filters.until and text(filters.until)),
        ("id < ?", filters.before),
        ("client_id = ?", filters.client_id),
        ("missed = ?", filters.missed),
        ("(done_by <> '') = ?", filters.done),
        ("direction = ?", filters.direction),
        ("client_id IN (SELECT value FROM json_each(?))", _list(filters.clients)),
        ("number IN (SELECT value FROM json_each(?))", _list(filters.numbers)),
        (_EXTENSIONS, _list(filters.extensions)),
    ):
        if value is not None:
            yield condition, value


def text(moment: dt.datetime) -> str:
    """A moment as it is stored; texts sort like the moments."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")


_EXTENSIONS = (
    "EXISTS (SELECT 1 FROM json_each(extensions) AS one JOIN json_each(?) AS wanted "
    "ON one.value = wanted.value COLLATE NOCASE)"
)


def _list(wanted: Collection[object] | None) -> str | None:
    return None if wanted is None else json.dumps(list(wanted))


def _announced(row: Row) -> Call:
    """A call of an older release's log, which knew its beginning only."""
    begun = dt.datetime.fromisoformat(row.at)
    began = Event(
        source=row.source,
        call_id=row.call_id,
        what=What.BEGAN,
        at=begun,
        direction=Direction.IN,
        from_number=row.number,
        verified=row.attestation,
    )
    return call_of([began, Event(source=row.source, call_id=row.call_id, what=What.ENDED, at=begun, cause=Cause.LOST)])
