"""Reads the head of an HTTP/1.1 request, mends its request line, and refuses what aiohttp would refuse (no I/O).

Phone systems write request lines by hand: Asterisk's CURL() sends blanks and bytes above 127 as the dialplan has them
(RFC 9112, 3 allows neither). Those are percent-encoded here. Everything else is taken as strictly as aiohttp takes
it, because what aiohttp refuses by itself gets a text that a phone would show as the caller's name.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final, NamedTuple

END = b"\r\n\r\n"
# aiohttp's own limits.
MAX_LINE = 8190
MAX_FIELD = 8190
MAX_FIELDS = 128
MAX_HEAD = 64 * 1024

METHODS: Final = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"PROPFIND", b"REPORT"})
# RFC 9110: fields that have one value; two of one are how requests are smuggled past a proxy.
SINGLE: Final = frozenset(
    {
        *(b"host", b"content-length", b"transfer-encoding", b"content-type", b"content-location", b"content-range"),
        *(b"etag", b"max-forwards", b"server", b"user-agent", b"authorization", b"expect"),
    }
)
# Fields of a protocol that is not spoken here, and that aiohttp does not take or would wait for.
# An unknown expectation may be passed over (RFC 9110, 10.1.1); aiohttp would answer it with a text.
_FOREIGN_FIELD = re.compile(
    rb"(?im)^(?:(?:upgrade|http2-settings|sec-websocket-key1):|expect:(?![ \t]*100-continue[ \t]*\r))[^\r]*\r\n"
)
# A field that says more than the request line: who asks, what follows, or how the connection goes on.
_MEANING: Final = frozenset(
    {
        *(b"authorization", b"connection", b"content-length", b"expect", b"transfer-encoding", b"upgrade"),
        *(b"http2-settings", b"sec-websocket-key1"),
        *(b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-prefix", b"x-real-ip", b"via"),
    }
)

_FIELD = rb"[!#-'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n"
_ORDINARY = re.compile(rb"GET (/[!-\"$-~]*) HTTP/1\.1\r\n((?:" + _FIELD + rb")+)\r\n")
_FIELDS = re.compile(rb"(?:" + _FIELD + rb")*\r\n")
_NAME = re.compile(rb"(?m)^([^:]+):")
_LINE = re.compile(rb"([A-Z]+) (.*) HTTP/1\.([01])\r\n", re.DOTALL)
_AUTHORITY = re.compile(rb"(?i)https?://[^/?\x00-\x20]+")
# RFC 9112, 3: what must not stand in a request target; ``#`` never reaches a server from a browser.
_MEND = re.compile(rb"[\x00-\x20\x7f-\xff#]")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([^\r]*?)[ \t]*\r$")
_CODING = re.compile(rb"(?im)^transfer-encoding:[ \t]*([^\r]*?)[ \t]*\r$")
_CLOSE = re.compile(rb"(?im)^connection:[^\r]*\bclose\b")
_KEEP = re.compile(rb"(?im)^connection:[^\r]*\bkeep-alive\b")
# Where a phone system asks; also where an old folder or a proxy's prefix stands before it.
_CALLER_ID = re.compile(rb"(?i)api\.php|/callerid|[?&](?:cid|number)=")


class BadHead(Exception):
    """A head that aiohttp would refuse, or that no caller of ours sends; the text never holds what was sent.

    Attributes:
        caller_id: It is meant for a caller-ID path, so that the answer must have no text.
    """

    def __init__(self, why: str, *, caller_id: bool = False) -> None:
        super().__init__(why)
        self.caller_id = caller_id


class Head(NamedTuple):
    """A head that can be given to aiohttp.

    Attributes:
        octets: The head, its line mended.
        target: The request target, mended.
        plain: Its line says everything: a GET without a body, and without fields that say more.
        body: Bytes of the body that follow; None: in chunks, so that the connection ends with it.
    """

    octets: bytes
    target: str
    plain: bool
    body: int | None


def read(octets: bytes) -> Head:
    """Read one head.

    Args:
        octets: From the first byte of the request line to the empty line.

    Raises:
        BadHead: It is none.
    """
    if (ordinary := _ORDINARY.fullmatch(octets)) and len(octets) <= MAX_FIELD:
        names = _NAME.findall(ordinary[2].lower())
        if b"host" in names and len(set(names)) == len(names) < MAX_FIELDS and _MEANING.isdisjoint(names):
            return Head(octets, ordinary[1].decode("ascii"), plain=True, body=0)
    return _read_unusual(octets)


def about_caller_id(octets: bytes) -> bool:
    """Whether the beginning of a request, whole or not, is meant for caller ID."""
    return _CALLER_ID.search(octets, 0, MAX_HEAD) is not None


def _read_unusual(octets: bytes) -> Head:
    line, newline, fields = octets.partition(b"\r\n")
    try:
        target = _target(line + newline)
        names = _names(fields)
        body = _body(fields, line)
    except BadHead as error:
        raise BadHead(str(error), caller_id=about_caller_id(line)) from None
    method, version = line.partition(b" ")[0], line[-1:]
    if version == b"1" and b"host" not in names:
        raise BadHead("it names no host", caller_id=about_caller_id(line))
    fields = _FOREIGN_FIELD.sub(b"", fields)
    if body is None and not _CLOSE.search(fields):
        fields = b"Connection: close\r\n" + fields
    plain = method == b"GET" and version == b"1" and _MEANING.isdisjoint(names)
    mended = b"%b %b HTTP/1.%b\r\n%b" % (method, target, version, fields)
    return Head(mended, target.decode("ascii"), plain, body)


def _target(line: bytes) -> bytes:
    if len(line) > MAX_LINE:
        raise BadHead("its request line is too long")
    if not (match := _LINE.fullmatch(line)) or match[1] not in METHODS:
        raise BadHead("its request line is none of HTTP/1.1")
    target = _MEND.sub(lambda found: b"%%%02X" % found[0][0], match[2])
    target = _AUTHORITY.sub(b"", target, count=1) if not target.startswith(b"/") else target
    if not target.startswith((b"/", b"?")):
        raise BadHead("its request line names no path")
    target = target if target.startswith(b"/") else b"/" + target
    if len(target) > MAX_LINE:
        raise BadHead("its request line is too long")
    return target


def _names(fields: bytes) -> list[bytes]:
    if not _FIELDS.fullmatch(fields):
        raise BadHead("its header fields are not those of HTTP/1.1")
    if len(fields) > MAX_FIELD and max(map(len, fields.split(b"\r\n"))) > MAX_FIELD:
        raise BadHead("a header field is too long")
    names = _NAME.findall(fields.lower())
    if len(names) >= MAX_FIELDS:
        raise BadHead("it has too many header fields")
    if any(count > 1 and name in SINGLE for name, count in Counter(names).items()):
        raise BadHead("it has a header field twice that has one value")
    return names


def _body(fields: bytes, line: bytes) -> int | None:
    length, coding = _LENGTH.search(fields), _CODING.search(fields)
    if coding:
        if length or coding[1].lower() != b"chunked" or line.endswith(b"0"):
            raise BadHead("its body has no length that can be trusted")
        return None
    if length and not (length[1].isdigit() and len(length[1]) < 16):
        raise BadHead("its body has no length that can be trusted")
    return int(length[1]) if length else 0
