"""Every setting of the bridge, in tables of sections.

A setting ``section.name`` comes from the environment (``BRIDGE_SECTION_NAME``) or from a TOML file
(``[section]``, ``name = …``), the environment first. Faults are reported all at once, secrets never printed.
A key may override the sections of ``answers`` for its own callers.

``itflow``, ``doors``, ``answers`` and ``calls`` hold the sections by subject, ``kinds`` the values that several of
them have; ``whole`` puts them together and ``reading`` reads them.
"""

from bridge.settings.answers import CalleridSection, NumbersSection, PhonebookSection
from bridge.settings.calls import AfterCall, AmiSection, CallsSection, TicketsSection
from bridge.settings.doors import AgiSection, HttpSection, LdapSection, PageSection, PinRule
from bridge.settings.itflow import AssetsSection, ItflowSection, SyncSection
from bridge.settings.kinds import Section
from bridge.settings.reading import load
from bridge.settings.whole import LogSection, SettingRow, Settings, StorageSection, table

__all__ = [
    "AfterCall",
    "AgiSection",
    "AmiSection",
    "AssetsSection",
    "CalleridSection",
    "CallsSection",
    "HttpSection",
    "ItflowSection",
    "LdapSection",
    "LogSection",
    "NumbersSection",
    "PageSection",
    "PhonebookSection",
    "PinRule",
    "Section",
    "SettingRow",
    "Settings",
    "StorageSection",
    "SyncSection",
    "TicketsSection",
    "load",
    "table",
]
