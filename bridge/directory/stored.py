"""The stored snapshot: written by the process that pulls, read by the one that answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge.directory.mirror import Freshness
from bridge.directory.pages import Section, digest, version_of
from bridge.directory.rules import form
from bridge.directory.snapshot import Snapshot
from bridge.directory.store import read_facts, read_freshness
from bridge.storage import Database


@dataclass(frozen=True, slots=True)
class Made:
    """A snapshot that is to be stored.

    Attributes:
        version: See ``Snapshot``.
        exact: Its ``payments``.
        after: The count of the stored snapshot that it was compared with.
        digests: Of all its pages.
        changed: The pages that are not stored yet.
    """

    version: str
    exact: bool
    after: int
    digests: Mapping[tuple[str, int], bytes]
    changed: Mapping[tuple[str, int], bytes]


def compare(connection: sqlite3.Connection, pages: Iterable[tuple[Section, int, bytes]], *, exact: bool) -> Made:
    """Find out what of a snapshot is not stored yet.

    Args:
        connection: A transaction that reads ``bridge.db``.
        pages: All pages of the snapshot: section, number, content.
        exact: Whether its invoices say what is paid.
    """
    here = {
        (section, number): stored
        for section, number, stored in connection.execute("SELECT section, page, digest FROM mirror_pages")
    }
    digests: dict[tuple[str, int], bytes] = {}
    changed: dict[tuple[str, int], bytes] = {}
    for section, number, page in pages:
        place = (section.value, number)
        digests[place] = digest(page)
        if here.get(place) != digests[place]:
            changed[place] = page
    return Made(version_of(digests, payments=exact), exact, _count(read_facts(connection)), digests, changed)


def store(database: Database, made: Made) -> bool:
    """Store a snapshot; False where another one was stored since it was compared.

    Raises:
        StorageError: The file cannot be written.
    """
    with database.write() as connection:
        facts = read_facts(connection)
        if _count(facts) != made.after:
            return False
        content = {"version": made.version, "form": form(), "exact": str(int(made.exact))}
        if content.items() <= facts.items():
            return True
        here = connection.execute("SELECT section, page FROM mirror_pages").fetchall()
        connection.executemany(
            "DELETE FROM mirror_pages WHERE section = ? AND page = ?",
            [place for place in here if place not in made.digests],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO mirror_pages (section, page, digest, stored, data) VALUES (?, ?, ?, ?, ?)",
            [(*place, made.digests[place], made.after + 1, page) for place, page in made.changed.items()],
        )
        content["stored"] = str(made.after + 1)
        connection.executemany("INSERT OR REPLACE INTO mirror_facts VALUES (?, ?)", content.items())
    return True


def _count(facts: Mapping[str, str]) -> int:
    return int(facts.get("stored", 0))


class Reader:
    """Reads the stored snapshot, and of each further one only the pages that changed.

    Args:
        database: ``bridge.db``; best a connection of its own, because a large snapshot keeps it busy.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages: dict[tuple[Section, int], bytes] = {}
        self._stored = 0
        self._snapshot: Snapshot | None = None

    def read(self) -> tuple[Snapshot | None, Freshness]:
        """The stored snapshot, the same object as last time where nothing changed, and how current it is.

        Returns:
            No snapshot where none is stored, or one of another version of the bridge.

        Raises:
            StorageError: The file cannot be read.
        """
        with self._database.read() as connection:
            facts = read_facts(connection)
            freshness = read_freshness(connection)
            stored = _count(facts)
            if stored == self._stored or facts.get("form") != form():
                return self._snapshot, freshness
            here = {
                (Section(section), number)
                for section, number in connection.execute("SELECT section, page FROM mirror_pages")
            }
            pages = {place: page for place, page in self._pages.items() if place in here}
            for section, number, data in connection.execute(
                "SELECT section, page, data FROM mirror_pages WHERE stored > ?", (self._stored,)
            ):
                pages[Section(section), number] = data
        snapshot = Snapshot(facts["version"], pages, payments=facts["exact"] == "1")
        self._pages, self._stored, self._snapshot = pages, stored, snapshot
        return snapshot, freshness
