"""``/carddav/``: OPTIONS, PROPFIND, REPORT, GET; nothing else, for nothing is written.

``/carddav/`` is the principal of whoever asks and the home of its one address book, ``/carddav/book/``. The key is the
password of Basic, under any user name.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from aiohttp import hdrs, web
from cachetools import LRUCache
from lxml import etree

from bridge.access.keys import Feature, Key
from bridge.errors import BadParameter, NotFound
from bridge.http import bookquestion
from bridge.http.carddav import dav
from bridge.http.carddav.cardfilter import CardFilter
from bridge.http.carddav.cards import AddressBook, Card, States, cut
from bridge.http.carddav.dav import CARD, DAV, SERVER, Found, Property, Xml, element, href
from bridge.http.keys import require
from bridge.http.phonebook import BOOKS, PHONES
from bridge.http.proxies import PREFIX
from bridge.http.state import MIRROR
from bridge.largework import uncollected
from bridge.phonebook.pages import Ask, Wish
from bridge.phonebook.view import View

routes = web.RouteTableDef()

PLACE = "/carddav{place:(?:/.*)?}"
HOME, BOOK = "/carddav/", "/carddav/book/"
FORMAT = "carddav"  # in vCard 3, which every client but Linphone speaks (RFC 6352, 5.1)
MEDIA_TYPE = "text/vcard; charset=utf-8"
XML = "application/xml; charset=utf-8"
_ALLOW = "OPTIONS, GET, HEAD, PROPFIND, REPORT"
_ABOUT: Final[Mapping[str, str]] = {"DAV": "1, 3, addressbook", hdrs.ALLOW: _ALLOW}
_KEPT_CARDS = 200_000  # of all books that are kept cut into cards
MAX_REPORT_BYTES = 4 * 2**20  # Linphone asks for all cards by name at once: 50,000 are 3 MB
_DIGITS = 9  # of a number of results
_REPORTS = ("addressbook-query", "addressbook-multiget", "sync-collection")

STATES = web.AppKey("STATES", States)
CUT: web.AppKey[LRUCache[str, AddressBook]] = web.AppKey("CUT", LRUCache)


async def keep_cards(app: web.Application) -> AsyncIterator[None]:
    """What the door remembers while the application runs."""
    app[STATES], app[CUT] = States(), LRUCache(_KEPT_CARDS, getsizeof=_size)
    yield


def _size(book: AddressBook) -> int:
    return max(1, len(book.cards))


@routes.get("/.well-known/carddav")
@routes.route("PROPFIND", "/.well-known/carddav")
async def found(request: web.Request) -> web.StreamResponse:
    """Where the address book is (RFC 6764, 5)."""
    raise web.HTTPMovedPermanently(request.get(PREFIX, "") + HOME)


@routes.options(PLACE)
async def about(_request: web.Request) -> web.StreamResponse:
    """What is spoken here; a client asks before it knows that it needs a key."""
    return web.Response(headers=_ABOUT)


class _Asked:
    """A request, the key that it came with, and that key's address book."""

    def __init__(self, request: web.Request, key: Key) -> None:
        self.request = request
        self.key = key
        self.prefix = request.get(PREFIX, "")
        self.ctag = ""
        self.version_4 = False

    async def book(self) -> AddressBook:
        """The cards of the key.

        Raises:
            NotReady: There is no mirror yet.
        """
        app, key = self.request.app, self.key
        row = app[BOOKS].formats.get(FORMAT)
        view = View.of(row, key.phonebook, key.numbers.region, key.clients, {})
        made = await app[BOOKS].book(app[MIRROR].snapshot, Wish(row, view, Ask()))
        book = app[CUT].get(made.etag)
        if book is None:
            with uncollected():
                book = await asyncio.to_thread(cut, made.body)
            if _size(book) <= _KEPT_CARDS:
                app[CUT][made.etag] = book
        self.ctag = str(app[STATES].note(key.name, book))
        app[PHONES].note(bookquestion.phone(self.request, row, {}, key), made.entries)
        return book

    def card(self, card: Card) -> Found:
        """A card with its properties; its text is one of them for who asks for it by name."""
        return Found(
            self.address(card.file),
            {
                f"{DAV}resourcetype": None,
                f"{DAV}getetag": card.etag,
                f"{DAV}getcontenttype": MEDIA_TYPE,
                f"{DAV}getcontentlength": str(len(card.text.encode())),
                f"{CARD}address-data": card.version_4() if self.version_4 else card.text,
            },
        )

    def address(self, file: str) -> str:
        """The address of a card."""
        return f"{self.prefix}{BOOK}{quote(file)}"

    def home(self) -> Found:
        """The principal, which is the home of its book too."""
        return Found(
            self.prefix + HOME,
            {
                f"{DAV}resourcetype": (element(f"{DAV}collection"), element(f"{DAV}principal")),
                f"{DAV}displayname": "ITFlow",
                f"{CARD}addressbook-home-set": (href(self.prefix + HOME),),
                f"{DAV}principal-URL": (href(self.prefix + HOME),),
                **self._of_all(),
            },
        )

    def collection(self, book: AddressBook) -> Found:
        """The address book."""
        supported = (element(f"{DAV}supported-report", element(f"{DAV}report", _report(name))) for name in _REPORTS)
        vcard = {"content-type": "text/vcard", "version": "3.0"}
        address_data = element(f"{CARD}address-data-type", attributes=vcard)
        return Found(
            self.prefix + BOOK,
            {
                f"{DAV}resourcetype": (element(f"{DAV}collection"), element(f"{CARD}addressbook")),
                f"{DAV}displayname": "ITFlow",
                f"{CARD}addressbook-description": "Everybody in ITFlow who can be called",
                f"{CARD}supported-address-data": (address_data,),
                f"{DAV}supported-report-set": tuple(supported),
                f"{DAV}sync-token": book.token,
                f"{SERVER}getctag": self.ctag,
                **self._of_all(),
            },
        )

    def _of_all(self) -> Mapping[str, Property]:
        return {
            f"{DAV}current-user-principal": (href(self.prefix + HOME),),
            f"{DAV}owner": (href(self.prefix + HOME),),
            f"{DAV}current-user-privilege-set": (element(f"{DAV}privilege", element(f"{DAV}read")),),
        }


