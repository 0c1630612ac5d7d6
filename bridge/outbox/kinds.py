"""What can be written to ITFlow, and how a row is known again that the bridge has written.

ITFlow knows no idempotency key. So each sending carries a mark of its own, ``[itflow-bridge TAG-NUMBER]``, in a text
that ITFlow stores and shows to technicians only. It stands at the beginning: ITFlow strips tags from texts, and an
open ``<`` in what the caller wrote swallows whatever comes behind it, but nothing before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from bridge.directory.entries import Scope
from bridge.directory.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Kind:
    """How rows of one kind are written and found again.

    Attributes:
        module: Of v1.
        marked: The column that takes the mark.
        untouched: Columns that are empty as long as nobody has worked on a row.
    """

    module: str
    marked: str
    untouched: tuple[str, ...]

    def with_mark(self, fields: Mapping[str, object], tag: str, number: int) -> dict[str, object]:
        """The fields as they go to ITFlow.

        Args:
            fields: As the caller gave them.
            tag: Of the entry.
            number: Of the sending.
        """
        text = f"[itflow-bridge {tag}-{number}]\n\n{fields.get(self.marked, '')}".rstrip()
        return {**fields, self.marked: text}

    def number(self, row: Mapping[str, object], tag: str) -> int | None:
        """Which sending of the entry with this tag has made a row; None for no such."""
        found = re.match(rf"\s*\[itflow-bridge {tag}-(\d{{1,9}})\]", str(row.get(self.marked) or ""))
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


# MariaDB sets asset_updated_at with every change of a row (seen on all generations).
KINDS: Mapping[str, Kind] = {
    "asset": Kind("assets", "asset_notes", ("asset_updated_at", "asset_archived_at", "asset_accessed_at")),
}
