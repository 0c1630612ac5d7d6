"""Keys as ``bridge.db`` holds them, read one by one: one that cannot be read is one key that opens nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from bridge.access.key import Key, Options
from bridge.errors import BadParameter, BridgeError
from bridge.settings import Settings
from bridge.storage import Database

LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)
UNKNOWN_STRONG_CHARS = 32  # those of a secret that the bridge makes

# As bytes: one text that is no UTF-8 would end the reading of all.
_KEYS = (
    "SELECT secret_hash, weak, CAST(name AS BLOB), CAST(options AS BLOB), CAST(created_at AS BLOB), "
    "CAST(expires_at AS BLOB), CAST(revoked_at AS BLOB) FROM keys ORDER BY name"
)
_REPLACED = "SELECT secret_hash, weak, CAST(name AS BLOB), CAST(until AS BLOB) FROM key_replaced"


class Held(NamedTuple):
    """A secret that is known, and its key.

    Attributes:
        until: From when on it is refused; None for never.
        weak: It can be guessed; None for not known.
        replaced: There is a newer one.
    """

    key: Key
    until: dt.datetime | None
    weak: int | None
    replaced: bool = False

    def over(self) -> bool:
        """It is refused by now."""
        return self.until is not None and dt.datetime.now(dt.UTC) >= self.until

    def guessable(self, secret: str) -> bool:
        """Whether a caller may have guessed the secret that it shows."""
        return len(secret) < UNKNOWN_STRONG_CHARS if self.weak is None else bool(self.weak)


class Stored(NamedTuple):
    """All keys.

    Attributes:
        by_hash: By the SHA-256 of each secret, in the order of the keys' names.
        unreadable: Why a key cannot be read, by its name; revoked ones are left out.
    """

    by_hash: Mapping[bytes, Held]
    unreadable: Mapping[str, str]


def read(database: Database, settings: Settings) -> Stored:
    """Read all keys.

    Args:
        database: Where they are.
        settings: What a key without settings of its own uses.

    Raises:
        StorageError: The file cannot be read.
    """
    with database.read() as connection:
        keys, replaced = connection.execute(_KEYS).fetchall(), connection.execute(_REPLACED).fetchall()
    by_hash: dict[bytes, Held] = {}
    unreadable: dict[str, str] = {}
    for secret_hash, weak, name, options, created, expires, revoked in keys:
        try:
            expires_at, revoked_at = (None if text is None else _moment(text) for text in (expires, revoked))
            key = Key.of(name.decode(), Options.read(options), _moment(created), expires_at, revoked_at, settings)
        except (ValueError, BridgeError) as error:
            if revoked is None:
                unreadable[name.decode("utf-8", "replace")] = str(error)
        else:
            by_hash[secret_hash] = Held(key, key.expires_at if revoked is None else LONG_AGO, weak)
    by_name = {held.key.name.encode(): held for held in by_hash.values()}
    for secret_hash, weak, name, end in replaced:
        if (held := by_name.get(name)) and secret_hash not in by_hash:
            until = min(filter(None, (held.until, _end(end))))
            by_hash[secret_hash] = Held(held.key, until, weak, replaced=True)
    return Stored(by_hash, unreadable)


def _moment(text: bytes) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text.decode())
    if moment.tzinfo is None:
        raise BadParameter("one of its moments has no time zone")
    return moment


def _end(text: bytes) -> dt.datetime:
    """When a replaced secret ends; long ago where that cannot be read."""
    try:
        return _moment(text)
    except (ValueError, BadParameter):
        return LONG_AGO
