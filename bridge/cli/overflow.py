"""Who is left out of a book that is longer than the phone takes, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.access.keys import Key
from bridge.directory.snapshot import Snapshot
from bridge.phonebook.fit import beyond, share_out
from bridge.phonebook.formats import Format
from bridge.phonebook.view import View, select

_NAMED = 3


def left_out(snapshot: Snapshot, row: Format, key: Key) -> Sequence[str]:
    """The names of those whom the phones of a format have no room for, in the order of the book.

    Args:
        snapshot: What is known.
        row: The format.
        key: The key that the phones use; parameters of their addresses do not count.
    """
    if not row.max_entries:
        return []
    view = View.of(row, key.phonebook, key.numbers.region, key.clients, {})
    _, notes = share_out(select(snapshot, view).lines, row)
    return [note.who for note in notes if note.what == beyond(row)]


def advice(snapshot: Snapshot, row: Format, key: Key) -> str:
    """One paragraph for people; empty where all have room."""
    names = left_out(snapshot, row, key)
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"{row.name} with the key {key.name} leaves out {len(names)}, since these phones take {row.max_entries} "
        f"entries: {', '.join(names[:_NAMED])}{more} (itflow-bridge phonebook {row.name} --key {key.name} --explain "
        "names all). Phones that search LDAP find everybody: set ldap.port, then itflow-bridge setup MAKER-ldap."
    )
