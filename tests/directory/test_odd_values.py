"""One odd value in any column that is read, from the wire to the answers: all else is served, and the row is named."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count, zip_longest
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from bridge.accounts import balance
from bridge.directory.reader import Reader
from bridge.directory.snapshot import Snapshot
from bridge.directory.sync import Sync
from bridge.errors import Uncertain
from bridge.itflow.client import ItflowClient
from bridge.itflow.records import Client, Contact, Invoice, Location, Payment, Vendor, columns, module
from bridge.itflow.transport import open_session
from bridge.storage import Database
from tests.itflow.wire_server import Row, WireServer

WIRE = Path(__file__).parents[1] / "data" / "wire"
RECORDS: tuple[type[Any], ...] = (Client, Contact, Location, Vendor, Invoice, Payment)
# Client 7 has nobody and no invoices; the other rows are client 1's.
ODD_ROW = {"clients": 6, "contacts": 0, "locations": 0, "vendors": 0, "invoices": 0, "payments": 0}
KINDS = {"contact": "contacts", "location": "locations", "vendor": "vendors"}
# Without these nobody knows whose money it is, so that nobody's is exact.
WHOSE_MONEY = {"invoice_client_id", "payment_invoice_id"}


def rows_before(generation: str) -> dict[str, list[Row]]:
    data: dict[str, list[Row]] = json.loads((WIRE / f"{generation}-before.json").read_text(encoding="utf-8"))
    return {module(kind): data[module(kind)] for kind in RECORDS if module(kind) in data}


def rounds() -> Iterator[dict[str, str]]:
    """One column of every module at a time."""
    for names in zip_longest(*(columns(kind).values() for kind in RECORDS)):
        yield {module(kind): name for kind, name in zip(RECORDS, names, strict=True) if name}


def people(snapshot: Snapshot) -> set[tuple[str, int, str]]:
    return {(entry.kind.value, entry.id, entry.name) for entry in snapshot.entries()}


def owed(snapshot: Snapshot, client_id: int) -> str:
    try:
        return balance(snapshot, client_id).as_text()
    except Uncertain:
        return "uncertain"


Start = Callable[[dict[str, list[Row]]], Awaitable[tuple[Snapshot, list[str]]]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Mirrors an ITFlow of rows at a first start: the snapshot, and what is said of rows that cannot be read."""
    wire, files = WireServer(), count()
    async with TestServer(wire.app) as server, open_session() as session:

        async def mirror(rows: dict[str, list[Row]]) -> tuple[Snapshot, list[str]]:
            wire.rows = rows
            database = Database(tmp_path / f"{next(files)}.db")
            sync = Sync(ItflowClient(session, str(server.make_url("/")), "KEY"), database, region="US", max_loss=0.2)
            await sync.people()
            await sync.money()
            snapshot, _ = Reader(database).read()
            with database.read() as connection:
                reasons = [reason for (reason,) in connection.execute("SELECT reason FROM odd_row")]
            database.close()
            assert snapshot is not None
            return snapshot, reasons

        yield mirror


@pytest.mark.parametrize(
    "odd",
    [None, "x", "-1", "9" * 70_000, "\ud800", "a\0b"],
    ids=["null", "word", "negative", "long", "surrogate", "nul"],
)
@pytest.mark.parametrize("generation", ["v25.12", "v26.02", "v26.05", "v26.08"])
async def test_all_but_the_odd_row_is_served(start: Start, generation: str, odd: str | None) -> None:
    good, reasons = await start(rows_before(generation))
    assert not reasons
    for names in rounds():
        rows = rows_before(generation)
        for name, column in names.items():
            if name in rows:
                rows[name][ODD_ROW[name]][column] = odd
        snapshot, reasons = await start(rows)
        named = {reason.partition(":")[0] for reason in reasons}
        assert all(column in "".join(reasons) for name, column in names.items() if name in named)
        missing = people(good) - people(snapshot)
        assert all(entry_id == 1 for _, entry_id, _ in missing), names
        left_out = {KINDS[kind] for kind, _, _ in missing if names.get(KINDS[kind], "").partition("_")[2] != "name"}
        archived = {name for name, column in names.items() if column.endswith("archived_at")}
        assert left_out <= named | archived, names
        assert {client.id for client in good.clients()} - {client.id for client in snapshot.clients()} <= {7}
        if not WHOSE_MONEY & set(names.values()):
            assert [owed(snapshot, client) for client in (2, 3, 5, 8)] == [
                owed(good, client) for client in (2, 3, 5, 8)
            ]
