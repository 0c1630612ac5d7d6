"""The people that the caller-ID tests call from."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.directory.entries import Client, Entry, Kind, Label, Phone, Scope
from bridge.directory.snapshot import Snapshot
from bridge.settings import CalleridSection, NumbersSection

GERMAN, PLAIN = NumbersSection(region="DE"), CalleridSection()


@dataclass(frozen=True)
class Asker:
    """Somebody who asks; from Germany unless said otherwise."""

    clients: Scope = None
    numbers: NumbersSection = GERMAN
    callerid: CalleridSection = PLAIN
    name: str = "pbx"


def entry(kind: Kind, id_: int, client_id: int, name: str, *phones: str, **facts: object) -> Entry:
    """An entry with numbers, each as ``+49…`` or ``+49…;12`` with its extension."""
    parts = (phone.partition(";") for phone in phones)
    made = tuple(Phone(number, Label.WORK, extension) for number, _, extension in parts)
    return Entry(kind, id_, client_id, name, made, **facts)  # type: ignore[arg-type] # facts are Entry's own fields


CONTACT, LOCATION, VENDOR = Kind.CONTACT, Kind.LOCATION, Kind.VENDOR
CLIENTS = (
    Client(1, "Anker GmbH", region="DE", favorite=True),
    Client(2, "Birke AG", region="DE"),
    Client(3, "Cedar Inc", region="US"),
    Client(4, "Maybe Ltd", lead=True, region="GB"),
)
ENTRIES = (
    entry(CONTACT, 1, 1, "Ada Müller", "+492211000001", title="Head of IT", important=True, primary=True),
    entry(CONTACT, 2, 1, "Bert Shared", "+492212000000;12"),
    entry(CONTACT, 3, 1, "Cora Shared", "+492212000000;13"),
    entry(CONTACT, 4, 1, "Dora Both", "+492213000000"),
    entry(CONTACT, 5, 2, "Emil Both", "+492213000000"),
    entry(CONTACT, 6, 1, "Fritz Three", "+492214000000"),
    entry(CONTACT, 7, 2, "Gerd Three", "+492214000000"),
    entry(CONTACT, 8, 3, "Hank Three", "+492214000000"),
    entry(CONTACT, 9, 4, "Lea Lead", "+442079460000"),
    entry(CONTACT, 10, 0, "Otto Nobody", "+492215000000"),
    entry(CONTACT, 11, 1, "", "+492215000001"),
    entry(CONTACT, 12, 3, "Hank Cedar", "+12125550101", "+12125550101"),
    entry(CONTACT, 14, 1, "Quirin Foreign-Like", "+49442079460000"),
    entry(CONTACT, 15, 2, "Rosa Durchwahl", "+4922160000;77"),
    entry(CONTACT, 16, 1, "Short Dial", "101"),
    entry(CONTACT, 17, 1, "Mobile Only", "+4915123456789"),
    entry(CONTACT, 18, 2, "Twice A", "+493012345678"),
    entry(LOCATION, 1, 1, "Werk Köln", "+492216000000"),
    entry(LOCATION, 2, 2, "Zentrale", "+4922160000"),
    entry(LOCATION, 3, 3, "New York", "+12125550199"),
    entry(LOCATION, 4, 1, "Halle", "+492217000000"),
    entry(LOCATION, 5, 2, "Empfang", "+4922181110"),
    entry(CONTACT, 23, 0, "Nora Nobody", "+492219000000"),
    entry(CONTACT, 24, 0, "Nils Nobody", "+492219000000"),
    entry(LOCATION, 6, 4, "Lead's Main Line", "+4930770000"),
    entry(CONTACT, 19, 1, "Ute Halle", "+492217000000"),
    entry(VENDOR, 1, 1, "Telekom", "+492218000000"),
    entry(VENDOR, 2, 2, "telekom", "+492218000000"),
    entry(VENDOR, 3, 0, "Stadtwerke", "+492218000001"),
    entry(CONTACT, 20, 1, "Ida Argentina", "+5491123456789"),
    entry(CONTACT, 25, 2, "Juan Argentina", "+5491134567890;5"),
    entry(CONTACT, 26, 2, "Julia Argentina", "+5491134567890;6"),
    entry(CONTACT, 27, 2, "Maria Mexico", "+525512345678"),
    entry(VENDOR, 4, 1, "Alpha Supplies", "+492218000002"),
    entry(VENDOR, 5, 2, "Beta Supplies", "+492218000002"),
    entry(CONTACT, 21, 1, "Crowded A", "+4922170000"),
    entry(CONTACT, 22, 2, "Crowded B", "+4922170000"),
)
SNAPSHOT = Snapshot.build(clients=CLIENTS, entries=ENTRIES)
