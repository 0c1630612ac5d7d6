"""``/phonebook/FORMAT``: books for phones, under every address that a maker lets one type.

A format alone, a format and a file name, or a format, a key and a file name; doubled slashes and any case are
fine. ``auto`` as the format goes by the User-Agent. Faults become statuses that a phone understands: a
missing or wrong key is 401 with a Basic challenge, since many phones have fields for user and password.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import hdrs, web

from bridge.access.keys import Feature, Key
from bridge.access.phones import USER_AGENT_CHARS, Phone, Phones
from bridge.errors import BadParameter, BridgeError, NotFound
from bridge.http import query
from bridge.http.keys import require
from bridge.http.state import MIRROR, SETTINGS, STORAGE
from bridge.phonebook.formats import AUTO, Format, Formats
from bridge.phonebook.render import Ask, Book, Books
from bridge.phonebook.view import View
from bridge.settings import PhonebookSection

BOOKS = web.AppKey("BOOKS", Books)
PHONES = web.AppKey("PHONES", Phones)

routes = web.RouteTableDef()

PATH = "/{slashes:/*}phonebook/{place:.*}"
_READ = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_POST)
_CARRIED = ("api_key", "client_id", *PhonebookSection.model_fields)
_MAC = re.compile(r"(?<![0-9a-z])[0-9a-f]{2}(?:[:-]?[0-9a-f]{2}){5}(?![0-9a-z])", re.IGNORECASE)
# What ITFlow's own script gave: one entry a client, vendors, and nothing else.
_LEGACY = {"contacts": "primary", "locations": "false", "name_form": "client-name"}
LEGACY = "legacy"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a format's addresses a request is.

    Attributes:
        base: Path of the book, with the key where the path has one.
        file: What the phone appended; may be empty.
    """

    row: Format
    base: str
    file: str


async def keep_books(app: web.Application) -> AsyncIterator[None]:
    """What the door needs while the application runs: formats, kept books, and what phones fetched.

    Raises:
        SettingsError: A format of the user's own folder is wrong.
    """
    app[BOOKS] = Books(Formats(app[SETTINGS].phonebook.templates))
    app[PHONES] = Phones(app[STORAGE])
    async with app[PHONES].flushing():
        yield


@routes.route(hdrs.METH_ANY, PATH)
async def handle(request: web.Request) -> web.StreamResponse:
    """Answer a phone."""
    place = _place(request)
    try:
        return await _answer(request, place)
    except BridgeError as error:
        if not place.row.errors or error.status in {401, 403}:
            raise
        body = request.app[BOOKS].failure(place.row, error)
        return web.Response(body=body, content_type=place.row.content_type, charset="utf-8")


async def book_response(
    request: web.Request, key: Key, format_name: str, params: Mapping[str, str]
) -> web.StreamResponse:
    """A whole book, for doors with an address of their own.

    Args:
        request: For its method and its conditional and encoding headers.
        key: Already found good for :attr:`Feature.PHONEBOOK`.
        format_name: ``legacy`` gives ITFlow's old document, with that script's choice of entries where
            ``params`` does not say otherwise (``contacts=all``).
        params: As in the query of ``/phonebook/FORMAT``.

    Raises:
        BadParameter: A parameter is wrong.
        NotFound: There is no such format.
        NotReady: There is no mirror yet.
    """
    row = request.app[BOOKS].formats.get(format_name)
    own = {**_LEGACY, **params} if format_name == LEGACY else params
    return await _book(request, row, key, own, Ask())


def _place(request: web.Request) -> _Place:
    """Read the path, and put a key that stands in it where :func:`require` looks for it.

    Raises:
        NotFound: No such format, or no such file of it.
    """
    parts = [part for part in request.match_info["place"].split("/") if part]
    formats = request.app[BOOKS].formats
    if not parts:
        raise NotFound(f"Name a format: /phonebook/FORMAT. There are: {', '.join(row.name for row in formats)}")
    name, *rest = parts
    if name.lower() == AUTO:
        row = formats.for_phone(request.headers.get(hdrs.USER_AGENT, ""), rest[-1] if rest else "")
    else:
        row = formats.get(name)
    if len(rest) > 2:
        raise NotFound("Too many parts in the path; it is /phonebook/FORMAT/KEY/FILE.")
    file = rest.pop() if rest and (len(rest) == 2 or _is_file(row, rest[-1])) else ""
    if rest:
        request.match_info["key"] = rest[0]
    if file and row.files and not _is_file(row, file):
        raise NotFound(f"{row.title} has no file {file}; there is {', '.join(row.files)}.")
    return _Place(row, "/".join(["", "phonebook", name, *map(quote, rest)]), file.lower())


def _is_file(row: Format, name: str) -> bool:
    return row.owns(name) or name.lower() in row.screens


async def _answer(request: web.Request, place: _Place) -> web.StreamResponse:
    params = await _params(request)
    key = require(request, Feature.PHONEBOOK, params)
    if request.method == hdrs.METH_PUT and place.row.put:
        async for _ in request.content.iter_chunked(65_536):
            pass
        return web.Response(text="")
    if request.method not in _READ:
        raise web.HTTPMethodNotAllowed(request.method, _READ)
    return await _book(request, place.row, key, params, _ask(request, place, params))


