"""An address book: the key's phonebook in vCards, each a resource with an entity tag of its own."""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from cachetools import LRUCache

_CARD = re.compile(r"BEGIN:VCARD\r\n.*?END:VCARD\r\n", re.DOTALL)
_UID = re.compile(r"^UID[^:]*:(.+)\r$", re.MULTILINE)
_FOLD = re.compile(r"\r\n[ \t]")
_ESCAPED = re.compile(r"\\(.)")

# So many states of each key's book are remembered, to tell what has changed since; older ones are told in full.
STATES = 8
# Keys whose states are remembered.
KEYS = 64
_KEPT_NAMES = 256
_KEPT_NUMBERS = 4096


@dataclass(frozen=True, slots=True)
class Value:
    """One line of a card.

    Attributes:
        text: Without escapes.
        parameters: By name, in capitals.
    """

    text: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Card:
    """One vCard.

    Attributes:
        file: Its name in the address book.
        text: As it is sent.
        etag: Strong entity tag with quotes.
    """

    file: str
    text: str
    etag: str

    def version_4(self) -> str:
        """The same in vCard 4.0, where a UID is an address unless it says that it is a text (RFC 6350, 6.7.6)."""
        return self.text.replace("\r\nVERSION:3.0\r\nUID:", "\r\nVERSION:4.0\r\nUID;VALUE=text:", 1)

    def values(self, name: str) -> Iterator[Value]:
        """Its lines of a property, whose name is in any case."""
        text = _FOLD.sub("", self.text) if "\r\n " in self.text else self.text
        for head, value in _lines(name).findall(text):
            pairs = (parameter.partition("=") for parameter in head.split(";")[1:])
            yield Value(_ESCAPED.sub(r"\1", value), {key.upper(): value for key, _, value in pairs})


@lru_cache(_KEPT_NAMES)
def _lines(name: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(name)}((?:;[^:\r]*)?):(.*)\r$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Cards by their file names, in the order of the book.

    Attributes:
        text: The whole book.
        etags: Those of the cards, by file name.
        token: Names this state of the book, as a URI (RFC 6578, 3.3).
    """

    text: bytes
    cards: Mapping[str, Card]
    etags: Mapping[str, str]
    token: str


def cut(book: bytes) -> AddressBook:
    """Cut a file of vCards apart; each must have a UID of its own."""
    cards = {card.file: card for card in _cards(book.decode("utf-8"))}
    etags = {file: card.etag for file, card in cards.items()}
    return AddressBook(book, cards, etags, f"urn:itflow-bridge:cards:{_digest(book)}")


def _cards(text: str) -> Iterator[Card]:
    for found in _CARD.finditer(text):
        uid = _UID.search(_FOLD.sub("", found[0]))
        if uid is None:
            raise ValueError("a vCard without a UID")
        # One text for all states of a book that are remembered.
        file, etag = sys.intern(f"{uid[1]}.vcf"), sys.intern(f'"{_digest(found[0].encode())}"')
        yield Card(file, found[0], etag)


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:32]


class States:
    """What each key's address book was lately: file names and entity tags by token, and a number that grows."""

    def __init__(self) -> None:
        self._states: LRUCache[str, LRUCache[str, Mapping[str, str]]] = LRUCache(KEYS)
        self._numbers: LRUCache[str, tuple[str, int]] = LRUCache(_KEPT_NUMBERS)

    def note(self, key_name: str, book: AddressBook) -> int:
        """A key's book is this now.

        Returns:
            The number of this state: another one than before is greater, also after a restart. Linphone reads
            ``getctag`` as a number, and syncs only when it is greater than the last one (liblinphone, carddav).
        """
        known = self._states.setdefault(key_name, LRUCache(STATES))
        # Found there, it is the one used last; else the book's own, shared by all keys with this book.
        known[book.token] = known.get(book.token, book.etags)
        token, number = self._numbers.get(key_name, ("", 0))
        if token != book.token:
            number = max(int(time.time()), number + 1)
            self._numbers[key_name] = book.token, number
        return number

    def etags(self, key_name: str, token: str) -> Mapping[str, str] | None:
        """The entity tags of a key's book in an earlier state, by file name; None where it is not known any more."""
        states = self._states.get(key_name)
        return None if states is None else states.get(token)
