"""Names as a phonebook shows them: clean text, first and last name, the form chosen, and cuts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.directory.entries import Entry, Kind

# Characters that make no text: controls, surrogates, and code points that are no characters.
_NO_TEXT = frozenset({"Cc", "Cs", "Cn", "Co"})
_JOINER = "\u200d"
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
    """Text in one line, without characters that XML 1.0 (section 2.2) or a phone cannot have."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = (" " if unicodedata.category(c) in _NO_TEXT else c for c in unicodedata.normalize("NFC", text))
    return " ".join("".join(kept).split())


def named(entry: Entry, client: str, form: str) -> Name:
    """The name of an entry.

    Args:
        entry: Whose name it is.
        client: Name of its client, clean; empty for none.
        form: ``first-last``, ``last-first``, ``client-name`` or ``as-is`` (setting ``phonebook.name_form``).
    """
    own = clean(entry.name)
    if not own:
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
    """First and last name: at a comma, else before the last word and the lower-case particles it begins with."""
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
