"""The immutable picture of ITFlow that every answer is read from."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Self

from bridge.directory import pages
from bridge.directory.coding import (
    client_of_entry,
    decode_client,
    decode_entry,
    decode_invoices,
    encode_client,
    encode_entry,
    encode_invoices,
)
from bridge.directory.entries import Client, Entry, Invoice, Kind, Scope, covers
from bridge.directory.pages import ROWS_BITS, Pages, Section, number_key

# The order of entries everywhere; a reference is the place in it, then the row's id.
KINDS = (Kind.CONTACT, Kind.LOCATION, Kind.VENDOR)
_ID_BITS = 56
_ID_MASK = (1 << _ID_BITS) - 1


def reference(kind: Kind, entry_id: int) -> int:
    """An entry as one number, which sorts by kind and id."""
    return KINDS.index(kind) << _ID_BITS | entry_id


class Snapshot:
    """Clients, entries and invoices at one moment; never changed, only replaced.

    Rows stay encoded until they are asked for (see ``pages``), so a million contacts are some thousand objects.

    Args:
        version: See the attribute.
        content: The pages by section and number, or None for an empty snapshot.
        payments: See the attribute.

    Attributes:
        version: Names the content: the same content has the same version. Fit for an ETag.
        payments: Whether ITFlow showed the payments, so that balances can be exact.
        pages: The pages, to share them with the next snapshot.
    """

    def __init__(self, version: str, content: Pages | None = None, *, payments: bool) -> None:
        self.version = version
        self.payments = payments
        self.pages: Pages = content or {}
        sections: dict[Section, dict[int, bytes]] = {section: {} for section in Section}
        for (section, number), page in sorted(self.pages.items()):
            sections[section][number] = page
        self._sections: Mapping[Section, Mapping[int, bytes]] = sections
        self._kinds = [sections[Section(kind)] for kind in KINDS]
        self._buckets = list(sections[Section.NUMBERS].values())

    @classmethod
    def build(
        cls,
        *,
        clients: Iterable[Client] = (),
        entries: Iterable[Entry] = (),
        invoices: Iterable[Invoice] = (),
        payments: bool = True,
        version: str = "",
    ) -> Self:
        """Put a snapshot together.

        Args:
            clients: All that are not archived.
            entries: All that are not archived, of clients that are not archived or of none.
            invoices: All invoices of those clients, archived ones too: they count in ITFlow's balance.
            payments: Whether the invoices' ``paid`` is known.
            version: See the attribute; made from the content where it is not given.
        """
        rows: dict[Section, dict[int, bytes]] = defaultdict(dict)
        index = Index()
        of_client: dict[int, list[Invoice]] = defaultdict(list)
        for client in clients:
            rows[Section.CLIENT][client.id] = encode_client(client)
        for entry in entries:
            rows[Section(entry.kind)][entry.id] = encode_entry(entry)
            index.add(reference(entry.kind, entry.id), number_keys(entry))
        for invoice in invoices:
            of_client[invoice.client_id].append(invoice)
        for client_id, found in of_client.items():
            rows[Section.INVOICES][client_id] = encode_invoices(sorted(found, key=lambda invoice: invoice.id))
        content = {
            (section, number): page
            for section, data in rows.items()
            for number, page in pages.pack(sorted(data.items()))
        }
        content |= {(Section.NUMBERS, number): bucket for number, bucket in index.pages()}
        digests = {(section.value, number): pages.digest(page) for (section, number), page in content.items()}
        return cls(version or pages.version_of(digests, payments=payments), content, payments=payments)

    def match(self, number: str, scope: Scope = None) -> Sequence[Entry]:
        """The entries with a number, in the order of kind and id.

        Args:
            number: An identity: E.164 or short.
            scope: The clients that count.
        """
        if not self._buckets:
            return []
        key = number_key(number)
        bucket = self._buckets[key & (len(self._buckets) - 1)]
        found = []
        for place in pages.find_number(bucket, key):
            entry = self._entry(place)
            # Two short numbers may have one key, however unlikely that is.
            if covers(scope, entry.client_id) and number in [phone.number for phone in entry.phones]:
                found.append(entry)
        return found

    def client(self, client_id: int) -> Client | None:
        """A client that is not archived, or None."""
        data = self._row(Section.CLIENT, client_id)
        return decode_client(client_id, data) if data else None

    def clients(self, scope: Scope = None) -> Iterator[Client]:
        """The clients of a scope, in the order of their ids."""
        return (decode_client(row_id, data) for row_id, data in self._rows(Section.CLIENT) if covers(scope, row_id))

    def entries(self, scope: Scope = None) -> Iterator[Entry]:
        """The entries of a scope: contacts, then locations, then vendors, each in the order of their ids."""
        for kind in KINDS:
            for row_id, data in self._rows(Section(kind)):
                if scope is None or client_of_entry(data) in scope:
                    yield decode_entry(kind, row_id, data)

    def invoices(self, client_id: int) -> Sequence[Invoice]:
        """A client's invoices, in the order of their ids."""
        data = self._row(Section.INVOICES, client_id)
        return decode_invoices(client_id, data) if data else []

    def _entry(self, place: int) -> Entry:
        entry_id = place & _ID_MASK
        page = self._kinds[place >> _ID_BITS][entry_id >> ROWS_BITS]
        return decode_entry(KINDS[place >> _ID_BITS], entry_id, pages.find(page, entry_id))

    def _row(self, section: Section, row_id: int) -> bytes:
        page = self._sections[section].get(row_id >> ROWS_BITS)
        return pages.find(page, row_id) if page else b""

    def _rows(self, section: Section) -> Iterator[tuple[int, bytes]]:
        for number, page in self._sections[section].items():
            yield from pages.unpack(number, page)


class Index:
    """Gathers which number leads where, without an object for each."""

    def __init__(self) -> None:
        self._keys = array("Q")
        self._references = array("Q")

    def add(self, place: int, keys: array[int]) -> None:
        """Note an entry's numbers.

        Args:
            place: See ``reference``.
            keys: See ``number_keys``.
        """
        self._keys.extend(keys)
        self._references.extend([place] * len(keys))

    def pages(self) -> Iterator[tuple[int, bytes]]:
        """The buckets, see ``pages.pack_numbers``."""
        return pages.pack_numbers(self._keys, self._references)


def number_keys(entry: Entry) -> array[int]:
    """The keys of an entry's numbers, each once."""
    return array("Q", sorted({number_key(phone.number) for phone in entry.phones}))
