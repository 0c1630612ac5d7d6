"""A real ITFlow server with two clients and their people, and a bridge.db to mirror it into."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from bridge.directory.mirror import Freshness
from bridge.directory.reader import Reader
from bridge.directory.snapshot import Snapshot
from bridge.directory.store import MirrorStore
from bridge.directory.sync import Sync
from bridge.embedded import EmbeddedItflow
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.storage import Database

KEY = "KEYALL"

MakeSync = Callable[..., Sync]


class House:
    """What a test sees: ITFlow on one side, the mirror on the other."""

    def __init__(self, itflow: EmbeddedItflow, url: str, path: Path) -> None:
        self.itflow = itflow
        self.url = url
        self.path = path
        self.database = Database(path)
        self.store = MirrorStore(self.database, "US")

    def sql(self, statement: str, *parameters: object) -> None:
        """Change ITFlow's rows behind its back, as its web interface does."""
        self.itflow.connection.execute(statement, parameters)

    def snapshot(self) -> Snapshot:
        """The stored snapshot, read as a process that just started reads it."""
        snapshot, _ = Reader(self.database).read()
        if snapshot is None:
            raise LookupError("no snapshot is stored")
        return snapshot

    def freshness(self) -> Freshness:
        return self.store.freshness()

    def names(self, number: str) -> list[str]:
        return [entry.name for entry in self.snapshot().match(number)]


def seed(itflow: EmbeddedItflow) -> None:
    itflow.add_key(KEY)
    for table, rows in _ROWS.items():
        for row in rows:  # one at a time, because they leave out different columns
            itflow.load({table: [row]})


def _invoice(invoice_id: int, client_id: int, status: str, amount: str) -> dict[str, object]:
    return {
        "invoice_id": invoice_id,
        "invoice_prefix": "INV-",
        "invoice_number": 100 + invoice_id,
        "invoice_status": status,
        "invoice_date": "2026-01-02",
        "invoice_due": "2026-02-01",
        "invoice_amount": amount,
        "invoice_currency_code": "USD",
        "invoice_client_id": client_id,
    }


_ROWS: dict[str, list[dict[str, object]]] = {
    "clients": [
        {"client_id": 1, "client_name": "Acme & Sons", "client_currency_code": "USD"},
        {"client_id": 2, "client_name": "Köln GmbH", "client_currency_code": "EUR", "client_favorite": 1},
        {"client_id": 3, "client_name": "Gone Inc", "client_archived_at": "2024-01-01 00:00:00"},
        {"client_id": 4, "client_name": "Maybe LLC", "client_lead": 1},
    ],
    "locations": [
        {
            "location_id": 1,
            "location_name": "Werk",
            "location_country": "Germany",
            "location_phone": "0221 9876500",
            "location_primary": 1,
            "location_client_id": 2,
        },
        {
            "location_id": 2,
            "location_name": "Old site",
            "location_phone": "2125550150",
            "location_archived_at": "2022-02-02 00:00:00",
            "location_client_id": 1,
        },
    ],
    "contacts": [
        {
            "contact_id": 1,
            "contact_name": "Ann Lee",
            "contact_title": "CEO",
            "contact_email": "ann@acme.example",
            "contact_phone": "2125550100",
            "contact_extension": "12",
            "contact_mobile": "2125550199",
            "contact_primary": 1,
            "contact_pin": "4711-SECRET",
            "contact_notes": "PRIVATE NOTE",
            "contact_client_id": 1,
        },
        {"contact_id": 2, "contact_name": "Bob Ray", "contact_phone": "2125550100", "contact_client_id": 1},
        {"contact_id": 3, "contact_name": "Ute Maier", "contact_phone": "02219876512", "contact_client_id": 2},
        {
            "contact_id": 4,
            "contact_name": "Old Hand",
            "contact_phone": "2125550104",
            "contact_archived_at": "2024-01-01 00:00:00",
            "contact_client_id": 1,
        },
        {"contact_id": 5, "contact_name": "Of Gone", "contact_phone": "2125550105", "contact_client_id": 3},
        {"contact_id": 6, "contact_name": "Lea Lead", "contact_phone": "2125550106", "contact_client_id": 4},
        {"contact_id": 7, "contact_name": "Nobody's", "contact_phone": "2125550107", "contact_client_id": 0},
        {"contact_id": 8, "contact_name": "Orphan", "contact_phone": "2125550108", "contact_client_id": 99},
    ],
    "vendors": [
        {"vendor_id": 1, "vendor_name": "Telco", "vendor_phone": "8005550111", "vendor_client_id": 0},
    ],
    "invoices": [
        _invoice(1, 1, "Sent", "100.10"),
        _invoice(2, 1, "Partial", "200.00"),
        _invoice(3, 3, "Sent", "5.00"),
        _invoice(4, 1, "Cancelled", "7.00"),
    ],
    "payments": [
        {"payment_id": 1, "payment_invoice_id": 2, "payment_amount": "50.05"},
        {"payment_id": 2, "payment_invoice_id": 2, "payment_amount": "0.05"},
        {"payment_id": 3, "payment_invoice_id": 4, "payment_amount": "7.00"},
    ],
}


def crowd(house: House, count: int, *, first_id: int = 1001) -> None:
    """Give client 1 some more contacts, with numbers of their own."""
    house.itflow.load(
        {
            "contacts": [
                {
                    "contact_id": contact_id,
                    "contact_name": f"Contact {contact_id}",
                    "contact_phone": f"303{5550000 + contact_id - first_id}",
                    "contact_client_id": 1,
                }
                for contact_id in range(first_id, first_id + count)
            ]
        }
    )


@pytest.fixture
def generation() -> str:
    """Parametrise it for another ITFlow."""
    return "26.02"


@pytest.fixture
async def house(tmp_path: Path, generation: str) -> AsyncIterator[House]:
    itflow = EmbeddedItflow(generation=generation)  # type: ignore[arg-type]  # a test's parameter
    seed(itflow)
    server = TestServer(itflow.make_app())
    await server.start_server()
    house = House(itflow, str(server.make_url("/")), tmp_path / "bridge.db")
    yield house
    house.database.close()
    await server.close()
    itflow.close()


@pytest.fixture
async def make_sync(house: House) -> AsyncIterator[MakeSync]:
    async with open_session() as session:

        def make(*, region: str = "US", max_loss: float = 0.2, key: str = KEY, page_size: int = 1000) -> Sync:
            client = ItflowClient(session, house.url, key, timeout_s=5, page_size=page_size, attempts=1)
            return Sync(client, house.database, region=region, max_loss=max_loss)

        yield make


@pytest.fixture
def sync(make_sync: MakeSync) -> Sync:
    return make_sync()
