"""The order of names as the readers of a country look for them.

The letters that a language files apart are those of CLDR (common/collation), as a table: pyuca has Unicode's order and
no language's, which puts Åberg beside Aaron in Stockholm; PyICU has them all and needs a compiler and ICU where it is
installed. All other letters are filed under the one they are written from, and scripts follow each other as in
Unicode: Latin, Greek, Cyrillic, Hebrew, Arabic, kana, Han, Hangul.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache

from anyascii import anyascii

from bridge.phonebook import names

# Each group of letters stands between its first one, which is where it belongs, and the next of the alphabet; letters
# joined by = are filed as one.
_APART: Mapping[str, str] = {
    "az": "c<ç e<ə g<ğ h<x<ı k<q o<ö s<ş u<ü",
    "bs": "c<č<ć d<dž<đ l<lj n<nj s<š z<ž",
    "cs": "c<č h<ch r<ř s<š z<ž",
    "da": "z<æ=ä<ø=ö<å=aa",
    "es": "n<ñ",
    "et": "s<š<z<ž w<õ<ä<ö<ü",
    "fi": "z<å<ä=æ<ö=ø",
    "fo": "z<æ=ä<ø=ö<å=aa",
    "hr": "c<č<ć d<dž<đ l<lj n<nj s<š z<ž",
    "hu": "c<cs d<dz<dzs g<gy l<ly n<ny o<ö=ő s<sz t<ty u<ü=ű z<zs",
    "is": "a<á d<ð e<é i<í o<ó u<ú y<ý z<þ<æ<ö=ø<å",
    "lt": "c<č s<š z<ž",
    "lv": "c<č g<ģ k<ķ l<ļ n<ņ s<š z<ž",
    "nb": "z<æ=ä<ø=ö<å=aa",
    "no": "z<æ=ä<ø=ö<å=aa",
    "pl": "a<ą c<ć e<ę l<ł n<ń o<ó s<ś z<ź<ż",
    "ro": "a<ă<â i<î s<ș=ş t<ț=ţ",
    "sk": "a<ä c<č h<ch o<ô s<š z<ž",
    "sl": "c<č<ć d<đ s<š z<ž",
    "sq": "c<ç d<dh e<ë g<gj l<ll n<nj r<rr s<sh t<th x<xh z<zh",
    "sr": "c<č<ć d<dž<đ l<lj n<nj s<š z<ž",
    "sv": "z<å<ä=æ<ö=ø",
    "tr": "c<ç g<ğ h<ı o<ö s<ş u<ü",
}
# Where the capital of ı is I, and that of i is İ.
_DOTLESS = frozenset({"az", "tr"})
_DOTTED = str.maketrans({"I": "ı", "İ": "i"})
# Behind every other character, in this order.
_BEHIND = 0x10FF00
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
# 山田 太郎 (やまだ たろう): a reading in kana at the end of a name.
_READING = re.compile(r"[(\uff08\[]\s*([\u3040-\u30ff\uff66-\uff9f\s]+?)\s*[)\uff09\]]$")
_HIRAGANA = {kana: kana - 0x60 for kana in range(0x30A1, 0x30F7)}


def sort_key(text: str, language: str) -> tuple[str, str]:
    """What a clean text is filed under, and then, where accents or case alone tell it from another.

    Args:
        text: A name.
        language: Of those who look for it, ISO 639; empty for none.
    """
    if text.isascii() and language not in _APART:
        return text.lower(), text
    if reading := _READING.search(text):
        text = reading[1]
    folded = unicodedata.normalize("NFKC", text).translate(_HIRAGANA)
    if language in _DOTLESS:
        folded = folded.translate(_DOTTED)
    if language == "zh":
        folded = _HAN.sub(lambda han: anyascii(han[0]), folded)
    return names.fold(_filed(language)(folded.casefold())), text.casefold()


@lru_cache(32)
def _filed(language: str) -> Callable[[str], str]:
    """Puts the letters of a language where it files them."""
    places: dict[str, str] = {}
    for group in _APART.get(language, "").split():
        first, *others = group.split("<")
        for at, same in enumerate(others):
            for letters in same.split("="):
                places[letters] = f"{first}{chr(_BEHIND + at)}"
    if not places:
        return str
    longest_first = "|".join(sorted(places, key=len, reverse=True))
    return lambda text: re.sub(longest_first, lambda found: places[found[0]], text)
