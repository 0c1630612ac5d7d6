"""Pages: the compact form in which a snapshot lies in memory and in ``bridge.db``.

A section (the contacts, say) is cut into pages of 256 consecutive ids. A page is one bytes object: a table of 257
offsets, then the rows, so that a row costs no Python object until it is asked for, and a page that did not change is
shared between one snapshot and the next. Numbers have a section of their own: buckets of sorted keys, each with the
reference of its row.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from hashlib import blake2b
from itertools import groupby
from struct import Struct

ROWS_BITS = 8
ROWS = 1 << ROWS_BITS
BUCKET_SIZE = 1024

_OFFSETS = Struct(f"={ROWS + 1}I")
_SPAN = Struct("=II")


class Section(StrEnum):
    """What a page holds."""

    CLIENT = "client"
    CONTACT = "contact"
    LOCATION = "location"
    VENDOR = "vendor"
    INVOICES = "invoices"  # all of a client in one row, by the client's id
    NUMBERS = "numbers"


Pages = Mapping[tuple[Section, int], bytes]


def pack(rows: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Cut a section into pages.

    Args:
        rows: Ids and rows, in the order of the ids.

    Yields:
        The number of each page that has rows, and the page.
    """
    for number, group in groupby(rows, key=lambda row: row[0] >> ROWS_BITS):
        lengths = [0] * ROWS
        parts = []
        for row_id, data in group:
            lengths[row_id & (ROWS - 1)] = len(data)
            parts.append(data)
        offsets = [_OFFSETS.size]
        for length in lengths:
            offsets.append(offsets[-1] + length)
        yield number, b"".join((_OFFSETS.pack(*offsets), *parts))


def find(page: bytes, row_id: int) -> bytes:
    """A row of a page; empty where there is none."""
    start, end = _SPAN.unpack_from(page, (row_id & (ROWS - 1)) * 4)
    return page[start:end]


def unpack(number: int, page: bytes) -> Iterator[tuple[int, bytes]]:
    """The rows of a page with their ids, in their order."""
    offsets = _OFFSETS.unpack_from(page)
    for slot in range(ROWS):
        if offsets[slot] < offsets[slot + 1]:
            yield number << ROWS_BITS | slot, page[offsets[slot] : offsets[slot + 1]]


def number_key(number: str) -> int:
    """The key of a number: E.164 digits as they are, anything else (short numbers) as a hash above them all."""
    digits = number[1:]
    if number[:1] == "+" and digits.isascii() and digits.isdigit() and len(digits) < 19 and digits[0] != "0":
        return int(digits)
    return int.from_bytes(blake2b(number.encode(), digest_size=8).digest(), "big") | 1 << 63


def pack_numbers(keys: array[int], references: array[int]) -> Iterator[tuple[int, bytes]]:
    """Make the index of numbers.

    Args:
        keys: Of each number, see ``number_key``.
        references: Where the number is, at the same place.

    Yields:
        Each bucket; there are as many as a power of two, so that a key's last bits name its bucket.
    """
    count = 1 << (len(keys) // BUCKET_SIZE).bit_length()
    buckets = [(array("Q"), array("Q")) for _ in range(count)]
    for key, reference in zip(keys, references, strict=True):
        of_bucket = buckets[key & (count - 1)]
        of_bucket[0].append(key)
        of_bucket[1].append(reference)
    for number, of_bucket in enumerate(buckets):
        pairs = sorted(zip(*of_bucket, strict=True))
        yield number, array("Q", (key for key, _ in pairs)).tobytes() + array("Q", (ref for _, ref in pairs)).tobytes()


def find_number(bucket: bytes, key: int) -> list[int]:
    """The references of a key, in their order."""
    words = memoryview(bucket).cast("Q")
    half = len(words) // 2
    at = bisect_left(words, key, 0, half)
    found = []
    while at < half and words[at] == key:
        found.append(words[half + at])
        at += 1
    return found


def digest(data: bytes) -> bytes:
    """What tells a page from another."""
    return blake2b(data, digest_size=16).digest()


def version_of(digests: Mapping[tuple[str, int], bytes], *, payments: bool) -> str:
    """A name for the content of all pages, the same for the same content."""
    whole = blake2b(b"exact" if payments else b"", digest_size=12)
    for (section, number), one in sorted(digests.items()):
        whole.update(f"{section}/{number}/".encode() + one)
    return whole.hexdigest()
