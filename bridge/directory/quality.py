"""What in ITFlow keeps callers from having names, for people who mend it there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bridge.directory.entries import Kind, Scope, covers
from bridge.directory.snapshot import Snapshot, Stored

MOST = 200  # of each fault; more are counted


class Fault(StrEnum):
    """What can be wrong."""

    UNREADABLE = "unreadable"
    SHARED = "shared"
    NO_COUNTRY = "no country"
    NO_NUMBER = "no number"
    NO_PRIMARY = "no primary"


@dataclass(frozen=True, slots=True)
class ToMend:
    """One thing to mend.

    Attributes:
        kind: Of the entry; None where a client itself is meant.
        id: Of the entry, or of the client.
        what: The number as ITFlow has it, or as it is known; empty where none is meant.
    """

    kind: Kind | None
    id: int
    name: str
    client_id: int
    client: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Faulty:
    """Everything of one fault: the first of them, and how many there are."""

    fault: Fault
    first: Sequence[ToMend]
    count: int


def quality(snapshot: Snapshot, scope: Scope = None) -> list[Faulty]:
    """What is to be mended among the clients of a scope; takes as long as reading all entries.

    A number that two clients have is shown to nobody who may not see both.
    """
    clients = {client.id: client.name for client in snapshot.clients(scope)}
    found: dict[Fault, list[ToMend]] = {fault: [] for fault in Fault}
    with_primary = set()
    for stored in snapshot.stored_numbers():
        if covers(scope, stored.client_id):
            client = clients.get(stored.client_id, "")
            for fault, text in _faults(stored):
                found[fault].append(ToMend(stored.kind, stored.id, stored.name, stored.client_id, client, text))
            if stored.kind is Kind.CONTACT and stored.primary:
                with_primary.add(stored.client_id)
    for number, owners in snapshot.shared_numbers():
        if all(covers(scope, client_id) for _, _, client_id, _ in owners):
            found[Fault.SHARED] += [
                ToMend(kind, entry_id, name, client_id, clients.get(client_id, ""), number)
                for kind, entry_id, client_id, name in owners
            ]
    found[Fault.NO_PRIMARY] = [
        ToMend(None, client_id, name, client_id, name)
        for client_id, name in clients.items()
        if client_id not in with_primary
    ]
    return [Faulty(fault, all_of[:MOST], len(all_of)) for fault, all_of in found.items()]


def _faults(stored: Stored) -> Iterator[tuple[Fault, str]]:
    """What is wrong with one entry, each with the number that is meant."""
    for text, country_code, known in stored.texts:
        if not known:
            yield Fault.UNREADABLE, text
        elif not country_code and known.startswith("+") and not text.lstrip().startswith(("+", "00", "011")):
            yield Fault.NO_COUNTRY, text
    if stored.kind is Kind.CONTACT and not stored.texts:
        yield Fault.NO_NUMBER, ""
