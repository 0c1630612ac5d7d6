"""The region of a country as people write its name."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

import phonenumbers

_OTHER_CODES = {"UK": "GB", "USA": "US"}
# Names that phonenumbers lacks. Most are ITFlow's ($countries_array of its settings_localization_array.php), whose
# list has Congo beside Congo (Brazzaville), and Montenegro only together with Serbia.
_OTHER_NAMES = {
    "England": "GB",
    "Scotland": "GB",
    "Wales": "GB",
    "Bahamas, The": "BS",
    "Colombi": "CO",
    "Congo": "CD",
    "East Timor (Timor Timur)": "TL",
    "Gambia, The": "GM",
    "Korea, North": "KP",
    "Korea, South": "KR",
    "Saint Vincent": "VC",
    "Serbia and Montenegro": "RS",
    "Vatican City": "VA",
}


def region_coded(code: str) -> str:
    """The region of a country code (ISO 3166), as ``DE`` or ``de``; empty where its numbers cannot be read."""
    code = code.strip().upper()
    code = _OTHER_CODES.get(code, code)
    return code if code in phonenumbers.SUPPORTED_REGIONS else ""


def region_named(country: str) -> str:
    """The region of a country: ``DE`` for ``de``, ``Germany``, ``Deutschland``; empty where unknown.

    Args:
        country: A code (ISO 3166) or a name: ITFlow's, or one of any language in which phonenumbers knows countries.
    """
    return region_coded(country) or _regions_by_name().get(_folded(country), "")


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
    sure = {name: regions.pop() for name, regions in found.items() if len(regions) == 1}
    return sure | english | {_folded(name): region for name, region in _OTHER_NAMES.items()}


def _folded(name: str) -> str:
    """Letters only, without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if c.isalpha())
