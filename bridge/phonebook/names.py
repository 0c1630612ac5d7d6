"""Names as a phonebook shows them: clean text, first and last name, the form chosen, and cuts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bridge.directory.entries import Entry, Kind

# Characters that make no text: controls, surrogates, and code points that are no characters.
_NO_TEXT = frozenset({"Cc", "Cs", "Cn", "Co"})
_JOINER = "\u200d"
# Format characters turn the direction of whatever follows or hide in a name; only these belong to letters and emoji.
_JOINERS = f"\u200c{_JOINER}"
_TAGS = range(0xE0020, 0xE0080)
# Letters and symbols by Unicode's book, blank to the eye.
_BLANKS = str.maketrans(dict.fromkeys("\u115f\u1160\u2800\u3164\uffa0", " "))
# A name needs a character of these kinds: a letter, a digit or a symbol.
_SEEN = frozenset("LNS")
# Han, kana and Hangul: names that begin with the family's.
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
# What is typed for a letter where a keyboard has none; its letter without the accent is typed, too.
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "œ": "oe", "æ": "ae"})
# Client and person both get at least so much of a short name.
_READABLE = 3
# What says nothing at the end of a name that was cut.
_DANGLING = " &+-–·,;:/|\"'([<"
# Letters that are typed as others, though Unicode does not decompose them.
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})


@dataclass(frozen=True, slots=True)
class Name:
    """A name in the form chosen.

    Attributes:
        shown: The whole of it.
        first, last: Its parts, for phones that keep them apart; a company or place has a last name only.
        client: The client's name, where ``shown`` begins with it.
    """

    shown: str
    first: str
    last: str
    client: str = ""


def clean(text: str) -> str:
    """Text in one line, without characters that XML 1.0 (section 2.2) or a phone cannot have.

    Controls of direction (Unicode UAX 9, section 2) and other characters that only format are left out, so that no
    name turns the rest of a line around.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = unicodedata.normalize("NFC", text).translate(_BLANKS)
    kept = text if text.isprintable() else "".join(map(_kept, text))  # what is printable is all kept
    return " ".join(kept.split()).strip(_JOINERS)


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category in _NO_TEXT:
        return " "
    if category == "Cf" and character not in _JOINERS and ord(character) not in _TAGS:
        return ""
    return character


def readable(text: str) -> bool:
    """Whether a clean text names anybody; ``-`` or ``?`` does not."""
    return any(unicodedata.category(character)[0] in _SEEN for character in text)


def named(entry: Entry, client: str, form: str) -> Name:
    """The name of an entry.

    Args:
        entry: Whose name it is.
        client: Name of its client, clean; empty for none.
        form: ``first-last``, ``last-first``, ``client-name`` or ``as-is`` (setting ``phonebook.name_form``).
    """
    own = clean(entry.name)
    if not readable(own):
        whole = client or clean(entry.email) or (entry.phones[0].number if entry.phones else "")
        return Name(whole, "", whole)
    # "Main office" says nothing without its client.
    placed = entry.kind is Kind.LOCATION and form != "as-is"
    if client and client != own and (form == "client-name" or placed):
        whole = f"{client} - {own}"
        return Name(whole, "", whole, client)
    if entry.kind is not Kind.CONTACT:
        return Name(own, "", own)
    first, last = split(own)
    if form == "as-is":
        return Name(own, first, last)
    return Name(f"{last} {first}" if first and form == "last-first" else f"{first} {last}".strip(), first, last)


def split(name: str) -> tuple[str, str]:
    """First and last name: at a comma, else before the last word and the lower-case particles it begins with.

    A name in Han, kana or Hangul has its family's name first already, and stays whole as a last name: phones put
    first names before.
    """
    if _EAST_ASIAN.search(name):
        return "", name
    if "," in name:
        last, _, first = (part.strip() for part in name.partition(","))
        return (first, last) if last else ("", first)
    words = name.split()
    at = len(words) - 1
    while at > 1 and words[at - 1].islower():
        at -= 1
    return " ".join(words[: max(at, 0)]), " ".join(words[max(at, 0) :])


def size(text: str, unit: str) -> int:
    """How long a text is, in ``characters``, or ``bytes`` of UTF-8."""
    return len(text if unit == "characters" else text.encode())


def cut(text: str, limit: int, unit: str) -> str:
    """The beginning of a text that fits, never ending in half a character or a lonely blank.

    Args:
        text: What is to fit.
        limit: The most there may be; 0 for any length.
        unit: ``characters``, or ``bytes`` of UTF-8.
    """
    if not limit or size(text, unit) <= limit:
        return text
    kept = text[:limit] if unit == "characters" else text.encode()[:limit].decode(errors="ignore")
    rest = text[len(kept) :]
    if rest and (unicodedata.combining(rest[0]) or rest[0] == _JOINER or kept.endswith(_JOINER)):
        kept = kept.rstrip(_JOINER)
        while kept and unicodedata.combining(kept[-1]):
            kept = kept[:-1]
        kept = kept[:-1] or kept
    return kept.rstrip(f" {_JOINER}")


def together(name: str, client: str, pattern: str, limit: int, unit: str) -> str:
    """A name with its client, both readable: the client's is shortened first, then the person's, to two thirds.

    Args:
        name: The person's.
        client: The client's.
        pattern: With ``{name}`` and ``{client}``.
        limit: See ``cut``.
        unit: See ``cut``.
    """
    whole = pattern.format(name=name, client=client)
    if not limit or size(whole, unit) <= limit:
        return whole
    room = limit - size(pattern.format(name="", client=""), unit)
    if room < 3 * _READABLE:
        return cut(name, limit, unit)
    own = cut(name, room - min(size(client, unit), room // 3), unit).rstrip(_DANGLING)
    return pattern.format(name=own, client=_cut_after_word(client, room - size(own, unit), unit))


def _cut_after_word(text: str, limit: int, unit: str) -> str:
    """The beginning of a text that fits, whole words where they take half of the room."""
    kept = cut(text, limit, unit)
    if kept != text and not text[len(kept) :].startswith(" "):
        words_only = kept.rpartition(" ")[0]
        kept = words_only if 2 * size(words_only, unit) >= limit else kept
    return kept if kept == text else kept.rstrip(_DANGLING)


def says(text: str, name: str) -> bool:
    """Whether a text has a name in it, word by word."""
    return f" {_phrase(name)} " in f" {' '.join(words([text]))} "


@lru_cache(4096)
def _phrase(name: str) -> str:
    """A client's words; a book has the same again and again."""
    return " ".join(words([name]))


def fold(text: str) -> str:
    """Text for comparison: without case and accents (Unicode NFKD)."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(texts: Iterable[str]) -> tuple[str, ...]:
    """The folded words of texts; everything that is no letter or digit divides them."""
    folded = fold(" ".join(texts))
    return tuple("".join(c if c.isalnum() else " " for c in folded).split())


def spellings(text: str) -> tuple[tuple[str, ...], ...]:
    """The folded words of a text, each with the ways it is typed: ``muller`` and ``mueller`` for Müller."""
    plain = words([text])
    if text.isascii():
        return tuple((word,) for word in plain)
    written_out = words([unicodedata.normalize("NFC", text).casefold().translate(_WRITTEN_OUT)])
    return tuple(tuple(dict.fromkeys(ways)) for ways in zip(plain, written_out, strict=True))
