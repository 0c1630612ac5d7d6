"""What people may see and do on the page: what a key may, by features, clients and networks, without a secret."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping

from bridge.access.key import Feature, Key, Options
from bridge.errors import BadParameter, FeatureDenied
from bridge.networks import within
from bridge.settings import Settings
from bridge.storage import Database

log = logging.getLogger(__name__)

# A person who answers calls writes notes and contacts, and a phone's key does not.
OF_PEOPLE = frozenset(Feature) - {Feature.ADMIN}
_NOTHING = Options(features=frozenset())


class Rights:
    """The rights of everybody, in memory; who was given none has the everyday ones, without ``admin``.

    Args:
        database: Where they are stored.
        settings: How numbers are read and names are written.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._given: Mapping[str, Key] = {}
        self._everyday: dict[str, Key] = {}

    def load(self) -> None:
        """Read what is stored; to be told when ``bridge.db`` has changed.

        Raises:
            StorageError: It cannot be read.
        """
        with self._database.read() as connection:
            rows = connection.execute("SELECT person, options FROM people_rights").fetchall()
        found = {person: self._read(person, options) for person, options in rows}
        # Rights that have not changed stay the same object: what others keep for them stays good.
        self._given = {
            person: known if (known := self._given.get(person)) == key else key for person, key in found.items()
        }

    def of(self, person: str) -> Key:
        """A person's rights, as a key of that name has them."""
        if person in self._given:
            return self._given[person]
        if person not in self._everyday:
            self._everyday[person] = self._key(person, Options(features=OF_PEOPLE))
        return self._everyday[person]

    def give(self, person: str, options: Options) -> None:
        """Give a person these rights in place of all others.

        Raises:
            BadParameter: A setting among them is wrong.
            StorageError: They cannot be stored.
        """
        self._key(person, options)
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO people_rights VALUES (?, ?) ON CONFLICT DO UPDATE SET options = excluded.options",
                (person, options.write()),
            )
        self.load()

    def _read(self, person: str, options: str) -> Key:
        try:
            return self._key(person, Options.read(options))
        except BadParameter as error:
            log.error("The rights of %s in bridge.db open nothing: %s", person, error)  # noqa: TRY400 - says it all
            return self._key(person, _NOTHING)

    def _key(self, person: str, options: Options) -> Key:
        return Key.of(person, options, dt.datetime.min.replace(tzinfo=dt.UTC), None, None, self._settings)


def check(rights: Key, feature: Feature | None, address: str | None) -> None:
    """Whether a person's rights open a feature from an address.

    Raises:
        FeatureDenied: They do not; the text says what the operator can do.
    """
    if feature is not None and feature not in rights.features:
        raise FeatureDenied(
            f"{rights.name} may not do this here: it needs the right {feature}. "
            f"The operator gives it with: itflow-bridge people rights '{rights.name}' --allow {feature}"
        )
    if rights.networks and not within(address, rights.networks):
        raise FeatureDenied(f"{rights.name} may not use the page from {address}.")
