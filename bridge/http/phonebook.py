"""``/phonebook/FORMAT``: books for phones, under every address that a maker lets one type.

A format alone, a format and a file name, or a format, a key and a file name; doubled slashes and any case are
fine. ``auto`` as the format goes by the User-Agent. A missing or wrong key is 401 with a Basic challenge, since
many phones have fields for user and password.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from aiohttp import hdrs, web
from multidict import CIMultiDict

from bridge import callerid
from bridge.access.keys import Key
from bridge.access.phones import Phone as Asking
from bridge.access.phones import Phones
from bridge.directory.entries import Label, Phone
from bridge.directory.snapshot import Snapshot
from bridge.errors import BridgeError
from bridge.http import bookquestion
from bridge.http.bookquestion import PLACE, Question
from bridge.http.state import MIRROR, SETTINGS, STORAGE
from bridge.phonebook.formats import Formats
from bridge.phonebook.pages import Ask, Caller, Wish
from bridge.phonebook.render import Book, Books
from bridge.phonebook.view import View

BOOKS = web.AppKey("BOOKS", Books)
PHONES = web.AppKey("PHONES", Phones)
QUESTIONS: web.AppKey[dict[object, Question]] = web.AppKey("QUESTIONS", dict)

routes = web.RouteTableDef()

_READ = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_POST)
KEPT_QUESTIONS = 4096
KEPT_CHARS = 1024  # of a request whose question is kept; phones ask shorter ones
_ABOUT_KEYS = frozenset({401, 429})
# What ITFlow's own script gave: each client's primary contact, vendors, and nothing else, each by its name alone.
_LEGACY = {"contacts": "primary", "locations": "false"}
_LEGACY_NAMES = {"first-last": "as-is"}  # where no setting wants another form
LEGACY = "legacy"


async def keep_books(app: web.Application) -> AsyncIterator[None]:
    """What the door needs while the application runs: formats, kept books, and what phones fetched.

    Raises:
        SettingsError: A format of the user's own folder is wrong.
    """
    app[BOOKS] = Books(Formats(app[SETTINGS].phonebook.templates))
    app[QUESTIONS] = {}
    app[PHONES] = Phones(app[STORAGE])
    await asyncio.to_thread(app[PHONES].recall)
    async with app[PHONES].flushing():
        yield


@routes.route(hdrs.METH_ANY, f"/phonebook/{{{PLACE}:.*}}")
@routes.route(hdrs.METH_ANY, f"/{{slashes:/*}}{{door:(?i:phonebook)}}{{{PLACE}:.*}}")
async def handle(request: web.Request) -> web.StreamResponse:
    """Answer a phone."""
    app = request.app
    asked = bookquestion.identity(request)
    known = app[QUESTIONS].get(asked)
    if known and request.method in {hdrs.METH_GET, hdrs.METH_HEAD} and known.still_holds(request):
        return await _answer(request, known)
    place = bookquestion.place(request, app[BOOKS].formats)
    try:
        key, params = await bookquestion.keyed(request, place)
        if request.method == hdrs.METH_PUT and place.row.put:
            async for _ in request.content.iter_chunked(65_536):
                pass
            return web.Response(text="")
        if request.method not in _READ:
            raise web.HTTPMethodNotAllowed(request.method, _READ)
        question = bookquestion.question(request, place, params, key)
        if request.method != hdrs.METH_POST and sum(len(str(part)) for part in asked) <= KEPT_CHARS:
            # Cheaper than counting which is used: phones ask the same again and again, and all fit.
            if len(app[QUESTIONS]) >= KEPT_QUESTIONS:
                app[QUESTIONS].clear()
            app[QUESTIONS][asked] = question
        return await _answer(request, question)
    except BridgeError as error:
        if not place.row.errors or error.status in _ABOUT_KEYS:
            raise
        body = app[BOOKS].failure(place.row, error)
        return web.Response(body=body, content_type=place.row.content_type, charset="utf-8")


async def book_response(
    request: web.Request, key: Key, format_name: str, params: Mapping[str, str]
) -> web.StreamResponse:
    """A whole book, for doors with an address of their own.

    Args:
        request: For its method and its conditional and encoding headers.
        key: Already found good for phonebooks.
        format_name: ``legacy`` gives ITFlow's old document, with that script's choice of entries where
            ``params`` does not say otherwise (``contacts=all``).
        params: As in the query of ``/phonebook/FORMAT``.

    Raises:
        BadParameter: A parameter is wrong.
        NotFound: There is no such format.
        NotReady: There is no mirror yet.
    """
    row = request.app[BOOKS].formats.get(format_name)
    own = params
    if format_name == LEGACY:
        form = key.phonebook.name_form
        own = {**_LEGACY, "name_form": _LEGACY_NAMES.get(form, form), **params}
    view = View.of(row, key.phonebook, key.numbers.region, key.clients, own)
    book = await request.app[BOOKS].book(request.app[MIRROR].snapshot, Wish(row, view, Ask()))
    return await _response(request, book, bookquestion.phone(request, row, own, key))


async def _answer(request: web.Request, question: Question) -> web.StreamResponse:
    app = request.app
    snapshot, wish = app[MIRROR].snapshot, question.wish
    if wish.ask.caller:
        wish = replace(wish, ask=replace(wish.ask, called=_called(snapshot, question.key, wish.ask.caller)))
    book = app[BOOKS].kept(snapshot, wish) or await app[BOOKS].book(snapshot, wish)
    return await _response(request, book, question.phone)


def _called(snapshot: Snapshot, key: Key, number: str) -> Caller | None:
    """Who is calling, by caller ID's rules; nobody where no name is certain."""
    verdict = callerid.lookup(snapshot, key, number)
    if not verdict.name:
        return None
    known = {phone.number: phone for match in verdict.matches for entry in match.entries for phone in entry.phones}
    return Caller(verdict.name, known.get(verdict.number, Phone(verdict.number, Label.WORK)))


