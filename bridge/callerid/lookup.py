"""Decides who is calling; the rules stand at the top of the package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from bridge import numbers
from bridge.callerid.text import labelled, safe
from bridge.directory.entries import Entry, Kind, Scope
from bridge.directory.snapshot import Snapshot
from bridge.languages import language
from bridge.numbers import Reading, Sent
from bridge.settings import CalleridSection, NumbersSection


class Asker(Protocol):
    """Whom the answer is for; a key is one."""

    @property
    def name(self) -> str:
        """What it is called in the log."""

    @property
    def clients(self) -> Scope:
        """The clients it may see."""

    @property
    def numbers(self) -> NumbersSection:
        """How its phone system writes numbers."""

    @property
    def callerid(self) -> CalleridSection:
        """How it wants names."""


class Result(StrEnum):
    """What a lookup comes to."""

    HIT = "hit"
    MISS = "miss"
    AMBIGUOUS = "ambiguous"
    WITHHELD = "withheld"


class Rule(StrEnum):
    """The rule that decided."""

    CONTACT = "contact"
    CLIENT = "client"
    TWO = "two"
    CROWD = "crowd"
    LOCATION = "location"
    VENDOR = "vendor"
    MAIN_LINE = "main line"
    TWO_READINGS = "two readings"
    WITHHELD = "withheld"
    UNKNOWN = "unknown"


_BY_KIND = {Kind.CONTACT: Rule.CONTACT, Kind.LOCATION: Rule.LOCATION, Kind.VENDOR: Rule.VENDOR}


class Match(NamedTuple):
    """A reading and who has that number.

    Attributes:
        reading: The number and the extension they have; of a main line, the digits behind it.
        entries: Each once, of the asker's clients, in the order of kind and id.
        number: The caller's number.
        main_line: The number only begins with theirs.
    """

    reading: Reading
    entries: tuple[Entry, ...]
    number: str
    main_line: bool = False


class Verdict(NamedTuple):
    """The outcome of a lookup.

    Attributes:
        result: What it comes to.
        rule: The rule that decided.
        sent: How the number was read.
        number: The caller's number, E.164 or short; empty where it has no one reading.
        name: The text for the phone; empty where no name is certain.
        entry: The one entry that is shown, if it is one.
        client_id: The one client that is calling; 0 for none.
        matches: Everybody who came into question.
    """

    result: Result
    rule: Rule
    sent: Sent
    number: str = ""
    name: str = ""
    entry: Entry | None = None
    client_id: int = 0
    matches: tuple[Match, ...] = ()

    @property
    def candidates(self) -> tuple[Entry, ...]:
        """Everybody who came into question, each once."""
        return tuple({(entry.kind, entry.id): entry for match in self.matches for entry in match.entries}.values())


def lookup(snapshot: Snapshot, asker: Asker, text: str) -> Verdict:
    """Who is calling.

    Args:
        snapshot: What is known.
        asker: For whom.
        text: The caller ID number as the phone system sent it.
    """
    is_e164 = numbers.is_e164(text)
    if is_e164:
        # An identity that somebody has needs no reading: every reading of it is itself.
        match = _match(snapshot, asker, Reading(text, how="E.164 as it stands"))
        if match.entries:
            return _decide(snapshot, asker, Sent((match.reading,)), (match,))
    sent = numbers.sent(text, region=asker.numbers.region, trunk=asker.numbers.trunk)
    if sent.withheld:
        return Verdict(Result.WITHHELD, Rule.WITHHELD, sent)
    unasked = [reading for reading in sent.readings if not (is_e164 and reading.number == text)]
    matches = tuple(match for reading in unasked if (match := _match(snapshot, asker, reading)).entries)
    matches = matches or tuple(line for reading in sent.readings if (line := _main_line(snapshot, asker, reading)))
    if not matches:
        number = sent.readings[0].number if len(sent.readings) == 1 else ""
        return Verdict(Result.MISS, Rule.UNKNOWN, sent, number)
    return _decide(snapshot, asker, sent, matches)


def _match(snapshot: Snapshot, asker: Asker, reading: Reading) -> Match:
    number = reading.number
    found = snapshot.match(number, asker.clients)
    for alias in numbers.aliases(number):
        found = _merged(found, snapshot.match(alias, asker.clients))
    if found and not asker.callerid.leads:
        found = [entry for entry in found if not _is_lead(snapshot, entry)]
    if found and reading.extension:
        found = [entry for entry in found if _has(entry, reading.extension)] or found
    return Match(reading, tuple(found), number)


def _merged(found: Iterable[Entry], more: Iterable[Entry]) -> Sequence[Entry]:
    """Entries that were found by one number or by another; those found by both have both."""
    known = {(entry.kind, entry.id): entry for entry in found}
    for entry in more:
        same = known.get((entry.kind, entry.id))
        known[entry.kind, entry.id] = same._replace(phones=same.phones + entry.phones) if same else entry
    return list(known.values())


def _has(entry: Entry, extension: str) -> bool:
    """Whether it has the number that it was found by with an extension."""
    return any(phone.extension == extension for phone in entry.phones)


def _is_lead(snapshot: Snapshot, entry: Entry) -> bool:
    client = snapshot.client(entry.client_id)
    return client is not None and client.lead


def _main_line(snapshot: Snapshot, asker: Asker, reading: Reading) -> Match | None:
    for line in numbers.main_lines(reading.number, asker.callerid.main_line_digits):
        match = _match(snapshot, asker, Reading(line, reading.number[len(line) :], reading.how))
        if match.entries:
            return match._replace(number=reading.number, main_line=True)
    return None


def _decide(snapshot: Snapshot, asker: Asker, sent: Sent, matches: tuple[Match, ...]) -> Verdict:
    first = matches[0]
    owners = _owners(first.entries)
    if len(matches) > 1 and any(_owners(match.entries).keys() != owners.keys() for match in matches):
        return Verdict(Result.AMBIGUOUS, Rule.TWO_READINGS, sent, matches=matches)
    if len(owners) > 2 or (len(owners) == 2 and asker.callerid.several_clients == "none"):
        return Verdict(Result.AMBIGUOUS, Rule.CROWD, sent, first.number, matches=matches)
    if len(owners) == 2:
        names = dict.fromkeys(_owner_name(snapshot, entries[0]) for entries in owners.values())
        name = _text(asker, " / ".join(names), "")
        return Verdict(Result.AMBIGUOUS, Rule.TWO, sent, first.number, name, matches=matches)
    ((entry, *others),) = owners.values()
    client_id = 0 if entry.kind is Kind.VENDOR else entry.client_id
    if _stands_alone(entry, others, first):
        rule, shown = _BY_KIND[entry.kind], entry
        name = _entry_name(snapshot, asker, entry, first.number)
    else:
        rule, shown = Rule.CLIENT, None
        name = _owner_name(snapshot, entry)
    client = snapshot.client(client_id) if asker.callerid.ascii else None
    name = _text(asker, name, client.region if client else "")
    rule = Rule.MAIN_LINE if first.main_line else rule
    return Verdict(Result.HIT, rule, sent, first.number, name, shown, client_id, matches)


def _stands_alone(entry: Entry, others: Sequence[Entry], match: Match) -> bool:
    """Whether the entry itself is calling, and not somebody of the same client."""
    if entry.kind is Kind.VENDOR:
        return True
    reading = match.reading
    return not others and (not match.main_line or _has(entry, reading.extension))


def _owners(entries: Iterable[Entry]) -> dict[tuple[str, int | str], tuple[Entry, ...]]:
    """The entries by who stands behind them: a client, a vendor (its name is its identity), or nobody else."""
    owners: dict[tuple[str, int | str], tuple[Entry, ...]] = {}
    for entry in entries:
        if entry.kind is Kind.VENDOR:
            owner: tuple[str, int | str] = ("vendor", entry.name.casefold())
        elif entry.client_id:
            owner = ("client", entry.client_id)
        else:
            owner = (entry.kind, entry.id)
        owners[owner] = (*owners.get(owner, ()), entry)
    return owners


def _owner_name(snapshot: Snapshot, entry: Entry) -> str:
    client = snapshot.client(entry.client_id) if entry.kind is not Kind.VENDOR else None
    return client.name if client and client.name else entry.name


def _entry_name(snapshot: Snapshot, asker: Asker, entry: Entry, number: str) -> str:
    template = asker.callerid.label
    if entry.kind is Kind.VENDOR or (entry.kind is Kind.CONTACT and entry.name and template == "{name}"):
        return entry.name
    client = snapshot.client(entry.client_id)
    client_name = client.name if client else ""
    if entry.kind is Kind.LOCATION:
        return ", ".join(filter(None, (client_name, entry.name)))
    if not entry.name:
        return client_name
    fields = {"name": entry.name, "client": client_name, "title": entry.title, "department": entry.department}
    if "{number}" in template:
        home = numbers.region_of(number) == asker.numbers.region
        fields["number"] = numbers.national(number) if home else numbers.international(number)
    return labelled(template, fields)


def _text(asker: Asker, text: str, region: str) -> str:
    wanted = language(region or asker.numbers.region) if asker.callerid.ascii else None
    return safe(text, asker.callerid.max_chars, ascii_language=wanted)
