"""Controls of a search: pages (RFC 2696), sorting (RFC 2891), a window of a list (draft-ietf-ldapext-ldapv3-vlv-09).

The cookie of a page names the entry that it ended with, so a page is continued also after the book has changed, and
nothing is kept for a client that never comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from sansldap.asn1 import ASN1Reader, ASN1Tag, ASN1Writer, TagClass

from bridge.errors import BadParameter
from bridge.ldap.messages import Code, Control, decoding

PAGED: Final = "1.2.840.113556.1.4.319"
SORT, SORTED = "1.2.840.113556.1.4.473", "1.2.840.113556.1.4.474"
WINDOW, WINDOWED = "2.16.840.1.113730.3.4.9", "2.16.840.1.113730.3.4.10"
REFERRALS: Final = "2.16.840.1.113730.3.4.2"  # ManageDsaIT (RFC 3296): there are no referrals to treat otherwise
OF_SEARCH: Final = frozenset({PAGED, SORT, WINDOW, REFERRALS})
MAX_SORT_KEYS: Final = 4


class Page(NamedTuple):
    """The page wanted: how many entries, after which (``uid`` and place; nothing for the first page)."""

    size: int
    after: str = ""
    at: int = -1


class SortKey(NamedTuple):
    """What to sort by."""

    attribute: str
    reverse: bool


class Window(NamedTuple):
    """The part of a sorted list that is wanted.

    Attributes:
        before: Entries before the target.
        after: Entries after it.
        offset: The target's place, from 1, in a list of ``of`` entries (0: of any number).
        of: See ``offset``.
        value: In place of an offset: the target is the first entry that is not less.
    """

    before: int
    after: int
    offset: int = 0
    of: int = 0
    value: str | None = None

    def target(self, length: int) -> int:
        """The target's place from 1 in the list as it is, for an offset in one that had ``of`` entries."""
        if self.of in {0, length}:
            return min(self.offset, length + 1)
        if self.offset <= 1:
            return 1
        return min(length, max(1, round(self.offset * length / self.of))) if self.offset < self.of else length


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the controls of a search ask."""

    page: Page | None = None
    sort: tuple[SortKey, ...] = ()
    window: Window | None = None


def wishes(controls: Iterable[Control]) -> Wishes:
    """Read the controls of a search.

    Raises:
        BadParameter: One cannot be decoded, or they do not go together.
    """
    page, window = None, None
    sort: tuple[SortKey, ...] = ()
    for control in controls:
        if control.oid == PAGED:
            page = _page(control)
        elif control.oid == SORT:
            sort = _sort(control)
        elif control.oid == WINDOW:
            window = _window(control)
    if window is not None and (page is not None or not sort):
        raise BadParameter("A list view needs a sort control, and no pages.")
    return Wishes(page, sort, window)


def _page(control: Control) -> Page:
    with decoding("control for pages"):
        reader = ASN1Reader(control.value or b"").read_sequence()
        size, cookie = reader.read_integer(), reader.read_octet_string().decode()
        after, _, at = cookie.rpartition(":")
        return Page(max(0, size), after, int(at)) if cookie else Page(max(0, size))


def page_answer(after: str, at: int) -> Control:
    """The answer to a page.

    Args:
        after: The ``uid`` of its last entry; empty where there is no further page.
        at: That entry's place in the list.
    """
    writer = ASN1Writer()
    with writer.push_sequence() as body:
        body.write_integer(0)  # the size of the whole is not known before it has been looked through
        body.write_octet_string(f"{after}:{at}".encode() if after else b"")
    return Control(PAGED, critical=False, value=bytes(writer.get_data()))


def _sort(control: Control) -> tuple[SortKey, ...]:
    keys: list[SortKey] = []
    with decoding("control for sorting"):
        reader = ASN1Reader(control.value or b"").read_sequence()
        while reader and len(keys) <= MAX_SORT_KEYS:
            row = reader.read_sequence()
            attribute, reverse = row.read_octet_string().decode(), False
            while row:
                header = row.peek_header()
                if header.tag.tag_number == 1:
                    reverse = row.read_boolean(header=header, tag=header.tag)
                else:
                    row.skip_value(header)  # a matching rule: there is one order for each attribute
            keys.append(SortKey(attribute, reverse))
    if not 0 < len(keys) <= MAX_SORT_KEYS:
        raise BadParameter(f"A search is sorted by one to {MAX_SORT_KEYS} attributes.")
    return tuple(keys)


def sort_answer(code: Code, attribute: str = "") -> Control:
    """The answer to a sort control: how it went, and which attribute cannot be sorted by."""
    writer = ASN1Writer()
    with writer.push_sequence() as body:
        body.write_enumerated(code)
        if attribute:
            body.write_octet_string(attribute.encode(), tag=ASN1Tag(TagClass.CONTEXT_SPECIFIC, 0, False))
    return Control(SORTED, critical=False, value=bytes(writer.get_data()))


def _window(control: Control) -> Window:
    with decoding("control for a list view"):
        reader = ASN1Reader(control.value or b"").read_sequence()
        before, after = max(0, reader.read_integer()), max(0, reader.read_integer())
        header = reader.peek_header()
        if header.tag.tag_number == 0:
            place = reader.read_sequence(header=header)
            return Window(before, after, max(0, place.read_integer()), max(0, place.read_integer()))
        return Window(before, after, value=reader.read_octet_string(header=header).decode())


def window_answer(code: Code, target: int, count: int) -> Control:
    """The answer to a list view: where the target stands, from 1, and how long the list is."""
    writer = ASN1Writer()
    with writer.push_sequence() as body:
        body.write_integer(target)
        body.write_integer(count)
        body.write_enumerated(code)
    return Control(WINDOWED, critical=False, value=bytes(writer.get_data()))
