"""An address book: the key's phonebook in vCards, each a resource with an entity tag of its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cachetools import LRUCache

_CARD = re.compile(r"BEGIN:VCARD\r\n.*?END:VCARD\r\n", re.DOTALL)
_UID = re.compile(r"^UID[^:]*:(.+)\r$", re.MULTILINE)
_FOLD = re.compile(r"\r\n[ \t]")
_ESCAPED = re.compile(r"\\(.)")

# So many states of each key's book are remembered, to tell what has changed since; older ones are told in full.
STATES = 8
# Keys whose states are remembered.
KEYS = 64


@dataclass(frozen=True, slots=True)
class Value:
    """One line of a card.

    Attributes:
        text: Without escapes.
        parameters: By name, in capitals.
    """

    text: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
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

    @cached_property
    def values(self) -> Mapping[str, Sequence[Value]]:
        """Its lines by the name of the property, in capitals."""
        found: dict[str, list[Value]] = {}
        for line in _FOLD.sub("", self.text).split("\r\n"):
            head, colon, text = line.partition(":")
            name, *parameters = head.split(";")
            if colon:
                pairs = (parameter.partition("=") for parameter in parameters)
                value = Value(_ESCAPED.sub(r"\1", text), {key.upper(): value for key, _, value in pairs})
                found.setdefault(name.upper(), []).append(value)
        return found


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Cards by their file names, in the order of the book.

    Attributes:
        token: Names this state of the book, as a URI (RFC 6578, 3.3).
    """

    cards: Mapping[str, Card]
    token: str


def cut(book: bytes) -> AddressBook:
    """Cut a file of vCards apart; each must have a UID of its own."""
    cards = {card.file: card for card in _cards(book.decode("utf-8"))}
    state = "".join(f"{file} {card.etag}\n" for file, card in sorted(cards.items()))
    return AddressBook(cards, f"urn:itflow-bridge:cards:{_digest(state)}")


def _cards(text: str) -> Iterator[Card]:
    for found in _CARD.finditer(text):
        uid = _UID.search(_FOLD.sub("", found[0]))
        if uid is None:
            raise ValueError("a vCard without a UID")
        yield Card(f"{uid[1]}.vcf", found[0], f'"{_digest(found[0])}"')


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class States:
    """What each key's address book was lately: file names and entity tags by token."""

    def __init__(self) -> None:
        self._states: LRUCache[str, LRUCache[str, Mapping[str, str]]] = LRUCache(KEYS)

    def note(self, key_name: str, book: AddressBook) -> None:
        """A key's book is this now."""
        known = self._states.setdefault(key_name, LRUCache(STATES))
        if book.token not in known:
            known[book.token] = {file: card.etag for file, card in book.cards.items()}

    def since(self, key_name: str, token: str, book: AddressBook) -> tuple[list[Card], list[str]] | None:
        """The cards that are new or other than in an earlier state, and the names of those that are gone.

        Returns:
            None where the state is not known any more.
        """
        states = self._states.get(key_name)
        then = states.get(token) if states is not None else None
        if then is None:
            return None
        changed = [card for file, card in book.cards.items() if then.get(file) != card.etag]
        return changed, [file for file in then if file not in book.cards]