async def _response(request: web.Request, book: Book, phone: Asking) -> web.Response:
    if request.method != hdrs.METH_HEAD:
        # A 304 counts: the phone has the book.
        request.app[PHONES].note(phone, book.entries)
    asked = request.headers
    zipped = "gzip" in asked.get(hdrs.ACCEPT_ENCODING, "") and _likes_gzip(request)
    etag = f"{book.etag}-gzip" if zipped else book.etag
    headers = CIMultiDict(book.headers)
    if zipped:
        headers[hdrs.ETAG] = f'"{etag}"'
    age_s = request.app[MIRROR].freshness.people_age_s
    if age_s is not None:
        headers[hdrs.AGE] = str(age_s)
    if _has_it(request, etag, headers):
        return web.Response(status=304, headers=headers)
    if not zipped:
        return web.Response(body=book.body, headers=headers)
    headers[hdrs.CONTENT_ENCODING] = "gzip"
    return web.Response(body=await request.app[BOOKS].zipped(book), headers=headers)


def _has_it(request: web.Request, etag: str, headers: Mapping[str, str]) -> bool:
    """Whether the phone has the book, by its tag, or where it sends none by its date (RFC 9110 section 13.2.2).

    The date must be the very one: after a restart or a change of the clock an older date may be that of a newer book.
    """
    asked = request.headers
    if hdrs.IF_NONE_MATCH in asked:
        return any(known.value in {etag, "*"} for known in request.if_none_match or ())
    return hdrs.LAST_MODIFIED in headers and asked.get(hdrs.IF_MODIFIED_SINCE) == headers[hdrs.LAST_MODIFIED]


def _likes_gzip(request: web.Request) -> bool:
    return bookquestion.weights(request, hdrs.ACCEPT_ENCODING).get("gzip", 0) > 0
