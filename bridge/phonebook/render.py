"""Books made and kept: once for each snapshot, view and page, off the event loop."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any, TypeVar

from cachetools import LRUCache, TTLCache
from lxml import etree

from bridge.directory.snapshot import Snapshot
from bridge.errors import BridgeError, SettingsError
from bridge.largework import let_go, uncollected
from bridge.phonebook import document, fit, view
from bridge.phonebook.dialling import Plan
from bridge.phonebook.document import Page
from bridge.phonebook.fit import Share
from bridge.phonebook.formats import Format, Formats
from bridge.phonebook.pages import Span, Whole, Wish, page_of, too_long
from bridge.phonebook.search import Index
from bridge.phonebook.stylesheets import CHARSET
from bridge.phonebook.view import Listing, Note

T = TypeVar("T")

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
# Entries from which on a book's stylesheet runs in a process of its own.
_LARGE = 2_000
# Books whose Last-Modified is known; a book is forgotten when as many others were made since.
_KEPT_DATES = 4096


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


class _Kept(LRUCache[object, T]):
    """Keeps what was used last; of what it drops a list is freed a little at a time."""

    def __init__(self, size: int, things: Callable[[T], list[Any]]) -> None:
        super().__init__(size)
        self._things = things

    def popitem(self) -> tuple[object, T]:
        key, dropped = super().popitem()
        let_go(self._things(dropped))
        return key, dropped


class _Lane:
    """Makes one document at a time, in a thread of its own.

    What it keeps is touched by that thread alone. All of our own stylesheets share a lane; each format with a
    stylesheet of the user's has one, so that a stylesheet that takes long delays no other format.
    """

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        # One thread: a request that is given up leaves its work behind there, and the next one begins after it.
        self.thread = ThreadPoolExecutor(1, "phonebook")
        self.listings: LRUCache[object, tuple[Listing, Index]] = _Kept(_KEPT_LISTINGS, lambda kept: kept[0].lines)
        self.shares: LRUCache[object, tuple[list[Share], Sequence[Note]]] = _Kept(_KEPT_LISTINGS, lambda kept: kept[0])


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
        self._faults: TTLCache[object, list[str]] = TTLCache(_KEPT_FAULTS, _FAULTS_S)
        self._lanes: dict[str, _Lane] = {}
        self._dates: LRUCache[str, int] = LRUCache(_KEPT_DATES)

    def kept(self, snapshot: Snapshot, wish: Wish) -> Book | None:
        """The document of a wish, where it is kept."""
        try:
            return self._books[snapshot.version, wish.key]
        except KeyError:
            return None

    async def book(self, snapshot: Snapshot, wish: Wish) -> Book:
        """The document of a wish, kept or made in a thread, one at a time for our own stylesheets.

        Raises:
            SettingsError: The stylesheet fails, or failed a moment ago.
        """
        if kept := self.kept(snapshot, wish):
            return kept
        if wish.ask.caller and not self.formats.stylesheet(wish.row).apart:
            # One entry, out of memory: a call that rings waits for nobody's book.
            return self.make(snapshot, wish)
        key = (snapshot.version, wish.key)
        lane = self._lane(wish.row)
        async with lane.turn:
            if kept := self.kept(snapshot, wish):
                return kept
            if faults := self._faults.get(key):
                raise SettingsError(faults)
            try:
                made = self._dated(await self._made(lane, snapshot, wish), wish)
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
        """Make the document of a wish, here and now."""
        self.renders += 1
        row, ask = wish.row, wish.ask
        if ask.caller:
            called = [ask.called.line] if ask.called else []
            return self._page(wish, Whole(fit.share_out(called, row)[0], row.page_size))
        listing, index = self._listing(snapshot, wish)
        if ask.screen == "menu":
            return self._page(wish, Whole(listing.groups, row.menu_size))
        if ask.screen == "search":
            return self._page(wish, Whole((), 0))
        shares, notes = self._shared_out(snapshot, wish, index)
        book = self._page(wish, Whole(shares, row.page_size, (*listing.notes, *notes)))
        if not row.page_size:
            let_go(shares)
            if (snapshot.version, wish.view) not in self._lane(row).listings:
                let_go(listing.lines)
        return book

    def failure(self, row: Format, error: BridgeError) -> bytes:
        """The document of an error, for formats that have one."""
        return self._run(row, document.failure(error), CHARSET)

    def _lane(self, row: Format) -> _Lane:
        name = row.name if self.formats.stylesheet(row).apart else ""
        if name not in self._lanes:
            self._lanes[name] = _Lane()
        return self._lanes[name]

    async def _made(self, lane: _Lane, snapshot: Snapshot, wish: Wish) -> Book:
        making = asyncio.get_running_loop().run_in_executor(lane.thread, self.make, snapshot, wish)
        if self.formats.stylesheet(wish.row).apart:
            return await making
        with uncollected():
            return await making

    def _dated(self, book: Book, wish: Wish) -> Book:
        """A whole book with the second in which its bytes were first seen, which no other book has.

        The same bytes keep their date when ITFlow changes elsewhere. A phone that knows the date alone could keep the
        wrong one of two books of one date.
        """
        if wish.row.page_size or wish.ask.term:
            return book
        date = self._dates.get(book.etag)
        if date is None:
            date, taken = int(time.time()), set(self._dates.values())
            while date in taken:
                date -= 1
            self._dates[book.etag] = date
        return replace(book, headers={**book.headers, "Last-Modified": formatdate(date, usegmt=True)})

    def _listing(self, snapshot: Snapshot, wish: Wish) -> tuple[Listing, Index]:
        key, listings = (snapshot.version, wish.view), self._lane(wish.row).listings
        kept = listings.get(key)
        if kept is None:
            listing = view.select(snapshot, wish.view)
            kept = (listing, Index(listing.lines, wish.view.region))
            if wish.row.page_size:
                listings[key] = kept
        return kept

    def _shared_out(self, snapshot: Snapshot, wish: Wish, index: Index) -> tuple[list[Share], Sequence[Note]]:
        key = (snapshot.version, wish.view, wish.row.name, wish.ask.term)
        shares = self._lane(wish.row).shares
        kept = shares.get(key)
        if kept is None:
            kept = fit.share_out(index.find(wish.ask.term), wish.row)
            if wish.row.page_size:
                shares[key] = kept
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
            shares = (thing for thing in span.shown if isinstance(thing, Share))
            items, notes = fit.fit(shares, row, plan, client_in_name=wanted.section.client_in_name)
            page = page_of(wish, span, items)
            neutral = document.written(page) if len(items) > _LARGE else document.build(page)
            body = self._run(row, neutral, ask.charset)
            if not most or len(body) <= most or len(span.shown) <= 1:
                break
            count = max(1, min(len(span.shown) - 1, len(span.shown) * most // len(body)))
        entries = len(items)
        let_go(items)
        beyond = () if paged else whole.things[count:]
        cut = (fit.note(thing.line, f"beyond {most} bytes") for thing in beyond if isinstance(thing, Share))
        etag = hashlib.sha256(body).hexdigest()[:32]
        return Book(
            body=body,
            etag=etag,
            entries=entries,
            headers={"ETag": f'"{etag}"', **_headers(row, page, ask.charset)},
            notes=(*whole.notes, *notes, *cut, *too_long(wish, span)),
        )

    def _run(self, row: Format, neutral: etree._Element | bytes, charset: str) -> bytes:
        pairs, fold_bytes = row.empty_elements == "pair", row.fold_bytes
        return self.formats.stylesheet(row).run(
            neutral, row.params, pairs=pairs, charset=charset, fold_bytes=fold_bytes
        )


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
