"""A spoilt row of bridge.db never ends the sync; what can be pulled again is put right."""

from contextlib import suppress
from typing import Any

from bridge.directory.reader import Reader
from bridge.directory.sync import Sync
from bridge.errors import BridgeError
from tests.directory.conftest import House

TABLES = (
    "client",
    "entry",
    "number",
    "invoice",
    "payment",
    "odd_row",
    "mirror_modules",
    "mirror_marks",
    "mirror_facts",
)
SPOILT: dict[str, list[Any]] = {"TEXT": ["x"], "INTEGER": [-1, 2**62], "BLOB": [b""]}


def columns(house: House) -> list[tuple[str, str, Any]]:
    with house.database.read() as connection:
        return [
            (table, name, value)
            for table in TABLES
            for name, kind in connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
            for value in SPOILT[kind]
            if name != "kind"  # a row of no kind is of no module that is pulled
        ]


def everything(house: House) -> tuple[object, ...]:
    snapshot = house.snapshot()
    clients = list(snapshot.clients())
    return clients, list(snapshot.entries()), [snapshot.invoices(client.id) for client in clients], snapshot.payments


async def test_no_spoilt_column_ends_the_sync(house: House, sync: Sync) -> None:
    house.sql("UPDATE contacts SET contact_client_id = -7 WHERE contact_id = 8")
    await sync.people()
    await sync.money()
    sound = everything(house)
    for table, column, value in columns(house):
        with house.database.write() as connection:
            connection.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (value,))
        for work in (sync.refresh, sync.people, sync.money, sync.new_people):
            with suppress(BridgeError):
                await work()
        with suppress(BridgeError):
            Reader(house.database).read()
    with house.database.write() as connection:  # as after a rescue
        connection.execute("DELETE FROM mirror_marks")
        connection.execute("UPDATE entry SET read_as = NULL")
    await sync.people(accept=True)
    await sync.money(accept=True)
    assert everything(house) == sound
