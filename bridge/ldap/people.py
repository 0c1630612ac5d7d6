"""The entries of a key's book as LDAP shows them: names, attributes, and where each stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from bridge.access.key import Key
from bridge.directory.entries import Label
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
_LABELS: Final = {"telephoneNumber": Label.WORK, "mobile": Label.MOBILE}
_NUMBER_CHARS: Final = "+0123456789*#"
SORTED: Final = ("cn", "sn", "givenName", "o", "ou", "mail", "telephoneNumber", "mobile", "uid")


class People:
    """One key's book; never changed, only replaced. To be made in a thread: it takes seconds for a large book.

    Args:
        snapshot: What it is made of.
        key: Whose clients and settings count.
        base: DN of the book.
        keypad: Whether digits find names as a keypad spells them.

    Attributes:
        lines: The entries, in the order of the book.
        columns: The attributes that are searched, by name.
        keys: The names as a keypad spells them, where that is wanted.
        numbers: The places of the entries with a number, by its identity.
        orders: The places of all entries, sorted by an attribute.
    """

    def __init__(self, snapshot: Snapshot, key: Key, base: str, *, keypad: bool) -> None:
        self.snapshot = snapshot
        self.key = key
        self.base = base
        view = View(key.phonebook, key.numbers.region, key.clients)
        self._plan = _plan(key)
        self.lines: Sequence[Line] = select(snapshot, view).lines
        self.columns: Mapping[str, Column] = {
            name: Column([folded(" ".join(self.values(line, name))) for line in self.lines])
            for name in ("cn", "sn", "givenName", "o", "ou", "title", "mail", "uid")
        } | {name: Column([_digits(line, label) for line in self.lines]) for name, label in _LABELS.items()}
        self.keys = {name: _by_keypad(self.columns[name]) for name in ("cn", "sn", "givenName", "o") if keypad}
        self.orders: Mapping[str, Sequence[int]] = {name: self.columns[name].order for name in SORTED}
        numbers: defaultdict[str, list[int]] = defaultdict(list)
        for at, line in enumerate(self.lines):
            for phone in line.phones:
                numbers[phone.number].append(at)
        self.numbers: Mapping[str, Sequence[int]] = numbers
        self._places = {uid(line): at for at, line in enumerate(self.lines)}
        # Phones ask for the first entries of a book again and again; encoding one takes longer than finding it.
        self.encoded = lru_cache(KEPT_ENTRIES)(self._encoded)

    def __len__(self) -> int:
        return len(self.lines)

    def place(self, name: str) -> int | None:
        """Where the entry of a ``uid`` stands; None where there is none."""
        return self._places.get(name)

    def values(self, line: Line, name: str) -> tuple[str, ...]:
        """The values of an attribute, by its own name; none where the entry has none."""
        if label := _LABELS.get(name):
            written = (self.dialled(phone.number) for phone in line.phones if phone.label is label)
            return tuple(filter(None, written))
        entry = line.entry
        match name:
            case "objectClass":
                return PERSON_CLASSES
            case "cn" | "displayName":
                found = line.name.shown
            case "sn":
                found = line.name.last or line.name.shown  # person must have one (RFC 4519 section 3.12)
            case "givenName":
                found = line.name.first
            case "o":
                found = line.client
            case "ou":
                found = entry.department
            case "title":
                found = entry.title
            case "mail":
                found = entry.email
            case "uid":
                found = uid(line)
            case _:
                found = ""
        return (found,) if found.strip() else ()

    def dialled(self, number: str) -> str:
        """A number as the key's phones dial it; empty where none of them can."""
        return self._plan.dial(number)

    def dn(self, line: Line) -> str:
        """The DN of an entry."""
        return f"uid={uid(line)},{self.base}"

    def _encoded(self, at: int, attributes: tuple[str, ...], types_only: bool) -> bytes:
        line = self.lines[at]
        return encode_entry(self.dn(line), chosen(attributes, lambda name: self.values(line, name), types_only))


def uid(line: Line) -> str:
    """What names an entry in its book: its kind and id in ITFlow."""
    return f"{line.entry.kind}-{line.entry.id}"


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


def _digits(line: Line, label: Label) -> str:
    return "".join(f" {phone.number}" for phone in line.phones if phone.label is label)


def _by_keypad(column: Column) -> Column:
    return Column([keyed(text) for text in column.texts])
