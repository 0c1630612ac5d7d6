"""Snapshots that books are made of."""

from __future__ import annotations

from functools import cache

from bridge.directory.entries import Client, Entry, Kind, Label, Phone
from bridge.directory.snapshot import Snapshot


def work(number: str, extension: str = "") -> Phone:
    return Phone(number, Label.WORK, extension)


def mobile(number: str) -> Phone:
    return Phone(number, Label.MOBILE)


CLIENTS = (
    Client(1, "Muster & Söhne"),
    Client(2, 'O\'Neill "Tools" <GmbH> ]]>'),
    Client(3, "Prospect Ltd", lead=True),
)

# One entry for each thing that has broken somebody's phonebook.
HOSTILE = (
    Entry(Kind.CONTACT, 1, 1, "Ada Muster", (work("+493055500101", "12"), mobile("+4917155500102")), primary=True),
    Entry(Kind.CONTACT, 2, 1, "Tom & <Jerry> \"the\" 'cat' ]]>", (work("+493055500103"),), email="t&j@example.com"),
    Entry(Kind.CONTACT, 3, 2, "Ctrl\x00\x07\x1bChars\ufffe\r\nEnd", (work("+493055500104"),), important=True),
    Entry(Kind.CONTACT, 4, 2, "Zoë 👩‍👩‍👧 Emoji", (mobile("+4917155500105"),), billing=True),
    Entry(Kind.CONTACT, 5, 2, "שלום עולם", (work("+97235550106"),)),
    Entry(Kind.CONTACT, 6, 2, "山田 太郎", (work("+81355500107"),), technical=True),
    Entry(Kind.CONTACT, 7, 2, "Ü" * 300, (work("+493055500108"),)),
    Entry(Kind.CONTACT, 8, 2, "Twelve Numbers", tuple(work(f"+4930555002{at:02}") for at in range(12))),
    Entry(Kind.CONTACT, 9, 2, "No Number"),
    Entry(Kind.CONTACT, 10, 1, "", (work("+493055500110"),), title="Front; desk, \\ and more"),
    Entry(Kind.CONTACT, 11, 1, "Front Desk", (work("101"),)),
    Entry(Kind.CONTACT, 12, 1, '=1+cmd|"calc"', (work("*98"), mobile("+4917155500112"))),
    Entry(Kind.CONTACT, 13, 1, "Ada Muster", (mobile("+4917155500102"), work("+493055500113"))),
    Entry(Kind.CONTACT, 14, 3, "Leo Lead", (work("+442079460114"),)),
    Entry(Kind.CONTACT, 15, 0, "Nobody's Friend", (work("+12125550115"),)),
    Entry(Kind.LOCATION, 1, 1, "Main Office", (work("+493055500101"),)),
    Entry(Kind.LOCATION, 2, 2, "Werk-Süd", (work("+493055500117", "7"),)),
    Entry(Kind.VENDOR, 1, 0, "Pipes | Co; \\n, Ltd", (work("+442079460118"),)),
    Entry(Kind.VENDOR, 2, 1, "A", (work("+1" + "2" * 14),)),
)


def hostile() -> Snapshot:
    return Snapshot.build(clients=CLIENTS, entries=HOSTILE, version="hostile")


def empty() -> Snapshot:
    return Snapshot.build(version="empty")


@cache
def crowd(count: int, *, version: str = "crowd", clients: int = 200) -> Snapshot:
    """Contacts with two numbers each, spread over clients."""
    return Snapshot.build(
        clients=[Client(at, f"Client & Söhne {at}") for at in range(1, clients + 1)],
        entries=[
            Entry(
                Kind.CONTACT,
                at,
                1 + at % clients,
                f"Ada{at:05} Muster{at:05}",
                (work(f"+4930{5550000 + at}"), mobile(f"+49171{5550000 + at}")),
                important=at % 500 == 0,
            )
            for at in range(1, count + 1)
        ],
        version=version,
    )
