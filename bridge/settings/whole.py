"""The whole: every section under its name, and the table of all settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bridge.settings.answers import CalleridSection, NumbersSection, PhonebookSection
from bridge.settings.calls import AmiSection, CallsSection, TicketsSection
from bridge.settings.doors import AgiSection, HttpSection, LdapSection, PageSection
from bridge.settings.itflow import AssetsSection, ItflowSection, SyncSection
from bridge.settings.kinds import Section

ENVIRONMENT_PREFIX = "BRIDGE_"


class StorageSection(Section):
    """Where the bridge keeps its state."""

    path: Path = Field(Path("bridge.db"), description="The one file of state: mirror, keys, journal, call log")


class LogSection(Section):
    """What is logged."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Minimum log level")
    format: Literal["text", "json"] = Field("text", description="Lines of text, or a JSON object a line (json)")
    calls: bool = Field(
        False, description="A line for each caller-ID answer: number (masked), result, rule, key, milliseconds"
    )


class Settings(BaseSettings):
    """All settings; see the sections."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        extra="forbid",
        frozen=True,
    )

    itflow: ItflowSection = ItflowSection()
    http: HttpSection = HttpSection()
    numbers: NumbersSection = NumbersSection()
    storage: StorageSection = StorageSection()
    sync: SyncSection = SyncSection()
    callerid: CalleridSection = CalleridSection()
    phonebook: PhonebookSection = PhonebookSection()
    agi: AgiSection = AgiSection()
    ldap: LdapSection = LdapSection()
    assets: AssetsSection = AssetsSection()
    calls: CallsSection = CallsSection()
    ami: AmiSection = AmiSection()
    tickets: TicketsSection = TicketsSection()
    page: PageSection = PageSection()
    log: LogSection = LogSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings names the parameters
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of the table of settings."""

    name: str
    environment: str
    default: str
    help: str


def table() -> Iterator[SettingRow]:
    """Every setting there is, in the order of the sections."""
    for section, field in Settings.model_fields.items():
        for name, setting in type(field.default).model_fields.items():
            default: object = setting.default
            none = default is None or default == ()
            yield SettingRow(
                name=f"{section}.{name}",
                environment=f"{ENVIRONMENT_PREFIX}{section}_{name}".upper(),
                default="" if none else str(default).lower() if isinstance(default, bool) else str(default),
                help=setting.description or "",
            )
