"""Which entries a book holds, under which names, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Self

from pydantic import ValidationError

from bridge.directory.entries import Client, Entry, Kind, Phone, Scope
from bridge.directory.snapshot import Snapshot
from bridge.errors import BadParameter
from bridge.languages import language
from bridge.largework import gently, in_order
from bridge.phonebook import names
from bridge.phonebook.formats import Format
from bridge.phonebook.names import Name
from bridge.phonebook.sorting import sort_key
from bridge.settings import PhonebookSection

_KEPT_SECTIONS = 1024
_KINDS = {Kind.CONTACT: "Contacts", Kind.LOCATION: "Locations", Kind.VENDOR: "Vendors"}
_NOT_IN_URL = {"templates"}


@dataclass(frozen=True, slots=True)
class View:
    """What a book is made of.

    Attributes:
        section: The key's settings, with those of the URL before them.
        region: Where its numbers are dialled from, ISO 3166.
        scope: The clients the key may see.
        clients: The clients wanted (``client_id=``); None for all.
        group: The one group wanted (``group=``): contacts, locations, vendors, or a client by id or name.
        group_by: How it is divided: the settings' way, else the format's.
    """

    section: PhonebookSection
    region: str
    scope: Scope = None
    clients: Scope = None
    group: str = ""
    group_by: str = "none"

    @classmethod
    def of(cls, row: Format, section: PhonebookSection, region: str, scope: Scope, params: Mapping[str, str]) -> Self:
        """The view a request asks for.

        Args:
            row: The phone's format.
            section: The key's settings.
            region: Where numbers are dialled from.
            scope: The clients the key may see.
            params: Those of the URL; any setting of the section can stand there by its name.

        Raises:
            BadParameter: A value is wrong.
        """
        own = tuple(
            (name, value)
            for name, value in params.items()
            if name in PhonebookSection.model_fields and name not in _NOT_IN_URL
        )
        ids = params.get("client_id", "")
        try:
            clients = frozenset(int(number) for number in ids.split(",")) if ids else None
        except ValueError:
            raise BadParameter("client_id must be a client's id, or several separated by commas") from None
        merged = _merged(section, own) if own else section
        group = names.fold(names.clean(params.get("group", "")))
        return cls(merged, region, scope, clients, group, merged.group_by or row.group_by)


@dataclass(frozen=True, slots=True)
class Group:
    """A part of a book, or its menu item."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a book before any phone's limits.

    Attributes:
        client: Name of its client; empty for none.
        phones: Its numbers, each once.
        rank: The smaller, the sooner it has a place where a phone's memory is short.
    """

    entry: Entry
    name: Name
    client: str
    phones: tuple[Phone, ...]
    group: Group | None
    rank: int


@dataclass(frozen=True, slots=True)
class Note:
    """What a book lacks of an entry, and why, for people."""

    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A book before any phone's limits: its lines in order, its groups by name, and what it lacks."""

    lines: list[Line]
    groups: Sequence[Group]
    notes: Sequence[Note]


def select(snapshot: Snapshot, view: View) -> Listing:
    """Choose, name, merge and sort the entries of a view; of many, in a thread."""
    lines: dict[tuple[str, int], Line] = {}
    notes: list[Note] = []
    clients = {client.id: client for client in snapshot.clients(view.scope)}
    client_names = {client.id: names.clean(client.name) for client in clients.values()}
    for entry in gently(snapshot.entries(view.scope)):
        client = client_names.get(entry.client_id, "")
        name = names.named(entry, client, view.section.name_form)
        if reason := next(_left_out(entry, clients.get(entry.client_id), view), None):
            notes.append(Note(who(name, client), reason))
            continue
        same = (names.fold(name.shown), entry.client_id)
        rank = _rank(entry)
        if known := lines.get(same):
            notes.append(Note(who(name, client), f"merged with the {known.entry.kind} of the same name"))
            lines[same] = replace(known, phones=_once(known.phones + entry.phones), rank=min(known.rank, rank))
        else:
            group = _group(entry, client, view.group_by)
            lines[same] = Line(entry, name, client, _once(entry.phones), group, rank)
    filed = partial(sort_key, language=language(view.region))
    # One by one: what is freed at once, callers wait for.
    found = [lines.popitem()[1] for _ in gently(range(len(lines)))][::-1]
    ordered = in_order(found, lambda line: _order(line, view.section.sort, filed))
    groups = {line.group.id: line.group for line in gently(ordered) if line.group}
    return Listing(ordered, sorted(groups.values(), key=lambda group: filed(group.name)), notes)


def _left_out(entry: Entry, client: Client | None, view: View) -> Iterator[str]:
    """Why an entry is not in the book; nothing where it is."""
    section, kind = view.section, entry.kind
    if view.clients is not None and entry.client_id not in view.clients:
        yield "not selected: client_id"
    if view.group and view.group not in _group_words(entry, client):
        yield "not selected: group"
    if client is not None and client.lead and not section.leads:
        yield "not selected: a lead (phonebook.leads)"
    if kind is Kind.LOCATION and not section.locations:
        yield "not selected: a location (phonebook.locations)"
    if kind is Kind.VENDOR and not section.vendors:
        yield "not selected: a vendor (phonebook.vendors)"
    if kind is Kind.CONTACT and section.contacts != "all" and not getattr(entry, section.contacts, False):
        yield f"not selected: phonebook.contacts is {section.contacts}"
    if not entry.phones:
        yield "no number"


def _group_words(entry: Entry, client: Client | None) -> Iterator[str]:
    yield _KINDS[entry.kind].lower()
    if client is not None:
        yield str(client.id)
        yield names.fold(names.clean(client.name))


def _group(entry: Entry, client: str, by: str) -> Group | None:
    if by == "none":
        return None
    if by == "client" and client:
        return Group(str(entry.client_id), client)
    return Group(_KINDS[entry.kind].lower(), _KINDS[entry.kind])


def _once(phones: tuple[Phone, ...]) -> tuple[Phone, ...]:
    """Each number once, with the first of its labels."""
    if len(phones) < 2:
        return phones
    unique: dict[str, Phone] = {}
    for phone in phones:
        unique.setdefault(phone.number, phone)
    return tuple(unique.values())


def _rank(entry: Entry) -> int:
    if entry.important or entry.primary:
        return 0
    return {Kind.CONTACT: 1, Kind.LOCATION: 2, Kind.VENDOR: 3}[entry.kind]


def who(name: Name, client: str) -> str:
    """A name that tells people apart, for notes."""
    return f"{name.shown} ({client})" if client and not names.says(name.shown, client) else name.shown


def _order(line: Line, sort: str, filed: Callable[[str], object]) -> tuple[object, ...]:
    """Where a line stands in a book that is sorted by ``name``, ``last`` or ``client``."""
    entry = line.entry
    if sort == "last":
        return (filed(line.name.last), filed(line.name.first), entry.client_id)
    if sort == "client":
        return (filed(line.client), filed(line.name.shown), entry.id)
    return (filed(line.name.shown), entry.client_id, entry.id)


@lru_cache(_KEPT_SECTIONS)
def _merged(section: PhonebookSection, own: tuple[tuple[str, str], ...]) -> PhonebookSection:
    try:
        return PhonebookSection.model_validate({**section.model_dump(), **dict(own)})
    except ValidationError as error:
        faults = [f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors(include_url=False)]
        raise BadParameter("; ".join(faults)) from error
