"""What rings now, as server-sent events (HTML Living Standard, 9.2): a card to the one who is rung, a line to all.

The number of an event is that of the change in the book of calls, so a browser that was away gets what it missed. One
reader follows the book for all pages: fifty of them must not be woken by every call that is none of theirs.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from aiohttp import hdrs, web

from bridge.access.key import Feature
from bridge.calls.book import CallBook
from bridge.calls.call import State
from bridge.calls.rows import Logged
from bridge.directory.entries import covers
from bridge.errors import StorageError, TooMany
from bridge.http.proxies import PREFIX
from bridge.http.state import BOOK, PHONE
from bridge.numbers import international
from bridge.page import render
from bridge.page.card import Card, card, names, part
from bridge.page.door import Visitor, view, visitor
from bridge.tasks import running

log = logging.getLogger(__name__)
routes = web.RouteTableDef()

BEAT_S = 15.0  # between two signs of life; proxies close what is silent for a minute
LINES_S = 0.3  # lines of other people's calls gather for so long; a card waits for nothing
AT_ONCE = 5  # pages that get lines in one turn of the event loop; then callers have theirs
WAITING = 500  # news of a page that does not read; beyond, it is cut off, and comes again for what it missed
PER_PERSON = 20
CATCH_UP_S = 5.0
RETRY_S = 1.0


class Page:
    """One page that follows.

    Attributes:
        news: Calls of its own, and lines of all calls as they go out.
    """

    def __init__(self, seen: Visitor, task: asyncio.Task[None]) -> None:
        self.news: asyncio.Queue[Logged | bytes] = asyncio.Queue(WAITING)
        self.seen = seen
        self.task = task
        self._called = frozenset(name.casefold() for name in seen.person.called)

    def concerns(self, extensions: frozenset[str]) -> bool:
        """Whether one of these is its person, in lower case."""
        return not self._called.isdisjoint(extensions)

    def offer(self, news: Logged | bytes) -> None:
        """Have it told; one that does not read is cut off."""
        try:
            self.news.put_nowait(news)
        except asyncio.QueueFull:
            self.task.cancel()


class Streams:
    """The pages that follow the book, so that they are counted, told, and end with the application."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pages: dict[asyncio.Task[None], Page] = {}
        self._changed: dict[int, Logged] = {}
        self._more = asyncio.Event()

    @asynccontextmanager
    async def page(self, seen: Visitor) -> AsyncIterator[Page]:
        """Follow as long as the context lasts.

        Raises:
            TooMany: So many are open.
        """
        own = [page for page in self._pages.values() if page.seen.person.name == seen.person.name]
        if len(self._pages) >= self._most or len(own) >= PER_PERSON:
            raise TooMany(5.0, "Too many pages are open; close some. (Setting page.max_streams.)")
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("not in a task")
        page = self._pages[task] = Page(seen, task)
        try:
            yield page
        finally:
            del self._pages[task]

    @asynccontextmanager
    async def fed(self, app: web.Application) -> AsyncIterator[None]:
        """Tell the pages of changes in the book as long as the context lasts."""
        async with running(self._follow(app[BOOK]), "page"), running(self._tell_lines(app), "page lines"):
            yield

    async def end(self, _app: web.Application) -> None:
        """End all of them: they would hold up the end of the service."""
        for task in list(self._pages):
            task.cancel()

    async def _follow(self, book: CallBook) -> None:
        seen = book.last
        while True:
            try:
                async for logged in book.changes(seen):
                    seen = logged.change
                    extensions = frozenset(one.casefold() for one in logged.call.extensions)
                    for page in self._pages.values():
                        if page.concerns(extensions):
                            page.offer(logged)
                    self._changed.pop(logged.id, None)
                    self._changed[logged.id] = logged
                    self._more.set()
            except StorageError as error:
                log.warning("Pages are told of no calls for a moment: %s", error)
                await asyncio.sleep(RETRY_S)

    async def _tell_lines(self, app: web.Application) -> None:
        while True:
            await self._more.wait()
            await asyncio.sleep(LINES_S)
            self._more.clear()
            changed, self._changed = list(self._changed.values()), {}
            if not self._pages or not changed:
                continue
            lines = [(logged, _line(app, logged)) for logged in changed]
            # The number comes last: a page that was cut off before gets all of it again.
            seen = _seen(changed[-1].change)
            whole = "".join([*(line for _, line in lines), seen]).encode()
            for place, page in enumerate(list(self._pages.values())):
                if page.seen.rights.clients is None:
                    page.offer(whole)
                else:
                    own = [line for logged, line in lines if may_see(page.seen, logged)]
                    page.offer("".join([*own, seen]).encode())
                if place % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)


