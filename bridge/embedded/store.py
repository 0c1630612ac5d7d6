"""The rows: one SQLite table for each table of ITFlow, every column but the id kept as the wire's text."""

import sqlite3
import weakref
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from bridge.embedded.generations import Generation
from bridge.embedded.modules import TABLES
from bridge.embedded.schema import Module, View

Row = dict[str, str | None]
Parameters = Mapping[str, str | int | None]


def now() -> str:
    """The present as MariaDB writes it, in the server's own time zone."""
    return datetime.now().isoformat(" ", "seconds")  # noqa: DTZ005  # MariaDB's NOW() knows no zone either


class Store:
    """ITFlow's database.

    Every statement is committed at once, so that a file survives the end of the process. A file can be opened
    as any generation: it holds the columns of all.

    Args:
        database: A path, or ``:memory:``.
        generation: Whose columns reads answer with.
    """

    def __init__(self, database: str | Path, generation: Generation) -> None:
        self.generation = generation
        self.connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        self._closing = weakref.finalize(self, self.connection.close)
        self.connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        for module in TABLES.values():
            if module.stored:
                self.connection.execute(_create_table(module))
        for module in TABLES.values():
            if module.names_client:
                self.connection.execute(
                    f"CREATE INDEX IF NOT EXISTS {module.client}_index ON {module.name} ({module.client})"
                )

    def close(self) -> None:
        """Close the database."""
        self._closing()

    def load(self, rows: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
        """Add rows in one transaction; columns that a row leaves out get their defaults.

        Args:
            rows: Rows by table. Each row of a table must name the same columns as the table's first. Numbered
                columns, which 25.12 answers with beside the named ones, are left out.

        Raises:
            KeyError: There is no such table, or a row lacks a column.
            sqlite3.Error: There is no such column, or a row's id is taken.
        """
        with self.transaction():
            for table, several in rows.items():
                if several:
                    self._insert_many(TABLES[table], several)

    def transaction(self) -> "_Transaction":
        """A ``with`` block whose statements happen together or not at all."""
        return _Transaction(self.connection)

    def select(self, module: Module, view: View | None, where: str, values: Parameters, page: str = "") -> list[Row]:
        """The rows that a condition names, in the order of their ids."""
        view = view or View(module.name, (module.name,))
        names = [name for table in view.tables for name in TABLES[table].columns_of(self.generation)]
        keys = {TABLES[table].key for table in view.tables}
        expressions = [f"CAST({name} AS TEXT)" if name in keys else name for name in names] + list(view.extra)
        names += [name.rpartition(" ")[2] for name in view.extra]
        order = module.order or module.key
        found = self.connection.execute(
            f"SELECT {', '.join(expressions)} FROM {view.source} WHERE {where} ORDER BY {order} {page}", values
        )
        return [dict(zip(names, row, strict=True)) for row in found]

    def get(self, module: Module, row_id: int, client_id: int | None) -> Row | None:
        """One row by its id, if it is there and, with ``client_id``, that client's."""
        where = f"{module.key} = :row_id"
        if client_id is not None and module.client:
            where += f" AND {module.client} = :client_id"
        rows = self.select(module, None, where, {"row_id": row_id, "client_id": str(client_id)})
        return rows[0] if rows else None

    def insert(self, table: str, row: Mapping[str, str | None]) -> int:
        """Add one row; defaults and its time of creation are filled in.

        Returns:
            Its id.
        """
        module = TABLES[table]
        filled = {f"{module.prefix}_created_at": now(), **row}
        names = [column.name for column in module.columns if column.name in filled]
        cursor = self.connection.execute(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)})",
            filled,
        )
        return int(cursor.lastrowid or 0)

    def update(self, table: str, row_id: int | str, changes: Mapping[str, str | None]) -> int:
        """Change one row.

        Returns:
            What MariaDB calls affected rows: 0 where every value was there already, else 1. Only a change
            moves ``*_updated_at``.
        """
        module = TABLES[table]
        differs = " OR ".join(f"{name} IS NOT :{name}" for name in changes)
        settings = ", ".join(f"{name} = :{name}" for name in changes)
        cursor = self.connection.execute(
            f"UPDATE {table} SET {settings}, {module.prefix}_updated_at = :now "
            f"WHERE {module.key} = :row_id AND ({differs})",
            {**changes, "now": now(), "row_id": row_id},
        )
        return cursor.rowcount

    def delete(self, table: str, row_id: int | str) -> int:
        """Delete one row; the answer is how many that were."""
        return self.connection.execute(f"DELETE FROM {table} WHERE {TABLES[table].key} = ?", (row_id,)).rowcount

    def _insert_many(self, module: Module, rows: Sequence[Mapping[str, object]]) -> None:
        names = [name for name in rows[0] if not name.isdigit()]
        created = f"{module.prefix}_created_at"
        stamped = created not in names and any(column.name == created for column in module.columns)
        columns = [*names, created] if stamped else names
        moment = [now()] if stamped else []
        self.connection.executemany(
            f"INSERT INTO {module.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            ([*(None if row[name] is None else str(row[name]) for name in names), *moment] for row in rows),
        )


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def _create_table(module: Module) -> str:
    # AUTOINCREMENT, since MariaDB does not give the id of a deleted row again.
    lines = [f"{module.key} INTEGER PRIMARY KEY AUTOINCREMENT"]
    for column in module.columns[1:]:
        default = "" if column.default is None else f" DEFAULT '{column.default}'"
        lines.append(f"{column.name} TEXT{default}")
    return f"CREATE TABLE IF NOT EXISTS {module.name} ({', '.join(lines)})"
