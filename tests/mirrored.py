"""A ``bridge.db`` whose mirror holds what a test wants, as if it had just been pulled."""

from collections.abc import Iterable

from bridge.clock import Moment
from bridge.directory.entries import Client, Entry
from bridge.directory.reader import MONEY, PEOPLE
from bridge.directory.rows import releases
from bridge.directory.snapshot import fill
from bridge.storage import Database


def mirrored(database: Database, entries: Iterable[Entry], clients: Iterable[Client] = ()) -> None:
    """Store entries; without clients, of any client."""
    clients = list(clients)
    with database.write() as connection:
        fill(connection, clients=clients, entries=entries)
        # Else a service would read their numbers anew, from columns that are empty here.
        connection.execute(
            "UPDATE entry SET read_as = ifnull("
            "(SELECT nullif(region, '') FROM client WHERE client.id = entry.client_id), 'US') || ' ' || ?",
            (releases(),),
        )
        connection.executemany(
            "INSERT OR REPLACE INTO mirror_modules (module, pulled_at) VALUES (?, ?)",
            [(module, str(Moment.now())) for module in (*PEOPLE, *MONEY) if clients or module != "clients"],
        )
