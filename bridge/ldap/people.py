"""The entries of a key's book as LDAP shows them: names, attributes, and where each stands."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cachetools import LRUCache

from bridge.access.key import Key
from bridge.directory.entries import Entry, Label
from bridge.directory.snapshot import Snapshot
from bridge.languages import language
from bridge.largework import gently
from bridge.ldap.columns import Column, folded, stored
from bridge.ldap.messages import encode_entry
from bridge.ldap.orders import Order
from bridge.ldap.schema import PERSON_CLASSES
from bridge.ldap.selection import chosen
from bridge.ldap.texts import Packing, Texts
from bridge.numbers import Form
from bridge.phonebook.dialling import Plan
from bridge.phonebook.search import keyed
from bridge.phonebook.sorting import sort_key
from bridge.phonebook.view import Line, View, select

if TYPE_CHECKING:
    from bridge.ldap.reverse import Caller

KEPT_ENTRIES: Final = 4096
_NUMBER_CHARS: Final = "+0123456789*#"
_NAMES: Final = ("cn", "sn", "givenName", "o", "ou", "title", "mail", "uid")
_LABELS: Final = {"telephoneNumber": Label.WORK, "mobile": Label.MOBILE}
_COLUMNS: Final = (*_NAMES, *_LABELS)
_BY_KEYPAD: Final = ("cn", "sn", "givenName", "o")

_SAME_AGAIN: Final = 4096  # clients, first names and departments come again and again


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
        orders: Of the attributes that are sorted by.
        called: The number that was asked for last, and who has it.
    """

    def __init__(self, snapshot: Snapshot, key: Key, base: str, *, keypad: bool) -> None:
        self.snapshot = snapshot
        self.key = key
        self.base = base
        self._plan = _plan(key)
        view = View(key.phonebook, key.numbers.region, key.clients)
        packings = [Packing() for _ in _COLUMNS]
        lines = deque(select(snapshot, view).lines)
        for _ in gently(range(len(lines))):
            for packing, value in zip(packings, _row(lines.popleft()), strict=True):
                packing.add(value)
        self._values = {name: Texts(*packing.done()) for name, packing in zip(_COLUMNS, gently(packings), strict=True)}
        fold = lru_cache(_SAME_AGAIN)(stored)
        self.columns: Mapping[str, Column] = {
            name: Column(values if name in _LABELS else Texts.of(map(fold, values)))
            for name, values in self._values.items()
        }
        self.keys = {name: Column(Texts.of(map(keyed, self.columns[name].texts))) for name in _BY_KEYPAD if keypad}
        self.orders = {name: Order(self._values[name], filed) for name, filed in _filed(view.region).items()}
        self.called: tuple[str, Caller] | None = None
        # Phones ask for the first entries of a book again and again; encoding one takes longer than finding it.
        self._encoded: LRUCache[tuple[int, tuple[str, ...], bool], bytes] = LRUCache(KEPT_ENTRIES)

    def __len__(self) -> int:
        return len(self._values["uid"])

    def place(self, name: str) -> int | None:
        """Where the entry of a ``uid`` stands; None where there is none."""
        order = self.orders["uid"]
        at = order.reached(order.places, name, reverse=False) - 1
        return order.places[at] if at < len(order.places) and self.uid(order.places[at]) == name else None

    def uid(self, at: int) -> str:
        """What names an entry: its kind and id in ITFlow."""
        return self._values["uid"][at]

    def values(self, at: int, name: str) -> tuple[str, ...]:
        """The values of an attribute, by its own name; none where the entry has none."""
        name = "cn" if name == "displayName" else name
        if name == "objectClass":
            return PERSON_CLASSES
        if name not in _COLUMNS:
            return ()
        value = self._values[name][at]
        if name in _LABELS:
            return tuple(filter(None, map(self.dialled, value.split())))
        return (value,) if value.strip() else ()

    def having(self, number: str) -> Sequence[int]:
        """The places of the entries with a number, by its identity, in order."""
        work, mobile = (self.columns[name].having(number) for name in _LABELS)
        return sorted({*work, *mobile}) if work and mobile else work or mobile

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


def _filed(region: str) -> Mapping[str, Callable[[str], str]]:
    """What the values of each attribute are filed under; names as in the books, by the language of a region."""
    named, readers = ("cn", "sn", "givenName", "o", "ou"), language(region)
    return (
        dict.fromkeys(named, lambda name: sort_key(name, readers)[0])
        | dict.fromkeys(_LABELS, str.strip)
        | dict.fromkeys(("mail", "uid"), folded)
    )


def _row(line: Line) -> tuple[str, ...]:
    """An entry's values in the order of ``_COLUMNS``; the numbers of one attribute each behind a blank."""
    name, entry = line.name, line.entry
    numbers = ("".join(f" {phone.number}" for phone in line.phones if phone.label is one) for one in _LABELS.values())
    return (
        name.shown,
        name.last or name.shown,  # a person must have one (RFC 4519 section 3.12)
        name.first,
        line.client,
        entry.department,
        entry.title,
        entry.email,
        uid(entry),
        *numbers,
    )


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
