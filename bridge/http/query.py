"""The query string as phone systems write it.

Asterisk's CURL() sends what the dialplan put together, unescaped: raw UTF-8 or Latin-1, blanks, even ``&``
inside a name. So the query is read from its raw text, and ``name`` to the very end of it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from aiohttp import BadContentDispositionHeader, BadContentDispositionParam, hdrs, web

from bridge.errors import BadParameter

NAME = "name="

# A plus sign is itself where numbers and names stand, and a blank (HTML's form encoding) everywhere else.
LITERAL_PLUS = frozenset({"cid", "number", "name"})

# LookupError: an unknown charset; RuntimeError: an unknown encoding of a part; Warning: where warnings are errors.
_NO_FORM = (ValueError, LookupError, RuntimeError, Warning)
# aiohttp would print a part's header as it came, terminal escapes included.
warnings.filterwarnings("ignore", category=BadContentDispositionHeader)
warnings.filterwarnings("ignore", category=BadContentDispositionParam)


def read(raw: str) -> dict[str, str]:
    """The parameters of a raw query string; of a repeated one, the first.

    Args:
        raw: The query as it stood in the request line; bytes above 127 as surrogate escapes or percent-encoded.
    """
    head, separator, name = ("", "&", raw[len(NAME) :]) if raw.startswith(NAME) else raw.partition("&" + NAME)
    parameters = _pairs(head, LITERAL_PLUS)
    if separator:
        parameters["name"] = text(name)
    return parameters


def _pairs(raw: str, literal_plus: frozenset[str]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for pair in raw.split("&"):
        if pair:
            field, _, value = pair.partition("=")
            parameters.setdefault(text(field), text(value if field in literal_plus else value.replace("+", " ")))
    return parameters


def text(raw: str) -> str:
    """Percent-decoded text: UTF-8, or Latin-1 where it is not UTF-8."""
    if "%" not in raw and raw.isascii():
        return raw
    octets = unquote_to_bytes(raw.encode("utf-8", "surrogateescape"))
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


async def body(request: web.Request) -> dict[str, str]:
    """The parameters in the body of a POST: a form, or a JSON object of texts and numbers.

    Raises:
        BadParameter: It is neither.
    """
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise BadParameter("The body is compressed; send it without Content-Encoding.")
    parameters = await (_json if request.content_type == "application/json" else _form)(request)
    try:
        "".join([*parameters, *parameters.values()]).encode()
    except UnicodeEncodeError as error:  # half a character (RFC 8259, 8.2) would fail only later
        raise BadParameter("The body holds what is no text.") from error
    return parameters


async def _json(request: web.Request) -> dict[str, str]:
    try:
        given = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise BadParameter("The body is not JSON.") from error
    if not isinstance(given, dict):
        raise BadParameter('The body must be a JSON object such as {"client_id": 1, "name": "PC-1"}')
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise BadParameter(f"{name} must be a text or a whole number")
    return {name: str(value) for name, value in given.items() if value is not None}


async def _form(request: web.Request) -> dict[str, str]:
    if request.content_type != "multipart/form-data":
        # Not aiohttp's reading: it fails on Latin-1.
        return _pairs((await request.read()).decode("utf-8", "surrogateescape"), frozenset())
    return dict(await parts(request))


async def parts(request: web.Request) -> list[tuple[str, str]]:
    """The texts of a ``multipart/form-data`` body, in their order.

    Raises:
        BadParameter: It is none.
    """
    try:
        return [(name, value) for name, value in (await request.post()).items() if isinstance(value, str)]
    except _NO_FORM as error:
        raise BadParameter("The body is not a form.") from error


def whole_number(parameters: Mapping[str, str], name: str) -> int | None:
    """A parameter that counts or names a row; None where it is absent or empty.

    Raises:
        BadParameter: It is no whole number of at most 18 digits.
    """
    value = parameters.get(name, "").strip()
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise BadParameter(f"{name} must be a whole number, such as {name}=1")
    return int(value)


def switch(parameters: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A parameter that is on or off: ``1 true yes on``, ``0 false no off``; ``default`` where absent or empty.

    Raises:
        BadParameter: It is none of these words.
    """
    value = parameters.get(name, "").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        raise BadParameter(f"{name} must be 1 or 0, such as {name}=0")
    return default
