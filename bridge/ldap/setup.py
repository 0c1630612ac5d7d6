"""What to type into a phone that searches over LDAP, from ``templates/ldap/recipes.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from bridge import resources
from bridge.phonebook.setup import KNOWN_FROM


@dataclass(frozen=True, slots=True)
class Recipe:
    """How phones of a maker are set up.

    Attributes:
        title: The phones.
        fields: What to type, by the field of the phone's page.
        filters: What such a phone sends, with ``VALUE`` for what was typed.
        evidence: How that is known; see ``KNOWN_FROM``.
        note: A sentence for the reader.
    """

    title: str
    fields: Mapping[str, str]
    filters: tuple[str, ...]
    evidence: str
    note: str = ""


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


def setup_text(name: str, door: Door) -> str:
    """How to set phones up, one line for each field.

    Args:
        name: Of a recipe.
        door: See there.
    """
    recipe = recipes()[name]
    values = {"host": door.host, "port": str(door.port), "base": door.base, "key": door.key}
    lines = [f"{recipe.title}, over LDAP ({name}-ldap)"]
    lines += [f"  {field}\n      {text.format_map(values)}" for field, text in recipe.fields.items()]
    lines += [recipe.note] * bool(recipe.note)
    return "\n".join([*lines, f"Known from: {KNOWN_FROM[recipe.evidence]}."])


def table(door: Door) -> str:
    """The recipes as a Markdown table."""
    values = {"host": door.host, "port": str(door.port), "base": door.base, "key": door.key}
    rows = ["| Phones | Recipe | Field of the phone: what to type | Known from |", "|---|---|---|---|"]
    for name, recipe in recipes().items():
        fields = "<br>".join(
            f"{field}: `{text.format_map(values)}`".replace("|", "\\|") for field, text in recipe.fields.items()
        )
        note = f"<br>{recipe.note}" * bool(recipe.note)
        rows.append(f"| {recipe.title} | `{name}-ldap` | {fields}{note} | {KNOWN_FROM[recipe.evidence]} |")
    return "\n".join(rows)
