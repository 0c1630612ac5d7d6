"""What to type into a phone that searches over LDAP, from ``templates/ldap/recipes.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from yarl import URL

from bridge import resources
from bridge.access.feature import Feature
from bridge.access.setup import Place, System
from bridge.phonebook.setup import KNOWN_FROM
from bridge.settings import LdapSection

SUFFIX: Final = "-ldap"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How phones of a maker are set up.

    Attributes:
        title: The phones.
        fields: What to type, by the field of the phone's page.
        filters: What such a phone sends, with ``VALUE`` for what was typed.
        evidence: How that is known; see ``KNOWN_FROM``.
        note: A sentence for the reader.
        source: Which manual, or whose provisioning.
    """

    title: str
    fields: Mapping[str, str]
    filters: tuple[str, ...]
    evidence: str
    note: str = ""
    source: str = ""

    @property
    def known_from(self) -> str:
        """How the fields are known, for people."""
        return KNOWN_FROM[self.evidence] + f": {self.source}" * bool(self.source)


@dataclass(frozen=True, slots=True)
class Door:
    """Where phones reach the bridge: its host and port, the base of the book, and a key's secret."""

    host: str
    port: int
    base: str
    key: str


@cache
def recipes() -> Mapping[str, Recipe]:
    """The recipes by the maker's name."""
    text = (resources.path("templates") / "ldap/recipes.toml").read_text(encoding="utf-8")
    return {name: Recipe(**{**row, "filters": tuple(row["filters"])}) for name, row in tomllib.loads(text).items()}


def over_ldap(name: str, section: LdapSection) -> System | None:
    """Phones over LDAP as a system to set up, such as ``yealink-ldap``; None for other names.

    Args:
        name: What is to be set up.
        section: The settings.
    """
    maker = name.removesuffix(SUFFIX)
    if name == maker or maker not in recipes():
        return None

    def text(place: Place) -> str:
        port = section.port or 389
        door = Door(URL(place.url).host_subcomponent or "", port, section.base, place.key)
        off = f"\nLDAP is off: set ldap.port (BRIDGE_LDAP_PORT={port})." if section.port is None else ""
        return setup_text(maker, door) + off

    return System(frozenset({Feature.PHONEBOOK}), text)


def setup_text(name: str, door: Door) -> str:
    """How to set phones up, one line for each field.

    Args:
        name: Of a recipe.
        door: See there.
    """
    recipe = recipes()[name]
    values = {"host": door.host, "port": str(door.port), "base": door.base, "key": door.key}
    lines = [f"{recipe.title}, over LDAP ({name}{SUFFIX})"]
    lines += [f"  {field}\n      {text.format_map(values)}" for field, text in recipe.fields.items()]
    lines += [recipe.note] * bool(recipe.note)
    return "\n".join([*lines, f"Known from: {recipe.known_from}."])


def table(door: Door) -> str:
    """The recipes as a Markdown table."""
    values = {"host": door.host, "port": str(door.port), "base": door.base, "key": door.key}
    rows = ["| Phones | Recipe | Field of the phone: what to type | Known from |", "|---|---|---|---|"]
    for name, recipe in recipes().items():
        fields = "<br>".join(
            f"{field}: `{text.format_map(values)}`".replace("|", "\\|") for field, text in recipe.fields.items()
        )
        note = f"<br>{recipe.note}" * bool(recipe.note)
        rows.append(f"| {recipe.title} | `{name}{SUFFIX}` | {fields}{note} | {recipe.known_from} |")
    return "\n".join(rows)
