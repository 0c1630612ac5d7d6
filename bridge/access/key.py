"""What a key is: what it opens, for which clients, from where, until when, and with which settings.

A key may bring settings of its own for its callers, by the names of the settings: ``numbers.region``,
``callerid.label``, …
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from bridge.access.feature import EVERYDAY, Feature
from bridge.directory.entries import Scope
from bridge.errors import BadParameter, FeatureDenied
from bridge.networks import Network, within
from bridge.settings import CalleridSection, NumbersSection, PhonebookSection, Section, Settings

__all__ = ["EVERYDAY", "OVERRIDABLE", "Feature", "Key", "Options"]

S = TypeVar("S", bound=Section)


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

    # A limit that this release does not know must not be passed over.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    features: frozenset[Feature] = EVERYDAY
    clients: Scope = None
    networks: tuple[Network, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, stored: str | bytes) -> Options:
        """What ``write`` gave.

        Raises:
            BadParameter: It cannot be read.
        """
        try:
            return _OPTIONS.validate_json(stored)
        except ValidationError as error:
            raise BadParameter(f"its options cannot be read: {_faults(error)}") from error

    def write(self) -> str:
        """As JSON."""
        return _OPTIONS.dump_json(self).decode()


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

    @classmethod
    def of(
        cls,
        name: str,
        options: Options,
        created_at: dt.datetime,
        expires_at: dt.datetime | None,
        revoked_at: dt.datetime | None,
        settings: Settings,
    ) -> Self:
        """Put a key together.

        Args:
            name: Its name.
            options: What it was made with.
            created_at: When.
            expires_at: From when on it is refused.
            revoked_at: Since when it is refused.
            settings: The bridge's.

        Raises:
            BadParameter: A setting of its own is wrong.
        """
        own: dict[str, dict[str, str]] = {section: {} for section in OVERRIDABLE}
        for setting, value in options.settings.items():
            section, _, name_in_section = setting.partition(".")
            if section not in own:
                raise BadParameter(
                    f"{setting}: a key can have settings of its own in {', '.join(OVERRIDABLE)} only, "
                    "such as callerid.label"
                )
            own[section][name_in_section] = value
        return cls(
            name=name,
            features=options.features,
            clients=options.clients,
            networks=options.networks,
            created_at=created_at,
            expires_at=expires_at,
            revoked_at=revoked_at,
            own=options.settings,
            numbers=_merged(settings.numbers, own["numbers"]),
            callerid=_merged(settings.callerid, own["callerid"]),
            phonebook=_merged(settings.phonebook, own["phonebook"]),
        )

    def live(self, now: dt.datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def check(self, feature: Feature | None, address: str | None) -> None:
        """Whether it opens a feature from an address.

        Args:
            feature: None for what every key opens.
            address: Of the caller; None for unknown.

        Raises:
            FeatureDenied: It does not.
        """
        if feature is not None and feature not in self.features:
            raise FeatureDenied(
                f"The key {self.name} does not open {feature}. "
                f"Make one that does: itflow-bridge keys add NAME --allow {feature}"
            )
        if self.networks and not within(address, self.networks):
            raise FeatureDenied(f"The key {self.name} may not be used from {address}.")


def _merged(section: S, own: Mapping[str, str]) -> S:
    try:
        return type(section).model_validate({**section.model_dump(), **own})
    except ValidationError as error:
        raise BadParameter(f"A setting of the key is wrong: {_faults(error)}") from error


def _faults(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    )
