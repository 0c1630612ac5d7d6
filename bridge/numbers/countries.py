"""The region of a country as people write its name."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

import phonenumbers

_OTHER_NAMES = {"usa": "US", "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "czechia": "CZ"}


def region_named(country: str) -> str:
    """The region of a country: ``DE`` for ``de``, ``Germany``, ``Deutschland``; empty where unknown.

    Args:
        country: A code (ISO 3166) or a name in any language in which phonenumbers knows countries.
    """
    code = country.strip().upper()
    return code if code in phonenumbers.SUPPORTED_REGIONS else _regions_by_name().get(_folded(country), "")


@cache
def _regions_by_name() -> Mapping[str, str]:
    from phonenumbers.geodata.locale import LOCALE_DATA  # noqa: PLC0415 - large, and only a sync needs it

    found: dict[str, set[str]] = defaultdict(set)
    english: dict[str, str] = {}
    for region in LOCALE_DATA.keys() & phonenumbers.SUPPORTED_REGIONS:
        texts = LOCALE_DATA[region]  # "*aa" stands for the text of another language
        for text in texts.values():
            if not text.startswith("*"):
                found[_folded(text)].add(region)
        text = texts.get("en", "")
        english[_folded(texts[text[1:]] if text.startswith("*") else text)] = region
    # A name that means two countries in two languages is the English one, or none.
    return {name: regions.pop() for name, regions in found.items() if len(regions) == 1} | english | _OTHER_NAMES


def _folded(name: str) -> str:
    """Letters only, without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if c.isalpha())
