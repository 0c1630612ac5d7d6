"""``itflow-bridge phones``: which phone fetched which phonebook, and when."""

from __future__ import annotations

from bridge.access.phones import Phones
from bridge.cli.common import Config, database, settings_in_use
from bridge.cli.listing import Json, Listing


def phones(as_json: Json = False, config: Config = None) -> None:
    """Show which phone last fetched which phonebook, the latest first."""
    table = Listing("last fetched (UTC)", "address", "MAC", "format", "entries", "times", "key", "User-Agent")
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
                phone.key,
                phone.user_agent,
            )
    table.show(as_json=as_json)
