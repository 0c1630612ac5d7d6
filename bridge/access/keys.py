"""The bridge's own keys: each opens what it was made for, and nothing else.

A secret is kept as its SHA-256 alone: one that the bridge makes is random and long, so no slow hash is needed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import NoReturn

from prometheus_client import Gauge

from bridge.access import stored
from bridge.access.background import repeated
from bridge.access.key import EVERYDAY, Feature, Key, Options
from bridge.access.stored import Held
from bridge.access.strength import weakness
from bridge.access.throttle import Throttle
from bridge.access.uses import Uses
from bridge.errors import BadParameter, FeatureDenied, KeyMissing, KeyWrong, NotFound, StorageError, TooMany
from bridge.networks import Network
from bridge.settings import Settings
from bridge.storage import Database

__all__ = [
    "EVERYDAY",
    "WARN_BEFORE",
    "Feature",
    "Key",
    "Keys",
    "Network",
    "Options",
    "Shown",
    "expiry",
    "hashed",
    "last_minute",
]

log = logging.getLogger(__name__)

WARN_BEFORE = dt.timedelta(days=14)
FLUSH_INTERVAL_S = 10.0

# What a request shows: a secret, several that differ, or none.
Shown = str | frozenset[str] | None

_UNREADABLE = Gauge("itflow_bridge_keys_unreadable", "Keys in bridge.db that cannot be read")
_EXPIRY = Gauge("itflow_bridge_key_expires_seconds", "Time until a live key expires", ["key"])


class Keys:
    """All keys, in memory for every interface and in ``bridge.db`` for good.

    Args:
        database: Where they are stored.
        settings: What a key without settings of its own uses.
        throttle: Who sent wrong keys lately.

    Attributes:
        uses: When and from where each was used.
        unreadable: Why a key of ``bridge.db`` cannot be read, by its name; it opens nothing, and the others do.

    Raises:
        StorageError: They cannot be read.
    """

    def __init__(self, database: Database, settings: Settings, throttle: Throttle | None = None) -> None:
        self.uses = Uses(database)
        self.unreadable: Mapping[str, str] = {}
        self._database = database
        self._settings = settings
        self._throttle = throttle or Throttle()
        self._by_hash: Mapping[bytes, Held] = {}
        self._warned: dict[str, dt.date] = {}
        self.load()
        self.uses.recall()

    def load(self) -> None:
        """Read all keys anew.

        Raises:
            StorageError: They cannot be read; the known ones stay.
        """
        found = stored.read(self._database, self._settings)
        known = {held.key.name: held.key for held in self._by_hash.values()}
        # A key that has not changed stays the same object: what others keep for it stays good.
        self._by_hash = {
            secret_hash: held._replace(key=known[held.key.name]) if known.get(held.key.name) == held.key else held
            for secret_hash, held in found.by_hash.items()
        }
        for name, reason in found.unreadable.items():
            if self.unreadable.get(name) != reason:
                log.error("The key %s in bridge.db cannot be read and opens nothing: %s", name, reason)
        self.unreadable = found.unreadable
        _UNREADABLE.set(len(found.unreadable))

    def apply(self, settings: Settings) -> None:
        """Take over changed settings.

        Raises:
            StorageError: The keys cannot be read; settings and keys of before stay.
        """
        before, self._settings = self._settings, settings
        try:
            self.load()
        except StorageError:
            self._settings = before
            raise

    def all(self) -> list[Key]:
        """Every key that can be read, revoked and expired ones too, by name."""
        return [held.key for held in self._by_hash.values() if not held.replaced]

    def named(self, name: str) -> Key:
        """The key of a name, revoked and expired ones too.

        Raises:
            NotFound: There is none.
        """
        for key in self.all():
            if key.name == name:
                return key
        raise NotFound(f"There is no key {name}; see: itflow-bridge keys list")

    def open(self, secret: Shown, feature: Feature | None, address: str | None) -> Key:
        """The key of a request, good for a feature: the one entry for every interface.

        Wrong keys are counted, told in the log, and slowed by address and in total. A right one passes all the same,
        wherever wrong ones come from: nobody guesses a secret that the bridge has made. But where an address is being
        slowed, a key with a weak secret (see ``strength``) passes only if it was used from there before, so that
        nobody finds such a secret by guessing on, and a phone system at the same address keeps working.

        Args:
            secret: What the request shows.
            feature: What it asks for; None for what every key opens.
            address: Where it comes from; None for unknown.

        Raises:
            KeyMissing: There is no secret.
            KeyWrong: It is unknown, revoked or expired, or there are several that differ.
            TooMany: The same, and too many wrong ones came lately.
            FeatureDenied: It does not open the feature, or not from there.
        """
        if not secret:
            raise KeyMissing
        if not isinstance(secret, str):
            self._wrong(address, text="The request carries different keys in different places; send one.")
        held = self._by_hash.get(hashed(secret))
        if held is None:
            self._wrong(address)
        key = held.key
        if held.over():
            self.uses.note(key.name, "refused", address)
            self._wrong(address, key.name)
        slowed = self._throttle.wait_s(address) > 0
        if slowed and held.guessable(secret) and not self.uses.familiar(key.name, address):
            self.uses.note(key.name, "refused", address)
            self._wrong(address)
        if held.replaced:
            self.uses.note(key.name, "replaced", address)
        return self._opened(key, feature, address)

    def open_again(self, secret_hash: bytes, feature: Feature, address: str | None) -> Key:
        """The key of a secret that was shown before, for what asks again and again on one connection.

        Args:
            secret_hash: What ``hashed`` gave of the secret; ``open`` took it then.
            feature: What is asked for now.
            address: Where from.

        Raises:
            KeyMissing: It opens nothing any more: revoked, expired, or replaced for longer than its grace.
            FeatureDenied: Its key does not open the feature, or not from there.
        """
        held = self._by_hash.get(secret_hash)
        if held is None or held.over():
            raise KeyMissing("This key is no longer good; see: itflow-bridge keys list")
        if held.replaced:
            self.uses.note(held.key.name, "replaced", address)
        return self._opened(held.key, feature, address)

    def open_named(self, name: str, feature: Feature, address: str | None) -> Key:
        """A key that the settings name, for callers that bring none.

        Raises:
            KeyMissing: There is no live key of that name.
            FeatureDenied: It does not open the feature, or not from there.
        """
        key = next((key for key in self.all() if key.name == name and key.live(dt.datetime.now(dt.UTC))), None)
        if key is None:
            raise KeyMissing(f"There is no live key {name}; see: itflow-bridge keys list")
        return self._opened(key, feature, address)

    def add(
        self, name: str, options: Options, *, expires_at: dt.datetime | None = None, secret: str | None = None
    ) -> str:
        """Make a key; a revoked one of the same name or secret makes room for it.

        Args:
            name: For lists and logs; one name, one key.
            options: What it opens.
            expires_at: From when on it is refused.
            secret: An existing secret to take over; a new one is made without it.

        Returns:
            The secret; it cannot be read again later.

        Raises:
            BadParameter: The name or the secret is taken, or a setting is wrong.
            StorageError: It cannot be stored.
        """
        if not name.strip() or not name.isprintable():
            raise BadParameter("A key needs a name without control characters, such as pbx.")
        if any(key.name == name and key.revoked_at is None for key in self.all()):
            raise BadParameter(f"There is a key {name} already; take another name (setup: --name NAME), or revoke it.")
        if name in self.unreadable:
            raise BadParameter(f"There is a key {name} already, which cannot be read; revoke it first.")
        secret = self._free(secret)
        now = dt.datetime.now(dt.UTC)
        Key.of(name, options, now, expires_at, None, self._settings)
        with self._database.write() as connection:
            for (gone,) in connection.execute(
                "SELECT name FROM keys WHERE revoked_at IS NOT NULL AND (name = ? OR secret_hash = ?)",
                (name, hashed(secret)),
            ).fetchall():
                for table in ("keys", "key_uses", "key_replaced"):
                    connection.execute(f"DELETE FROM {table} WHERE name = ?", (gone,))  # noqa: S608 - of this line
            connection.execute(
                "INSERT INTO keys (name, secret_hash, weak, options, created_at, expires_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    *(name, hashed(secret), bool(weakness(secret)), options.write()),
                    *(now.isoformat(), expires_at and expires_at.isoformat()),
                ),
            )
        self.load()
        return secret

    def rotate(self, name: str, grace: dt.timedelta, secret: str | None = None) -> str:
        """Give a key a new secret.

        Args:
            name: Of a live key.
            grace: How long the secret that it has now still opens it.
            secret: An existing secret to take over; a new one is made without it.

        Returns:
            The new secret; it cannot be read again later.

        Raises:
            NotFound: There is no live key of that name.
            BadParameter: The secret is taken.
            StorageError: It cannot be stored.
        """
        now = dt.datetime.now(dt.UTC)
        if not any(key.name == name and key.live(now) for key in self.all()):
            raise NotFound(f"There is no live key {name}; see: itflow-bridge keys list")
        secret = self._free(secret)
        with self._database.write() as connection:
            connection.execute("DELETE FROM key_replaced WHERE until <= ?", (now.isoformat(),))
            connection.execute(
                "INSERT INTO key_replaced (secret_hash, weak, name, until) "
                "SELECT secret_hash, weak, name, ? FROM keys WHERE name = ?",
                ((now + grace).isoformat(), name),
            )
            connection.execute(
                "UPDATE keys SET secret_hash = ?, weak = ? WHERE name = ?",
                (hashed(secret), bool(weakness(secret)), name),
            )
            connection.execute("DELETE FROM key_uses WHERE name = ? AND what = ?", (name, "replaced"))
        self.load()
        return secret

    def revoke(self, name: str) -> None:
        """Refuse a key from now on, whichever of its secrets is shown.

        Raises:
            NotFound: There is no live key of that name.
        """
        with self._database.write() as connection:
            changed = connection.execute(
                "UPDATE keys SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL",
                (dt.datetime.now(dt.UTC).isoformat(), name),
            ).rowcount
        if not changed:
            raise NotFound(f"There is no live key {name}; see: itflow-bridge keys list")
        self.load()

    def replaced_until(self) -> dict[str, dt.datetime]:
        """Until when the last replaced secret of a key still opens it, by the key's name."""
        now = dt.datetime.now(dt.UTC)
        ends: dict[str, dt.datetime] = {}
        for held in self._by_hash.values():
            if held.replaced and held.until is not None and held.until > now and held.key.live(now):
                ends[held.key.name] = max(held.until, ends.get(held.key.name, held.until))
        return ends

    def expiring(self) -> Iterator[tuple[Key, dt.timedelta]]:
        """The live keys that expire one day, and how long they live still."""
        now = dt.datetime.now(dt.UTC)
        for key in self.all():
            if key.expires_at is not None and key.live(now):
                yield key, key.expires_at - now

    @asynccontextmanager
    async def kept_up(self, interval_s: float = FLUSH_INTERVAL_S) -> AsyncIterator[None]:
        """Store uses, tell of wrong keys, and warn before keys expire, while the context lasts."""

        async def keep_up() -> None:
            self._throttle.tell()
            self.warn_of_expiry()
            await self._database.run(self.uses.flush)

        async with repeated("Storing when keys were used", keep_up, interval_s):
            self.warn_of_expiry()
            yield

    def warn_of_expiry(self) -> None:
        """Set the metric of every key that expires, and warn once a day of those that do within two weeks."""
        _EXPIRY.clear()
        today = dt.datetime.now(dt.UTC).date()
        for key, left in self.expiring():
            _EXPIRY.labels(key.name).set(left.total_seconds())
            if left <= WARN_BEFORE and self._warned.get(key.name) != today:
                self._warned[key.name] = today
                log.warning("The key %s expires in %s", key.name, expiry(key, left))

    def _opened(self, key: Key, feature: Feature | None, address: str | None) -> Key:
        try:
            key.check(feature, address)
        except FeatureDenied:
            self.uses.note(key.name, "refused", address)
            raise
        self.uses.note(key.name, "used", address)
        return key

    def _wrong(self, address: str | None, key_name: str = "", text: str = "") -> NoReturn:
        if wait_s := self._throttle.wrong(address, key_name):
            raise TooMany(wait_s)
        raise KeyWrong(text) if text else KeyWrong

    def _free(self, secret: str | None) -> str:
        """A secret that no live key has."""
        if secret is None:
            return secrets.token_hex(16)
        if not secret.strip():
            raise BadParameter("The secret to take over is empty; without one, a new one is made.")
        held = self._by_hash.get(hashed(secret))
        if held is not None and held.key.revoked_at is None:
            raise BadParameter(f"This secret belongs to the key {held.key.name} already; revoke that first.")
        return secret


def last_minute(key: Key) -> str:
    """The last minute (UTC) in which a key opens something; empty where it does not expire.

    Midnight would be a day that its maker did not name.
    """
    return f"{key.expires_at - dt.timedelta(minutes=1):%Y-%m-%d %H:%M}" if key.expires_at else ""


def expiry(key: Key, left: dt.timedelta) -> str:
    """How long a key lives and what to do, for logs and ``check``."""
    return (
        f"{left.days} days, after {last_minute(key)} UTC. To go on, make another "
        "(itflow-bridge keys add), or revoke it and add it again with the same --key-file and another --expires."
    )


def hashed(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
