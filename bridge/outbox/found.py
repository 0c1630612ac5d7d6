"""What the rows of ITFlow tell about sendings of which nobody knows what became. Pure: it only compares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge.itflow.modules import id_column
from bridge.itflow.protocol import Row, row_id
from bridge.outbox.journal import JournalEntry
from bridge.outbox.kinds import KINDS, Undo


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of an entry.

    Attributes:
        kept: The id of the row that counts; None where there is none.
        arrived: Numbers of sendings that are that row.
        extra: Rows to be removed, id by number: each was made by a sending of ours beside the one that counts, and
            nobody has changed it since.
        doubtful: Ids of rows that a sending of ours has made too, or that were copied from such a row, by number;
            somebody has worked on them, or ITFlow takes such rows not back, so they stay.
    """

    kept: int | None
    arrived: frozenset[int]
    extra: Mapping[int, int]
    doubtful: Mapping[int, tuple[int, ...]]


def judge(entry: JournalEntry, rows: Iterable[Row]) -> Found:
    """Compare an entry with the rows of its client.

    A sending makes one row at most. So where two rows carry the same mark, a technician has copied one of them (or a
    proxy has sent a request twice), and neither is removed. Only rows of sendings that are still unaccounted for are:
    a copy of a row that was accounted for carries that row's mark.

    Args:
        entry: As the journal has it now: the row that its caller was told of counts, whatever else stands there.
        rows: All rows that may be its; see ``looking``.
    """
    kind = KINDS[entry.kind]
    by_number: defaultdict[int, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        number, found_id = kind.number(row, entry.tag), row_id(kind.module, row)
        if number is not None and found_id is not None:
            by_number[number][found_id] = row
    kept = entry.itflow_id
    if kept is None:
        ours = [(kind.is_untouched(row), found_id) for group in by_number.values() for found_id, row in group.items()]
        kept = min(ours)[1] if ours else None
    arrived, extra, doubtful = set(), {}, {}
    for number in sorted(entry.lost & by_number.keys()):
        group = by_number[number]
        if kept in group:
            arrived.add(number)
        elif kind.undo is not Undo.NONE and len(group) == 1 and all(map(kind.is_untouched, group.values())):
            (extra[number],) = group
        else:
            doubtful[number] = tuple(sorted(group))
    return Found(kept, frozenset(arrived), extra, doubtful)


def fields_to_undo(entry: JournalEntry, found_id: int) -> dict[str, object]:
    """What v1 wants to know to delete or resolve a row of an entry."""
    return {id_column(KINDS[entry.kind].module): found_id, "client_id": entry.client_id}
