"""What the scripts of the FastAGI door ask of the rest of the bridge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bridge.access.keys import Keys
from bridge.agi.lockout import Lockout
from bridge.callerid import ExtensionOf, nobody
from bridge.directory.mirror import Mirror
from bridge.errors import RowMissing
from bridge.itflow.client import ItflowClient
from bridge.settings import AgiSection
from bridge.storage import Database


@dataclass(frozen=True, slots=True)
class Features:
    """What the scripts use; ``features`` puts it together.

    Attributes:
        extension_of: The extension of a user of ITFlow; empty for none.
        read_pin: Asks ITFlow for a contact's PIN, an empty text where there is none; raises ItflowError.
        told: Sound files that are missing and that the log names already.
    """

    settings: AgiSection
    keys: Keys
    mirror: Mirror
    read_pin: Callable[[int], Awaitable[str]]
    lockout: Lockout
    told: set[str] = field(default_factory=set)
    extension_of: ExtensionOf = nobody


def features(
    settings: AgiSection,
    keys: Keys,
    mirror: Mirror,
    itflow: ItflowClient,
    database: Database,
    extension_of: ExtensionOf = nobody,
) -> Features:
    """What the scripts use, with PINs from ITFlow and locks in ``bridge.db``."""

    async def read_pin(contact_id: int) -> str:
        try:
            row = await itflow.row("contacts", contact_id)
        except RowMissing:
            return ""
        return row.get("contact_pin") or ""

    lockout = Lockout(database, settings.pin_tries, settings.lockout_s)
    return Features(settings, keys, mirror, read_pin, lockout, extension_of=extension_of)
