"""What the scripts of the FastAGI door ask of the rest of the bridge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bridge.access.keys import Keys
from bridge.agi.lockout import Lockout
from bridge.directory.mirror import Mirror
from bridge.errors import RowMissing
from bridge.itflow.client import ItflowClient
from bridge.settings import AgiSection
from bridge.storage import Database


@dataclass(frozen=True, slots=True)
class Features:
    """What the scripts use; ``features`` puts it together.

    Attributes:
        read_pin: Asks ITFlow for a contact's PIN, an empty text where there is none; raises ItflowError.
        told: Sound files that are missing and that the log names already.
    """

    settings: AgiSection
    keys: Keys
    mirror: Mirror
    read_pin: Callable[[int], Awaitable[str]]
    lockout: Lockout
    told: set[str] = field(default_factory=set)


def features(settings: AgiSection, keys: Keys, mirror: Mirror, itflow: ItflowClient, database: Database) -> Features:
    """What the scripts use, with PINs from ITFlow and locks in ``bridge.db``."""

    async def read_pin(contact_id: int) -> str:
        try:
            row = await itflow.row("contacts", contact_id)
        except RowMissing:
            return ""
        return row.get("contact_pin") or ""

    return Features(settings, keys, mirror, read_pin, Lockout(database, settings.pin_tries, settings.lockout_s))
