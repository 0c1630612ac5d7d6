"""``itflow-bridge phones``: which phone fetched which phonebook, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from bridge.cli.options import Config, Json
from bridge.errors import BadParameter, NotFound, NotReady

if TYPE_CHECKING:
    from bridge.settings import Settings
    from bridge.storage import Database


def phones(as_json: Json = False, config: Config = None) -> None:
    """Show which phone last fetched which phonebook, the latest first."""
    from bridge.access.phones import Phones
    from bridge.cli.common import database, errors, settings_in_use
    from bridge.cli.listing import Listing

    settings = settings_in_use(config)
    table = Listing("last fetched (UTC)", "address", "MAC", "format", "entries", "times", "key", "User-Agent")
    with database(settings) as opened:
        sightings = Phones(opened).all()
        for seen in sightings:
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
        told = list(_advice(settings, opened, {(seen.phone.format, seen.phone.key): None for seen in sightings}))
    table.show(as_json=as_json)
    for text in told:
        errors.print(text)


def _advice(settings: Settings, opened: Database, books: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Who is left out of the books that phones fetched, where a sync has been, and format and key are still there."""
    from bridge.access.keys import Keys
    from bridge.cli.common import stored_snapshot
    from bridge.cli.overflow import advice
    from bridge.phonebook.formats import Formats

    try:
        snapshot = stored_snapshot(opened)
    except NotReady:
        return
    formats, keys = Formats(settings.phonebook.templates), Keys(opened, settings)
    for name, key in books:
        with suppress(NotFound, BadParameter):
            if text := advice(snapshot, formats.get(name), keys.named(key)):
                yield text
