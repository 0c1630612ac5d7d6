"""Which rows of ITFlow count, which go, and which stay because somebody has worked on them."""

import pytest

from bridge.outbox.found import judge
from bridge.outbox.journal import State
from bridge.outbox.kinds import KINDS
from bridge.outbox.request import read

TAG = "TAG"


def row(asset_id, number=None, tag=TAG, **columns):
    notes = "" if number is None else f"[itflow-bridge {tag}-{number}]\n\nnotes"
    untouched = {"asset_updated_at": None, "asset_archived_at": None, "asset_accessed_at": None}
    return {"asset_id": str(asset_id), "asset_notes": notes, **untouched, **columns}


EDITED = {"asset_updated_at": "2026-11-27 10:00:00"}

# sendings lost, the id that was told, the rows; what is kept, has arrived, goes, and is left to people
CASES = {
    "nothing there": ({1}, None, [], (None, set(), {}, {})),
    "people's own": ({1}, None, [row(1), row(2, 1, tag="OTHER")], (None, set(), {}, {})),
    "arrived": ({1}, None, [row(1), row(2, 1)], (2, {1}, {}, {})),
    "edited already": ({1}, None, [row(2, 1, **EDITED)], (2, {1}, {}, {})),
    "twice, none told": ({1, 2}, None, [row(2, 1), row(3, 2)], (2, {1}, {2: 3}, {})),
    "twice, the later is edited": ({1, 2}, None, [row(2, 1), row(3, 2, **EDITED)], (3, {2}, {1: 2}, {})),
    "late, below the told one": ({1}, 3, [row(2, 1), row(3, 2)], (3, set(), {1: 2}, {})),
    "late, and edited": ({1}, 3, [row(2, 1, **EDITED), row(3, 2)], (3, set(), {}, {1: (2,)})),
    "late, and archived": ({1}, 3, [row(2, 1, asset_archived_at="x"), row(3, 2)], (3, set(), {}, {1: (2,)})),
    "late, and copied": ({1}, 3, [row(2, 1), row(3, 2), row(4, 1)], (3, set(), {}, {1: (2, 4)})),
    "the told one was copied": ({1}, 3, [row(3, 2), row(4, 2)], (3, set(), {}, {})),
    "the told one was copied and removed": ({1}, 3, [row(4, 2)], (3, set(), {}, {})),
    "late, the told one was removed": ({1}, 3, [row(5, 1)], (3, set(), {1: 5}, {})),
    "long accounted for": (set(), 3, [row(2, 1), row(3, 2)], (3, set(), {}, {})),
    "without a readable id": ({1}, None, [row("?", 1)], (None, set(), {}, {})),
}


@pytest.mark.parametrize("case", CASES)
def test_what_counts(journal, case):
    lost, told, rows, (kept, arrived, extra, doubtful) = CASES[case]
    entry = journal.accept(1, read({"name": "PC"}), "key", 600)
    with journal.database.write() as connection:
        connection.execute(
            "UPDATE journal SET tag = ?, lost = json(?), itflow_id = ?, state = ?",
            (TAG, str(sorted(lost)), told, State.ADDED if told else State.PENDING),
        )
    found = judge(journal.get(entry.id), rows)
    assert (found.kept, set(found.arrived), dict(found.extra), dict(found.doubtful)) == (
        kept,
        arrived,
        extra,
        doubtful,
    )


@pytest.mark.parametrize("notes", ["", "line\n\nline", "open <b", "[itflow-bridge TAG-7]"])
def test_the_mark_is_read_again_before_whatever_was_written(notes):
    kind = KINDS["asset"]
    fields = kind.with_mark({"asset_name": "PC", "asset_notes": notes}, TAG, 3)
    assert kind.number({"asset_notes": str(fields["asset_notes"])}, TAG) == 3
    assert str(fields["asset_notes"]).endswith(notes)
    assert kind.number({"asset_notes": notes}, "OTHER") is None
