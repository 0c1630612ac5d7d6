"""The entries of a key's book as LDAP shows them: names, attributes, and where each stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from cachetools import LRUCache

from bridge.access.key import Key
from bridge.directory.entries import Entry, Label
from bridge.directory.snapshot import Snapshot
from bridge.ldap.columns import Column, folded
from bridge.ldap.messages import encode_entry
from bridge.ldap.schema import PERSON_CLASSES
from bridge.ldap.selection import chosen
from bridge.numbers import Form
from bridge.phonebook.dialling import Plan
from bridge.phonebook.search import keyed
from bridge.phonebook.view import Line, View, select

KEPT_ENTRIES: Final = 4096
_NUMBER_CHARS: Final = "+0123456789*#"
_NAMES: Final = ("cn", "sn", "givenName", "o", "ou", "title", "mail", "uid")
_LABELS: Final = {"telephoneNumber": Label.WORK, "mobile": Label.MOBILE}
_COLUMNS: Final = (*_NAMES, *_LABELS)
_BY_KEYPAD: Final = ("cn", "sn", "givenName", "o")
SORTED: Final = frozenset(_COLUMNS) - {"title"}

# An entry's values in the order of ``_COLUMNS``: texts and tuples of texts alone, so that the garbage collector,
# which holds up every caller while it looks through all there is, passes them over.
_Row = tuple[str | tuple[str, ...], ...]


class People:
    """One key's book; never changed, only replaced. To be made in a thread: it takes seconds for a large book.

    Args:
        snapshot: What it is made of.
        key: Whose clients and settings count.
        base: DN of the book.
        keypad: Whether digits find names as a keypad spells them.

    Attributes:
        columns: The attributes that are searched, by name.
        keys: The names as a keypad spells them, where that is wanted.
        numbers: The places of the entries with a number, by its identity.
        orders: The places of all entries, sorted by an attribute.
    """

    def __init__(self, snapshot: Snapshot, key: Key, base: str, *, keypad: bool) -> None:
        self.snapshot = snapshot
        self.key = key
        self.base = base
        self._plan = _plan(key)
        view = View(key.phonebook, key.numbers.region, key.clients)
        self._rows: Sequence[_Row] = [_row(line) for line in select(snapshot, view).lines]
        columns = dict(zip(_COLUMNS, zip(*self._rows, strict=True), strict=False)) or dict.fromkeys(_COLUMNS, ())
        fold = cache(folded)  # clients and first names come again and again
        self.columns: Mapping[str, Column] = {
            name: Column(
                ["".join(f" {one}" for one in text) if isinstance(text, tuple) else fold(text) for text in texts]
            )
            for name, texts in columns.items()
        }
        self.keys = {name: Column([keyed(text) for text in self.columns[name].texts]) for name in _BY_KEYPAD if keypad}
        self.orders: Mapping[str, Sequence[int]] = {name: self.columns[name].order for name in SORTED}
        numbers: dict[str, tuple[int, ...]] = {}
        for at, row in enumerate(self._rows):
            for number in dict.fromkeys(number for values in row[-len(_LABELS) :] for number in values):
                numbers[number] = (*numbers.get(number, ()), at)
        self.numbers: Mapping[str, Sequence[int]] = numbers
        self._places = {self.uid(at): at for at in range(len(self))}
        # Phones ask for the first entries of a book again and again; encoding one takes longer than finding it.
        self._encoded: LRUCache[tuple[int, tuple[str, ...], bool], bytes] = LRUCache(KEPT_ENTRIES)

    def __len__(self) -> int:
        return len(self._rows)

    def place(self, name: str) -> int | None:
        """Where the entry of a ``uid`` stands; None where there is none."""
        return self._places.get(name)

    def uid(self, at: int) -> str:
        """What names an entry: its kind and id in ITFlow."""
        return str(self._rows[at][_COLUMNS.index("uid")])

    def values(self, at: int, name: str) -> tuple[str, ...]:
        """The values of an attribute, by its own name; none where the entry has none."""
        name = "cn" if name == "displayName" else name
        if name == "objectClass":
            return PERSON_CLASSES
        if name not in _COLUMNS:
            return ()
        found = self._rows[at][_COLUMNS.index(name)]
        if isinstance(found, tuple):
            return tuple(filter(None, map(self.dialled, found)))
        return (found,) if found.strip() else ()

    def dialled(self, number: str) -> str:
        """A number as the key's phones dial it; empty where none of them can."""
        return self._plan.dial(number)

    def encoded(self, at: int, attributes: tuple[str, ...], *, types_only: bool) -> bytes:
        """An entry with the attributes asked for, ready to be sent."""
        asked = at, attributes, types_only
        kept = self._encoded.get(asked)
        if kept is None:
            kept = encode_entry(
                f"uid={self.uid(at)},{self.base}",
                chosen(attributes, lambda name: self.values(at, name), types_only=types_only),
            )
            self._encoded[asked] = kept
        return kept


def uid(entry: Entry) -> str:
    """What names an entry of ITFlow in a book."""
    return f"{entry.kind}-{entry.id}"


def _row(line: Line) -> _Row:
    name, entry = line.name, line.entry
    return (
        name.shown,
        name.last or name.shown,  # a person must have one (RFC 4519 section 3.12)
        name.first,
        line.client,
        entry.department,
        entry.title,
        entry.email,
        uid(entry),
        *(tuple([phone.number for phone in line.phones if phone.label is label]) for label in _LABELS.values()),
    )


def _listed(numbers: tuple[str, ...]) -> str:
    return "".join(f" {number}" for number in numbers)


def _plan(key: Key) -> Plan:
    section = key.phonebook
    form = Form(section.number_form or Form.E164)
    return Plan(
        form=Form.INTERNATIONAL if form is Form.E164 and section.outside_prefix else form,
        region=key.numbers.region,
        prefix=section.outside_prefix,
        min_digits=section.outside_min_digits,
        exempt=tuple(begin.strip() for begin in section.outside_except.split(",") if begin.strip()),
        chars=_NUMBER_CHARS,
        limit=0,
    )
