"""The bridge's own keys: each opens what it was made for, and nothing else.

A secret is kept as its SHA-256 alone (it is random and long, so no slow hash is needed). A key may bring
settings of its own for its callers, by the names of the settings: ``numbers.region``, ``callerid.label``, …
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from bridge.directory.entries import Scope
from bridge.errors import BadParameter, FeatureDenied, KeyMissing, KeyWrong, NotFound
from bridge.settings import CalleridSection, NumbersSection, PhonebookSection, Section, Settings
from bridge.storage import Database

S = TypeVar("S", bound=Section)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Feature(StrEnum):
    """What a key can open."""

    CALLERID = "callerid"
    PHONEBOOK = "phonebook"
    EMAILS = "emails"
    NUMBERS = "numbers"
    BALANCE = "balance"
    ASSETS = "assets"
    CALLS = "calls"
    ADMIN = "admin"


EVERYDAY = frozenset(Feature) - {Feature.ADMIN}
OVERRIDABLE: Mapping[str, type[Section]] = {
    "numbers": NumbersSection,
    "callerid": CalleridSection,
    "phonebook": PhonebookSection,
}


@dataclass(frozen=True, slots=True)
class Options:
    """What a key is made with, as stored.

    Attributes:
        features: What it opens.
        clients: The clients it sees; None for all.
        networks: Where it may be used from; none given means anywhere.
        settings: Its own values by setting name, such as ``callerid.label``.
    """

    features: frozenset[Feature] = EVERYDAY
    clients: Scope = None
    networks: tuple[Network, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


_OPTIONS = TypeAdapter(Options)


@dataclass(frozen=True, slots=True)
class Key:
    """A key in use.

    Attributes:
        own: Its own settings by name.
        numbers, callerid, phonebook: The settings for its callers: the key's own, else the bridge's.
    """

    name: str
    features: frozenset[Feature]
    clients: Scope
    networks: tuple[Network, ...]
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    own: Mapping[str, str]
    numbers: NumbersSection
    callerid: CalleridSection
    phonebook: PhonebookSection

    def live(self, now: dt.datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def check(self, feature: Feature, address: str | None) -> None:
        """Whether it opens a feature from an address.

        Raises:
            FeatureDenied: It does not.
        """
        if feature not in self.features:
            raise FeatureDenied(
                f"The key {self.name} does not open {feature}. "
                f"Make one that does: itflow-bridge keys add NAME --allow {feature}"
            )
        if self.networks and not _within(address, self.networks):
            raise FeatureDenied(f"The key {self.name} may not be used from {address}.")


class Keys:
    """All keys, in memory for the doors and in ``bridge.db`` for good.

    Args:
        database: Where they are stored.
        settings: What a key without settings of its own uses.

    Raises:
        StorageError: They cannot be read.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._by_hash: dict[bytes, Key] = {}
        self.load()

    def load(self) -> None:
        """Read all keys anew."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT name, secret_hash, options, created_at, expires_at, revoked_at FROM keys ORDER BY name"
            ).fetchall()
        self._by_hash = {
            secret_hash: self._key(name, _OPTIONS.validate_json(options), *map(_moment, moments))
            for name, secret_hash, options, *moments in rows
        }

    def all(self) -> list[Key]:
        """Every key, revoked and expired ones too, by name."""
        return list(self._by_hash.values())

    def named(self, name: str) -> Key:
        """The key of a name, revoked and expired ones too.

        Raises:
            NotFound: There is none.
        """
        for key in self.all():
            if key.name == name:
                return key
        raise NotFound(f"There is no key {name}; see: itflow-bridge keys list")

    def find(self, secret: str | None) -> Key:
        """The key of a secret.

        Raises:
            KeyMissing: There is no secret.
            KeyWrong: It is unknown, revoked or expired.
        """
        if not secret:
            raise KeyMissing
        key = self._by_hash.get(_hash(secret))
        if key is None or not key.live(dt.datetime.now(dt.UTC)):
            raise KeyWrong
        return key

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
        if not name.strip():
            raise BadParameter("A key needs a name, such as pbx.")
        if secret is not None and not secret.strip():
            raise BadParameter("The secret to take over is empty; without one, a new one is made.")
        secret = secret or secrets.token_hex(16)
        now = dt.datetime.now(dt.UTC)
        for secret_hash, key in self._by_hash.items():
            if key.revoked_at is None and key.name == name:
                raise BadParameter(
                    f"There is a key {name} already; take another name (setup: --name NAME), or revoke it."
                )
            if key.revoked_at is None and secret_hash == _hash(secret):
                raise BadParameter(f"This secret belongs to the key {key.name} already; revoke that first.")
        self._key(name, options, now, expires_at, None)
        with self._database.write() as connection:
            connection.execute(
                "DELETE FROM keys WHERE revoked_at IS NOT NULL AND (name = ? OR secret_hash = ?)",
                (name, _hash(secret)),
            )
            connection.execute(
                "INSERT INTO keys (name, secret_hash, options, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
                (
                    name,
                    _hash(secret),
                    _OPTIONS.dump_json(options).decode(),
                    now.isoformat(),
                    expires_at and expires_at.isoformat(),
                ),
            )
        self.load()
        return secret

    def revoke(self, name: str) -> None:
        """Refuse a key from now on.

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

    def _key(
        self,
        name: str,
        options: Options,
        created_at: dt.datetime | None,
        expires_at: dt.datetime | None,
        revoked_at: dt.datetime | None,
    ) -> Key:
        own: dict[str, dict[str, str]] = {section: {} for section in OVERRIDABLE}
        for setting, value in options.settings.items():
            section, _, field = setting.partition(".")
            if section not in own:
                raise BadParameter(
                    f"{setting}: a key can have settings of its own in {', '.join(OVERRIDABLE)} only, "
                    "such as callerid.label"
                )
            own[section][field] = value
        return Key(
            name=name,
            features=options.features,
            clients=options.clients,
            networks=options.networks,
            created_at=created_at or dt.datetime.now(dt.UTC),
            expires_at=expires_at,
            revoked_at=revoked_at,
            own=options.settings,
            numbers=_merged(self._settings.numbers, own["numbers"]),
            callerid=_merged(self._settings.callerid, own["callerid"]),
            phonebook=_merged(self._settings.phonebook, own["phonebook"]),
        )


def _merged(section: S, own: Mapping[str, str]) -> S:
    try:
        return type(section).model_validate({**section.model_dump(), **own})
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_url=False)]
        raise BadParameter(f"A setting of the key is wrong: {'; '.join(faults)}") from error


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


def _within(address: str | None, networks: Iterable[Network]) -> bool:
    if address is None:
        return False
    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(mapped in network for network in networks)