async def _params(request: web.Request) -> dict[str, str]:
    """Those of the query, then of a posted form; of a repeated one the first, names in lower case."""
    pairs = [pair.partition("=") for pair in request.rel_url.raw_query_string.split("&")]
    params = {query.text(name).lower(): query.text(value.replace("+", " ")) for name, _, value in reversed(pairs)}
    if request.method == hdrs.METH_POST and request.content_type == "application/x-www-form-urlencoded":
        params = {name.lower(): str(value) for name, value in (await request.post()).items()} | params
    return params


def _ask(request: web.Request, place: _Place, params: Mapping[str, str]) -> Ask:
    row = place.row
    screen = params.get("screen", place.file).lower()
    return Ask(
        screen=screen if screen in row.screens else row.screens[0] if not _asks(row, params) else "list",
        term=" ".join(word for name in row.search_params if (word := params.get(name, "").replace("*", " ").strip())),
        offset=max(0, _count(params, row.offset_param, row.offset_base) - row.offset_base),
        count=_count(params, row.count_param),
        max_bytes=_count(params, row.bytes_param),
        base=_origin(request) + place.base if row.linked else "",
        carried=tuple((name, params[name]) for name in _CARRIED if name in params) if row.linked else (),
        echoed=tuple((name, params[name]) for name in row.echo_params if name in params),
        charset=_charset(request) if row.charset_asked else "utf-8",
    )


def _asks(row: Format, params: Mapping[str, str]) -> bool:
    """Whether the parameters already say what to list, so that no menu is wanted."""
    return any(params.get(name) for name in (*row.search_params, row.offset_param, "group"))


def _count(params: Mapping[str, str], name: str, default: int = 0) -> int:
    text = params.get(name, "")
    if not name or not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise BadParameter(f"{name} must be a number of at most nine digits.")
    return int(text)


def _origin(request: web.Request) -> str:
    """Scheme, host and explicit port: a Cisco 79xx forgets a port that is not written."""
    public = request.app[SETTINGS].http.public_url
    if public is not None:
        host = public.host or ""
        return f"{public.scheme}://{host}:{public.port}{(public.path or '').rstrip('/')}"
    url = request.url
    return f"{url.scheme}://{url.host_subcomponent}:{url.port}"


def _charset(request: web.Request) -> str:
    """ISO-8859-1 where Accept-Charset likes it better than UTF-8, as a Cisco 7940 does."""
    liked = _weights(request, hdrs.ACCEPT_CHARSET)
    utf8, latin1 = (liked.get(name, liked.get("*", 0.0)) for name in ("utf-8", "iso-8859-1"))
    return "iso-8859-1" if latin1 > utf8 else "utf-8"


def _weights(request: web.Request, header: str) -> dict[str, float]:
    """What a header accepts, and how gladly (RFC 9110 section 12.4.2); an unreadable weight accepts nothing."""
    weights = {}
    for part in request.headers.get(header, "").lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        with contextlib.suppress(ValueError):
            weights[name] = float(weight or 1)
    return weights


async def _book(
    request: web.Request, row: Format, key: Key, params: Mapping[str, str], ask: Ask
) -> web.StreamResponse:
    wanted = View.of(row, key.phonebook, key.numbers.region, key.clients, params)
    book = await request.app[BOOKS].book(request.app[MIRROR].snapshot, row, wanted, ask)
    request.app[PHONES].note(_phone(request, row, key, params), book.entries)
    return _response(request, row, book)


def _response(request: web.Request, row: Format, book: Book) -> web.Response:
    zipped = book.zipped is not None and _weights(request, hdrs.ACCEPT_ENCODING).get("gzip", 0) > 0
    etag = f"{book.etag}-gzip" if zipped else book.etag
    headers = {
        hdrs.CONTENT_TYPE: book.content_type,
        hdrs.CACHE_CONTROL: "private, max-age=0, must-revalidate",
        hdrs.ETAG: f'"{etag}"',
        hdrs.VARY: f"{hdrs.ACCEPT_ENCODING}, {hdrs.AUTHORIZATION}",
        **row.headers,
    }
    age_s = request.app[MIRROR].freshness.people_age_s(dt.datetime.now(dt.UTC))
    if age_s is not None:
        headers[hdrs.AGE] = str(age_s)
    if book.next_url:
        headers["Refresh"] = f"0; url={book.next_url}"
    if any(known.value in {etag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    if zipped:
        headers[hdrs.CONTENT_ENCODING] = "gzip"
    return web.Response(body=book.zipped if zipped else book.body, headers=headers)


def _phone(request: web.Request, row: Format, key: Key, params: Mapping[str, str]) -> Phone:
    user_agent = request.headers.get(hdrs.USER_AGENT, "")[:USER_AGENT_CHARS]
    return Phone(request.remote or "", _mac(request, params, user_agent), user_agent, row.name, key.name)


def _mac(request: web.Request, params: Mapping[str, str], user_agent: str) -> str:
    """The MAC address a phone tells: in its file name, as ``mac=``, as ``name=SEP…``, or in its User-Agent."""
    file = request.path.rpartition("/")[2]
    if file == request.match_info.get("key"):
        file = ""
    for text in (file, params.get("mac", ""), params.get("name", "").removeprefix("SEP"), user_agent):
        found = _MAC.search(text)
        mac = re.sub("[:-]", "", found[0]).lower() if found else ""
        if mac.strip("0"):
            return mac
    return ""