STREAMS = web.AppKey("STREAMS", Streams)


@routes.get("/page/live")
@view(Feature.CALLS)
async def live(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """The stream of one page."""
    if request.method == hdrs.METH_HEAD:
        return web.Response(headers=render.HEADERS)  # the page asks whether it is still signed in
    after = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    number = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else request.app[BOOK].last
    async with request.app[STREAMS].page(seen) as page:
        response = web.StreamResponse(headers=render.HEADERS)
        response.content_type = "text/event-stream"
        response.headers["X-Accel-Buffering"] = "no"
        await response.prepare(request)
        await response.write(b"retry: 1000\n\n")
        with suppress(ConnectionError):  # the page was closed
            await _catch_up(request, seen, response, number)
            await _follow(request, page, response)
    return response


async def _catch_up(request: web.Request, seen: Visitor, response: web.StreamResponse, after: int) -> None:
    """What a page has missed since a change."""
    book = request.app[BOOK]
    last = book.last
    if after > last:  # of a file that is no longer in use
        for logged in book.now():
            await _write(request, seen, response, logged)
    elif after < last:
        with suppress(TimeoutError):  # the last call may have been forgotten
            async with asyncio.timeout(CATCH_UP_S):
                async for logged in book.changes(after):
                    await _write(request, seen, response, logged)
                    if logged.change >= last:
                        break
    await response.write(_seen(last).encode())


async def _write(request: web.Request, seen: Visitor, response: web.StreamResponse, logged: Logged) -> None:
    if mine := part(logged, seen.person):
        await response.write((await _card(request, seen, logged, mine)).encode())
    if may_see(seen, logged):
        await response.write(_line(request.app, logged).encode())


async def _follow(request: web.Request, page: Page, response: web.StreamResponse) -> None:
    seen = page.seen
    while True:
        try:
            async with asyncio.timeout(BEAT_S):
                news = await page.news.get()
        except TimeoutError:
            news = b": alive\n\n"
        now = visitor(request)
        if now is None or now.rights is not seen.rights:
            return  # signed out, or with other rights: the page comes again, or is sent to sign in
        if isinstance(news, bytes):
            await response.write(news)
        elif mine := part(news, seen.person):
            await response.write((await _card(request, seen, news, mine)).encode())


def may_see(seen: Visitor, logged: Logged) -> bool:
    """Whether somebody sees a call that is not theirs."""
    return covers(seen.rights.clients, logged.party.client_id or 0)


async def _card(request: web.Request, seen: Visitor, logged: Logged, mine: str) -> str:
    made = await card(request.app, seen, logged, mine)
    html = card_html(request, seen, made)
    data = {
        "row": logged.id,
        "mine": mine,
        "html": html,
        "title": made.name or (international(made.number) if made.number else "Anonymous caller"),
        "text": made.client,
    }
    return _event("card", data)


def card_html(request: web.Request, seen: Visitor, made: Card) -> str:
    """A card as it stands in the page."""
    return render.text(
        "card.html",
        card=made,
        visitor=seen,
        base=request.get(PREFIX, ""),
        dials=PHONE in request.app,
    )


def _line(app: web.Application, logged: Logged) -> str:
    if logged.call.state is State.ENDED:
        return _event("gone", {"row": logged.id})
    return _event("line", {"row": logged.id, "html": line_html(app, logged)})


def line_html(app: web.Application, logged: Logged) -> str:
    """A call as a line in the list of those that are up; the same for everybody who may see it."""
    return render.text("line.html", one=logged, named=names(app))


def _seen(change: int) -> str:
    return f"id: {change}\nevent: seen\ndata: {change}\n\n"


def _event(name: str, data: Mapping[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
