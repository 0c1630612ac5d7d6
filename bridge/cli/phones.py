"""``itflow-bridge phones``: which phone fetched which phonebook, and when."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from bridge.access.phones import Phones
from bridge.cli.common import Config, console, database, settings_in_use


def phones(config: Config = None) -> None:
    """Show which phone last fetched which phonebook, the latest first."""
    table = Table("last fetched (UTC)", "address", "MAC", "format", "entries", "times", "key", "User-Agent")
    with database(settings_in_use(config)) as opened:
        for seen in Phones(opened).all():
            phone = seen.phone
            table.add_row(
                f"{seen.fetched_at:%Y-%m-%d %H:%M:%S}",
                phone.address,
                phone.mac,
                phone.format,
                str(seen.entries),
                str(seen.fetches),
                Text(phone.key),
                Text(phone.user_agent),
            )
    console.print(table)
