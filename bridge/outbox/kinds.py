"""What can be written to ITFlow, and how a row is known again that the bridge has written.

ITFlow knows no idempotency key. So each sending carries a mark of its own, ``itflow-bridge TAG-NUMBER``, in a text
that ITFlow stores and shows to technicians only. It stands at the beginning: ITFlow strips tags from plain texts, and
an open ``<`` in what the caller wrote swallows whatever comes behind it, but nothing before it.

What ITFlow can take back differs, and so does what is done about a sending that happens after it was repeated:

=======  ==============================  ========================  ===============================================
kind     a lost sending is looked for    the mark                  of two rows, the one that does not count
=======  ==============================  ========================  ===============================================
asset    among the client's assets       a line of the notes       is deleted
contact  by its e-mail address           a line of the notes       is deleted (ITFlow refuses most of them itself)
ticket   among the tickets with higher   a comment in the details  is resolved: v1 deletes no ticket
         ids than before
note     among the ticket's replies      a comment in the reply    stays, and is named in the log: v1 takes no reply
                                                                   back, so one is repeated much later
=======  ==============================  ========================  ===============================================

v1 stores details and replies as they are sent (``ticket_model.php``, ``ticket_reply_model.php``), and ITFlow shows
them without comments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol

from bridge.directory.entries import Scope
from bridge.directory.snapshot import Snapshot
from bridge.itflow.capabilities import Generation


class Undo(StrEnum):
    """How a row that is too much is taken back."""

    DELETE = "delete"
    RESOLVE = "resolve"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Kind:
    """How rows of one kind are written and found again.

    Attributes:
        module: Of v1.
        marked: The column that takes the mark.
        untouched: Columns that are empty as long as nobody has worked on a row.
        html: Whether the marked column holds HTML.
        undo: How a row that is too much is taken back.
        parents: Fields that must name rows of the same client, and the modules of those rows.
        patience: How much longer than others it waits before a sending without an answer is repeated.
        one_at_a_time: ITFlow counts the rows of a module without a lock (``config_ticket_next_number``), so two at
            once would get the same number.
        only: The one generation that has it, as ``Generation`` names it; empty for all.
        numbered: The rows are looked for by their ids, above the last one before the first sending.
    """

    module: str
    marked: str
    untouched: tuple[str, ...] = ()
    html: bool = False
    undo: Undo = Undo.DELETE
    parents: Mapping[str, str] = field(default_factory=dict)
    patience: int = 1
    one_at_a_time: bool = False
    only: str = ""
    numbered: bool = False

    def with_mark(self, fields: Mapping[str, object], tag: str, number: int) -> dict[str, object]:
        """The fields as they go to ITFlow.

        Args:
            fields: As the caller gave them.
            tag: Of the entry.
            number: Of the sending.
        """
        text, mark = fields.get(self.marked, ""), f"itflow-bridge {tag}-{number}"
        marked = f"<!-- {mark} -->{text}" if self.html else f"[{mark}]\n\n{text}".rstrip()
        return {**fields, self.marked: marked}

    def number(self, row: Mapping[str, object], tag: str) -> int | None:
        """Which sending of the entry with this tag has made a row; None for no such."""
        found = re.match(
            rf"\s*(?:\[|<!-- )itflow-bridge {tag}-(\d{{1,9}})(?:\]| -->)", str(row.get(self.marked) or "")
        )
        return int(found[1]) if found else None

    def is_untouched(self, row: Mapping[str, object]) -> bool:
        """Whether nobody has changed a row since it was written."""
        return not any(row.get(column) for column in self.untouched)


class Item(Protocol):
    """Something to be written, found acceptable by itself.

    Attributes:
        kind: A key of ``KINDS``.
    """

    kind: ClassVar[str]

    @property
    def label(self) -> str:
        """For people."""

    @property
    def identity(self) -> str:
        """Alike in requests that mean the same."""

    def fields(self) -> dict[str, object]:
        """As they go to ITFlow, by ITFlow's names."""

    def check(self, snapshot: Snapshot, client_id: int, scope: Scope) -> None:
        """Whether it fits the client.

        Raises:
            NotFound, BadParameter: It does not; the text says why.
        """


# MariaDB sets *_updated_at with every change of a row (seen on all generations).
KINDS: Mapping[str, Kind] = {
    "asset": Kind("assets", "asset_notes", ("asset_updated_at", "asset_archived_at", "asset_accessed_at")),
    "contact": Kind(
        "contacts",
        "contact_notes",
        ("contact_updated_at", "contact_archived_at", "contact_accessed_at"),
        parents={"contact_location_id": "locations"},
    ),
    "ticket": Kind(
        "tickets",
        "ticket_details",
        (
            *("ticket_updated_at", "ticket_archived_at", "ticket_resolved_at", "ticket_closed_at"),
            "ticket_first_response_at",
        ),
        html=True,
        undo=Undo.RESOLVE,
        parents={"ticket_contact_id": "contacts"},
        one_at_a_time=True,
        numbered=True,
    ),
    "note": Kind(
        "ticket_replies",
        "ticket_reply",
        html=True,
        undo=Undo.NONE,
        parents={"ticket_id": "tickets"},
        patience=60,
        only=Generation.FROM_26_08.value,
    ),
}