def _asked(request: web.Request) -> tuple[_Asked, str]:
    """Who asks, and for what: nothing for the principal, ``book``, or ``book/FILE``."""
    return _Asked(request, require(request, Feature.PHONEBOOK)), request.match_info["place"].strip("/")


def _report(name: str) -> Xml:
    return element(f"{DAV if name == 'sync-collection' else CARD}{name}")


@routes.get(PLACE)
async def shown(request: web.Request) -> web.StreamResponse:
    """A card, or the whole book as a file."""
    asked, place = _asked(request)
    book = await asked.book()
    headers = {hdrs.CONTENT_TYPE: MEDIA_TYPE}
    if place == "book":
        return web.Response(body=book.text, headers=headers)
    card = book.cards.get(_file(place))
    if card is None:
        raise NotFound(f"There is no such card; {BOOK} has them all.")
    headers[hdrs.ETAG] = card.etag
    if any(f'"{one.value}"' == card.etag or one.value == "*" for one in asked.request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(text=card.text, headers=headers)


@routes.route("PROPFIND", PLACE)
async def described(request: web.Request) -> web.StreamResponse:
    """Properties of a resource and, with ``Depth: 1``, of what is in it (RFC 4918, 9.1)."""
    asked, place = _asked(request)
    names = dav.wanted(dav.read(await asked.request.read()))
    book = await asked.book()
    below = asked.request.headers.get("Depth", "infinity") != "0"
    if place == "":
        resources: Iterable[Found] = [asked.home(), *([asked.collection(book)] if below else [])]
    elif place == "book":
        resources = chain([asked.collection(book)], map(asked.card, book.cards.values()) if below else ())
    elif card := book.cards.get(_file(place)):
        resources = [asked.card(card)]
    else:
        raise NotFound(f"There is nothing at this address; the book is {BOOK}")
    return await _multistatus(resources, names)


@routes.route("REPORT", PLACE)
async def reported(request: web.Request) -> web.StreamResponse:
    """A report on the book (RFC 6352, 8.6 and 8.7; RFC 6578, 3.2)."""
    asked, _ = _asked(request)
    root = dav.read(await request.clone(client_max_size=MAX_REPORT_BYTES).read())
    if root is None:
        raise BadParameter("A REPORT says what is wanted in its body.")
    # Linphone reads nothing else, and asks for it without looking what there is (RFC 6352, 10.4).
    asked.version_4 = any(data.get("version") == "4.0" for data in root.iterfind(f"{DAV}prop/{CARD}address-data"))
    names, book = dav.wanted(root), await asked.book()
    if root.tag == f"{CARD}addressbook-multiget":
        return await _multistatus(_wanted_cards(asked, root, book), names)
    if root.tag == f"{CARD}addressbook-query":
        searched = CardFilter(root.find(f"{CARD}filter"), asked.key.numbers.region)
        found = (asked.card(card) for card in book.cards.values() if searched.passes(card))
        most = root.findtext(f"{CARD}limit/{CARD}nresults", "").strip()
        return await _multistatus(islice(found, int(most)) if _is_number(most) else found, names)
    if root.tag == f"{DAV}sync-collection":
        return await _synced(asked, root, book, names)
    return web.Response(status=403, body=dav.problem(f"{DAV}supported-report"), headers={hdrs.CONTENT_TYPE: XML})


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def _wanted_cards(asked: _Asked, root: etree._Element, book: AddressBook) -> Iterator[Found]:
    for one in root.findall(f"{DAV}href"):
        address = (one.text or "").strip()
        card = book.cards.get(_file(urlsplit(address).path))
        yield asked.card(card) if card else Found(address, None)


async def _synced(
    asked: _Asked, root: etree._Element, book: AddressBook, names: frozenset[str] | None
) -> web.Response:
    """What has changed since a token; a client whose token is forgotten begins anew."""
    token = root.findtext(f"{DAV}sync-token", "").strip()
    if not token:
        return await _multistatus(map(asked.card, book.cards.values()), names, book.token)
    then = asked.request.app[STATES].etags(asked.key.name, token)
    if then is None:
        return web.Response(status=403, body=dav.problem(f"{DAV}valid-sync-token"), headers={hdrs.CONTENT_TYPE: XML})
    changed = (asked.card(card) for file, card in book.cards.items() if then.get(file) != card.etag)
    gone = (Found(asked.address(file), None) for file in then if file not in book.cards)
    return await _multistatus(chain(changed, gone), names, book.token)


async def _multistatus(found: Iterable[Found], names: frozenset[str] | None, token: str = "") -> web.Response:
    """The answer, made in a thread: a book may have tens of thousands of cards."""
    body = await asyncio.to_thread(dav.multistatus, found, names, token)
    return web.Response(status=207, body=body, headers={hdrs.CONTENT_TYPE: XML, "DAV": _ABOUT["DAV"]})


def _file(path: str) -> str:
    """The name of a card in an address."""
    return unquote(path.rpartition("/")[2])
