"""What callers are told: numbers, names, books. A key may set these sections otherwise for its own callers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bridge.numbers import Trunk, region_coded
from bridge.settings.kinds import Section

LABEL_FIELDS = frozenset({"name", "client", "title", "department", "number"})


def _region(text: str) -> str:
    region = region_coded(text)
    if not region:
        raise ValueError(
            "must be a two-letter country code (ISO 3166) such as US, GB or DE, of a country with numbers of its own"
        )
    return region


def _label(text: str) -> str:
    fields = re.findall(r"\{(\w*)\}", text)
    if not fields or set(fields) - LABEL_FIELDS:
        raise ValueError(f"must hold at least one of {', '.join(f'{{{field}}}' for field in sorted(LABEL_FIELDS))}")
    return text


Region = Annotated[str, AfterValidator(_region)]
Label = Annotated[str, AfterValidator(_label)]


class NumbersSection(Section):
    """How numbers are read."""

    region: Region = Field("US", description="Country whose national numbers need no country code (ISO 3166)")
    trunk: Trunk | None = Field(
        None,
        description="How the trunk writes foreign numbers: plus (+44), exit-code (0044) or bare (44); unset: unknown",
    )


class CalleridSection(Section):
    """Which name a caller gets."""

    label: Label = Field(
        "{name}", description="The text shown; {name}, {client}, {title}, {department}, {number} are filled in"
    )
    max_chars: int = Field(60, ge=1, description="Longest name, in characters")
    ascii: bool = Field(False, description="Transliterate names to ASCII, for old handsets")
    leads: bool = Field(True, description="Show leads too")
    several_clients: Literal["both", "none"] = Field(
        "both", description="A number of exactly two clients shows both names, or none"
    )
    main_line_digits: int = Field(
        4, ge=0, le=6, description="Digits that may follow a stored main line where numbering is open; 0: off"
    )


class PhonebookSection(Section):
    """What a phonebook holds."""

    templates: Path | None = Field(None, description="Folder with formats of your own (formats.toml, *.xsl)")
    title: str = Field("Contacts", description="Heading of a phonebook")
    contacts: Literal["primary", "all", "billing", "technical", "important", "none"] = Field(
        "all", description="Which contacts: primary, all, billing, technical, important or none"
    )
    locations: bool = Field(True, description="Locations too")
    vendors: bool = Field(True, description="Vendors too")
    leads: bool = Field(True, description="Leads too")
    name_form: Literal["first-last", "last-first", "client-name", "as-is"] = Field(
        "first-last",
        description="Ada Muster (first-last), Muster Ada (last-first), Client - Ada Muster (client-name) or as "
        "ITFlow has it (as-is)",
    )
    client_in_name: bool = Field(
        True, description="Front Desk · Bluebird where a phone has no place for the client; off: the name alone"
    )
    sort: Literal["name", "last", "client"] = Field(
        "name", description="Order of a book: by the name shown, by last name, or by client"
    )
    group_by: Literal["none", "client", "kind"] | None = Field(
        None, description="Groups or menus: by client, by kind (contacts, locations, vendors), none; unset: by format"
    )
    number_form: Literal["e164", "international", "national"] | None = Field(
        None, description="How numbers are written: e164, international or national; unset: as the format has it"
    )
    outside_prefix: str = Field(
        "", pattern="^[0-9*#]*$", description="Digits dialled before an outside number, such as 0 or 9"
    )
    outside_min_digits: int = Field(
        7, ge=1, description="Shorter numbers are extensions or feature codes and get no outside_prefix"
    )
    outside_except: str = Field(
        "", description="Prefixes of numbers that are dialled without outside_prefix, separated by commas"
    )
