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


def upgrade(connection: sqlite3.Connection) -> None:
    """Take every step that a file has not taken yet.

    Args:
        connection: In autocommit mode. Another process that opens the file meanwhile waits, then finds it done.

    Raises:
        StorageError: The file has taken steps that this release does not know.
        sqlite3.Error: It cannot be written.
    """
    while _taken(connection) < len(steps()):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Asked again, now that nobody else can write: another process may have taken the step meanwhile.
            if (taken := _taken(connection)) < len(steps()):
                for statement in steps()[taken]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {taken + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
    if (taken := _taken(connection)) > len(steps()):
        raise StorageError(
            f"it was written by a newer release of the bridge (schema {taken}, this release knows {len(steps())}). "
            "Install that release again, or put back the backup that was made before the upgrade"
        )


def _taken(connection: sqlite3.Connection) -> int:
    (taken,) = connection.execute("PRAGMA user_version").fetchone()
    return int(taken)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
