"""The schema of ``bridge.db`` as numbered steps; a file remembers how many of them it has taken.

Each step is a file in ``steps/``, in the order of their names, and one transaction: an upgrade that is broken off is
done again at the next start. A step that was released is never changed; a change is a new step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from bridge.errors import StorageError

STEPS = Path(__file__).parent / "steps"


@cache
def steps() -> Sequence[tuple[str, ...]]:
    """The statements of each step."""
    return [tuple(_statements(path.read_text(encoding="utf-8"))) for path in sorted(STEPS.glob("*.sql"))]


def upgrade(connection: sqlite3.Connection, until: int | None = None) -> None:
    """Take every step that a file has not taken yet.

    Args:
        connection: In autocommit mode. Another process that opens the file meanwhile waits, then finds it done.
        until: The last step to take; None for all.

    Raises:
        StorageError: The file has taken steps that this release does not know.
        sqlite3.Error: It cannot be written.
    """
    until = len(steps()) if until is None else until
    while taken(connection) < until:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Asked again, now that nobody else can write: another process may have taken the step meanwhile.
            if (done := taken(connection)) < until:
                for statement in steps()[done]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {done + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
    if (done := taken(connection)) > len(steps()):
        raise StorageError(
            f"it was written by a newer release of the bridge (schema {done}, this release knows {len(steps())}). "
            "Install that release again, or put back the backup that was made before the upgrade"
        )


def taken(connection: sqlite3.Connection) -> int:
    """How many steps a file has taken; 0 for a new one, and for one of release 1.0.

    Raises:
        sqlite3.Error: It cannot be read.
    """
    (done,) = connection.execute("PRAGMA user_version").fetchone()
    return int(done)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
