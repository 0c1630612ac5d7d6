"""Books made and kept: once for each snapshot, view and page, off the event loop."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cachetools import LRUCache, TTLCache
from lxml import etree

from bridge.directory.snapshot import Snapshot
from bridge.errors import BridgeError, SettingsError
from bridge.phonebook import document, fit, view
from bridge.phonebook.dialling import Plan
from bridge.phonebook.document import Page
from bridge.phonebook.fit import Share
from bridge.phonebook.formats import Format, Formats
from bridge.phonebook.pages import Span, Whole, Wish, page_of
from bridge.phonebook.search import Index
from bridge.phonebook.stylesheets import CHARSET
from bridge.phonebook.view import Listing, Note
from bridge.tasks import uncollected

_KEPT_BYTES = 64 * 2**20
# What a kept document takes besides its bytes: its key, its headers, its place. Searches make many small ones.
_OVERHEAD_BYTES = 4096
# No phone asks with longer texts; what does is made each time, so that keys take no more than the overhead says.
_KEPT_CHARS = 512
# A phone that pages or searches comes back soon; each of these takes megabytes.
_KEPT_LISTINGS = 2
# A stylesheet that fails is not run again for every phone that asks, since it may fail slowly.
_KEPT_FAULTS = 64
_FAULTS_S = 60.0


@dataclass(frozen=True, slots=True)
class Book:
    """A document as a phone gets it.

    Attributes:
        body: Its bytes.
        etag: Strong entity tag without quotes: the same bytes have the same tag.
        entries: How many entries are in it.
        headers: Those of the answer that are always the same.
        notes: What it lacks, and why.
    """

    body: bytes
    etag: str
    entries: int
    headers: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[Note] = field(default=(), compare=False)


class Books:
    """Makes books and keeps them.

    Args:
        formats: The table of formats.
        kept_bytes: The most that kept documents take, and their compressed forms once more.

    Attributes:
        renders: How many documents were made; a kept one costs none.
    """

    def __init__(self, formats: Formats, kept_bytes: int = _KEPT_BYTES) -> None:
        self.formats = formats
        self.renders = 0
        self._books: LRUCache[object, Book] = LRUCache(kept_bytes, getsizeof=lambda book: _size(book.body))
        self._zipped: LRUCache[str, bytes] = LRUCache(kept_bytes, getsizeof=_size)
        self._listings: LRUCache[object, tuple[Listing, Index]] = LRUCache(_KEPT_LISTINGS)
        self._shares: LRUCache[object, tuple[Sequence[Share], Sequence[Note]]] = LRUCache(_KEPT_LISTINGS)
        self._faults: TTLCache[object, list[str]] = TTLCache(_KEPT_FAULTS, _FAULTS_S)
        self._rendering = asyncio.Lock()
        self._making = threading.Lock()

    def kept(self, snapshot: Snapshot, wish: Wish) -> Book | None:
        """The document of a wish, where it is kept."""
        try:
            return self._books[snapshot.version, wish.key]
        except KeyError:
            return None

    async def book(self, snapshot: Snapshot, wish: Wish) -> Book:
        """The document of a wish, kept or made in a thread, one at a time.

        Raises:
            SettingsError: The stylesheet fails, or failed a moment ago.
        """
        if kept := self.kept(snapshot, wish):
            return kept
        key = (snapshot.version, wish.key)
        async with self._rendering:
            if kept := self.kept(snapshot, wish):
                return kept
            if faults := self._faults.get(key):
                raise SettingsError(faults)
            try:
                with uncollected():
                    made = await asyncio.to_thread(self.make, snapshot, wish)
            except SettingsError as error:
                self._faults[key] = error.faults
                raise
            if _size(made.body) <= self._books.maxsize and wish.ask.chars <= _KEPT_CHARS:
                self._books[key] = replace(made, notes=())
            return made

    async def zipped(self, book: Book) -> bytes:
        """The body compressed by gzip, kept or made in a thread."""
        kept = self._zipped.get(book.etag)
        if kept is None:
            kept = await asyncio.to_thread(gzip.compress, book.body, mtime=0)
            if _size(kept) <= self._zipped.maxsize:
                self._zipped[book.etag] = kept
        return kept

    def make(self, snapshot: Snapshot, wish: Wish) -> Book:
        """Make the document of a wish."""
        # A request that is given up leaves its thread behind, while the next one begins.
        with self._making:
            self.renders += 1
            return self._made(snapshot, wish)

    def failure(self, row: Format, error: BridgeError) -> bytes:
        """The document of an error, for formats that have one."""
        return self._document(row, document.failure(error), CHARSET)

    def _made(self, snapshot: Snapshot, wish: Wish) -> Book:
        row, ask = wish.row, wish.ask
        listing, index = self._listing(snapshot, wish)
        if ask.screen == "menu":
            return self._page(wish, Whole(listing.groups, row.menu_size))
        if ask.screen == "search":
            return self._page(wish, Whole((), 0))
        shares, notes = self._shared_out(snapshot, wish, index)
        return self._page(wish, Whole(shares, row.page_size, (*listing.notes, *notes)))

    def _listing(self, snapshot: Snapshot, wish: Wish) -> tuple[Listing, Index]:
        key = (snapshot.version, wish.view)
        kept = self._listings.get(key)
        if kept is None:
            listing = view.select(snapshot, wish.view)
            kept = (listing, Index(listing.lines, wish.view.region))
            if wish.row.page_size:
                self._listings[key] = kept
        return kept

    def _shared_out(self, snapshot: Snapshot, wish: Wish, index: Index) -> tuple[Sequence[Share], Sequence[Note]]:
        key = (snapshot.version, wish.view, wish.row.name, wish.ask.term)
        kept = self._shares.get(key)
        if kept is None:
            kept = fit.share_out(index.find(wish.ask.term), wish.row)
            if wish.row.page_size:
                self._shares[key] = kept
        return kept

    def _page(self, wish: Wish, whole: Whole) -> Book:
        """The page asked for, cut until it is no longer than the phone takes."""
        row, wanted, ask = wish.row, wish.view, wish.ask
        most = min(filter(None, (row.max_bytes, ask.max_bytes)), default=0)
        paged = bool(whole.page_size)
        count = min(filter(None, (whole.page_size, ask.count if paged else 0)), default=len(whole.things)) or 1
        start = ask.offset if paged else 0
        plan = Plan.of(row, wanted.section, wanted.region)
        while True:
            span = Span(whole.things[start : start + count], start, count, len(whole.things))
            items, notes = fit.fit((thing for thing in span.shown if isinstance(thing, Share)), row, plan)
            page = page_of(wish, span, items)
            body = self._document(row, document.build(page), ask.charset)
            if not most or len(body) <= most or len(span.shown) <= 1:
                break
            count = max(1, min(len(span.shown) - 1, len(span.shown) * most // len(body)))
        beyond = () if paged else whole.things[count:]
        cut = (fit.note(thing.line, f"beyond {most} bytes") for thing in beyond if isinstance(thing, Share))
        etag = hashlib.sha256(body).hexdigest()[:32]
        return Book(
            body=body,
            etag=etag,
            entries=len(items),
            headers={"ETag": f'"{etag}"', **_headers(row, page, ask.charset)},
            notes=(*whole.notes, *notes, *cut),
        )

    def _document(self, row: Format, neutral: etree._Element, charset: str) -> bytes:
        pairs = row.empty_elements == "pair"
        body = self.formats.stylesheet(row).run(neutral, row.params, pairs=pairs, charset=charset)
        return _folded(body, row.fold_bytes) if row.fold_bytes else body


def _size(body: bytes) -> int:
    return len(body) + _OVERHEAD_BYTES


def _headers(row: Format, page: Page, charset: str) -> dict[str, str]:
    headers = {
        "Content-Type": f"{row.content_type}; charset={charset}",
        "Cache-Control": "private, max-age=0, must-revalidate",
        "Vary": "Accept-Encoding",
        **row.headers,
    }
    if row.refresh and "next" in page.links:
        headers["Refresh"] = f"0; url={page.links['next']}"
    return headers


def _folded(body: bytes, most: int) -> bytes:
    """Long lines in pieces, each after the first behind a blank (RFC 6350 section 3.2), no character torn."""
    lines = []
    for line in body.split(b"\r\n"):
        rest, room = line, most
        while len(rest) > room:
            at = room
            while rest[at] & 0xC0 == 0x80:
                at -= 1
            lines.append(rest[:at])
            rest, room = b" " + rest[at:], most
        lines.append(rest)
    return b"\r\n".join(lines)
