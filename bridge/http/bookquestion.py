"""What a phone asks for: its path, parameters and headers, read into one question."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import hdrs, web

from bridge.access.keys import Feature, Key
from bridge.access.phones import MAX_CHARS, Phone
from bridge.errors import BadParameter, NotFound
from bridge.http import query
from bridge.http.keys import require, secret
from bridge.http.proxies import PREFIX
from bridge.http.state import IN_USE
from bridge.phonebook.formats import AUTO, Format, Formats
from bridge.phonebook.pages import Ask, Wish
from bridge.phonebook.stylesheets import CHARSET
from bridge.phonebook.view import View

PLACE = "place"
_MAC = re.compile(r"(?<![0-9a-z])[0-9a-f]{2}(?:[:-]?[0-9a-f]{2}){5}(?![0-9a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a format's addresses a request is.

    Attributes:
        base: Path of the book, with the key where the path has one.
        key: The secret in the path, if there is one.
        file: What the phone appended, in lower case; may be empty.
    """

    row: Format
    base: str
    key: str | None
    file: str


@dataclass(frozen=True, slots=True)
class Question:
    """A request, read.

    Attributes:
        params: Those of the query and of a posted form, names in lower case.
        key: The key it was asked with.
        wish: The document wanted.
        phone: Who asks.
    """

    place: Place
    params: Mapping[str, str]
    key: Key
    wish: Wish
    phone: Phone

    def still_holds(self, request: web.Request) -> bool:
        """Whether the same request may be answered the same way: its key is good, and has not changed.

        Raises:
            KeyWrong: The key was revoked or has expired.
            FeatureDenied: It may not be used from there.
        """
        return allowed(request, self.place, self.params) is self.key


def identity(request: web.Request) -> tuple[object, ...]:
    """All of a request without a body that its question is read from."""
    headers = request.headers
    return (
        request.raw_path,
        headers.get(hdrs.AUTHORIZATION),
        headers.get(hdrs.USER_AGENT),
        headers.get(hdrs.HOST),
        headers.get(hdrs.ACCEPT_CHARSET),
        request.remote,
        request.scheme,
        request.get(PREFIX),
    )


def place(request: web.Request, formats: Formats) -> Place:
    """Read the path.

    Raises:
        NotFound: No such format, or no such file of it.
    """
    parts = [part for part in request.match_info[PLACE].split("/") if part]
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
    if file and row.files and not _is_file(row, file):
        raise NotFound(f"{row.title} has no file {file}; there is {', '.join(row.files)}.")
    base = "/".join(["", "phonebook", name, *(quote(part, safe="") for part in rest)])
    return Place(row, base, rest[0] if rest else None, file.lower())


def allowed(request: web.Request, where: Place, *params: Mapping[str, str]) -> Key:
    """The key of a request, good for phonebooks.

    Raises:
        KeyMissing: There is none.
        KeyWrong: It is unknown, revoked or expired, or there are several that differ.
        TooMany: The same, and too many wrong ones came lately.
        FeatureDenied: It does not open phonebooks, or not from there.
    """
    if where.key is not None:
        request.match_info["key"] = where.key
    return require(request, Feature.PHONEBOOK, *params)


async def keyed(request: web.Request, where: Place) -> tuple[Key, dict[str, str]]:
    """The key of a request and its parameters: those of the query, then of a posted form.

    The form is read only after the key was found, where it is not in the form itself.

    Raises:
        RequestError: See ``allowed``.
    """
    asked_for = _parameters(request.rel_url.raw_query_string)
    if request.method != hdrs.METH_POST or request.content_type != "application/x-www-form-urlencoded":
        return allowed(request, where, asked_for), asked_for
    if where.key is not None or secret(request, asked_for):
        allowed(request, where, asked_for)
    form = _parameters((await request.read()).decode("utf-8", "surrogateescape"))
    return allowed(request, where, asked_for, form), {**form, **asked_for}


def _parameters(raw: str) -> dict[str, str]:
    """Of a repeated one the first, names in lower case."""
    pairs = [pair.partition("=") for pair in raw.split("&")]
    return {query.text(name).lower(): query.text(value.replace("+", " ")) for name, _, value in reversed(pairs)}


def question(request: web.Request, where: Place, params: Mapping[str, str], key: Key) -> Question:
    """What is asked for, with a key.

    Raises:
        BadParameter: A parameter is wrong.
    """
    view = View.of(where.row, key.phonebook, key.numbers.region, key.clients, params)
    ask = Ask.of(
        where.row,
        params,
        screen=where.file,
        base=_origin(request) + request.get(PREFIX, "") + where.base if where.row.linked else "",
        charset=_charset(request) if where.row.charset_asked else CHARSET,
    )
    return Question(where, params, key, Wish(where.row, view, ask), phone(request, where.row, params, key))


def _origin(request: web.Request) -> str:
    """Scheme, host and explicit port: a Cisco 79xx forgets a port that is not written.

    Raises:
        BadParameter: The phone's Host header makes no address.
    """
    public = request.app[IN_USE].settings.http.public_url
    if public is not None:
        host = public.host or ""
        return f"{public.scheme}://{host}:{public.port}{(public.path or '').rstrip('/')}"
    try:
        url = request.url
    except ValueError as error:
        raise BadParameter("The Host header cannot be read; set http.public_url.") from error
    return f"{url.scheme}://{url.host_subcomponent}:{url.port}"


def _charset(request: web.Request) -> str:
    """ISO-8859-1 where Accept-Charset likes it better than UTF-8, as a Cisco 7940 does."""
    liked = weights(request, hdrs.ACCEPT_CHARSET)
    utf8, latin1 = (liked.get(name, liked.get("*", 0.0)) for name in ("utf-8", "iso-8859-1"))
    return "iso-8859-1" if latin1 > utf8 else CHARSET


def weights(request: web.Request, header: str) -> dict[str, float]:
    """What a header accepts, and how gladly (RFC 9110 section 12.4.2); an unreadable weight accepts nothing."""
    weights = {}
    for part in request.headers.get(header, "").lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        with contextlib.suppress(ValueError):
            weights[name] = float(weight or 1)
    return weights


def phone(request: web.Request, row: Format, params: Mapping[str, str], key: Key) -> Phone:
    """Who asks, for the list of phones."""
    user_agent = request.headers.get(hdrs.USER_AGENT, "")[:MAX_CHARS]
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


def _is_file(row: Format, name: str) -> bool:
    return row.owns(name) or name.lower() in row.screens
