"""WebDAV's XML: what a client asks for, and the ``multistatus`` that answers (RFC 4918, 14).

Names are written as lxml writes them: ``{DAV:}getetag``. Answers are written as text, piece by piece: a tree of 50,000
cards takes seconds to make, and nobody else has a turn while it is written and freed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NewType
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from bridge.errors import BadParameter

DAV = "{DAV:}"
CARD = "{urn:ietf:params:xml:ns:carddav}"
SERVER = "{http://calendarserver.org/ns/}"
_PREFIXES: Final[Mapping[str | None, str]] = {"DAV:": "d", CARD[1:-1]: "card", SERVER[1:-1]: "cs"}
_DECLARED = " ".join(f'xmlns:{prefix}="{namespace}"' for namespace, prefix in _PREFIXES.items())
_KEPT_TAGS = 1024

# No entities, no DTD, nothing fetched; depth and size are bounded by lxml and by the length of a body.
_PARSER = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)

# Told only to who names it (RFC 6352, 10.4).
NOT_UNASKED = frozenset({f"{CARD}address-data"})

# An element as it is written.
Xml = NewType("Xml", str)
# A property: nothing (it is there and empty), a text, or elements.
Property = str | Sequence[Xml] | None


@dataclass(frozen=True, slots=True)
class Found:
    """A resource in a ``multistatus``.

    Attributes:
        href: Its address, escaped.
        properties: Those it has, by name; None: it is not there.
    """

    href: str
    properties: Mapping[str, Property] | None


def read(body: bytes) -> etree._Element | None:
    """The root of a body; None where there is no body.

    Raises:
        BadParameter: It is not XML, or it has a document type.
    """
    if not body.strip():
        return None
    try:
        root = etree.fromstring(body, _PARSER)
    except etree.XMLSyntaxError as error:
        raise BadParameter("The body is not XML as WebDAV has it (RFC 4918).") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadParameter("The body has a document type; WebDAV's bodies have none.")
    return root


def wanted(root: etree._Element | None) -> frozenset[str] | None:
    """The names of the properties that are asked for; None for all."""
    prop = root.find(f"{DAV}prop") if root is not None else None
    return None if prop is None else frozenset(str(child.tag) for child in prop.iterchildren("*"))


def element(name: str, *children: Xml, text: str = "", attributes: Mapping[str, str] | None = None) -> Xml:
    """An element."""
    begin, end = _tags(name)
    for key, value in (attributes or {}).items():
        begin = f"{begin} {key}={quoteattr(value)}"
    # A parser takes CR LF for LF, unless the CR is written so (XML 1.0, 2.11).
    inner = escape(text, {"\r": "&#13;"}) if text else "".join(children)
    return Xml(f"<{begin}>{inner}</{end}>" if inner else f"<{begin}/>")


@lru_cache(_KEPT_TAGS)
def _tags(name: str) -> tuple[str, str]:
    """What an element of this name begins and ends with."""
    parts = etree.QName(name)
    if parts.namespace is None:
        return parts.localname, parts.localname
    prefix = _PREFIXES.get(parts.namespace)
    if prefix is None:
        return f"x:{parts.localname} xmlns:x={quoteattr(parts.namespace)}", f"x:{parts.localname}"
    return f"{prefix}:{parts.localname}", f"{prefix}:{parts.localname}"


def href(address: str) -> Xml:
    """``<d:href>``."""
    return element(f"{DAV}href", text=address)


def multistatus(found: Iterable[Found], names: frozenset[str] | None, token: str = "") -> bytes:
    """The answer to PROPFIND and REPORT.

    Args:
        found: The resources.
        names: The properties that were asked for; None for all that there are.
        token: The state of the address book, where that was asked for.
    """
    end = element(f"{DAV}sync-token", text=token) if token else Xml("")
    return _document("d:multistatus", (_response(one, names) for one in found), end)


def problem(precondition: str) -> bytes:
    """The body of an answer that says which precondition failed (RFC 4918, 16)."""
    return _document("d:error", (element(precondition),))


def _document(root: str, children: Iterable[Xml], end: str = "") -> bytes:
    begin = f'<?xml version="1.0" encoding="utf-8"?>\n<{root} {_DECLARED}>'
    return b"".join([begin.encode(), *(child.encode() for child in children), f"{end}</{root}>".encode()])


def _response(one: Found, names: frozenset[str] | None) -> Xml:
    if one.properties is None:
        return element(f"{DAV}response", href(one.href), _status("404 Not Found"))
    return element(f"{DAV}response", href(one.href), *_propstats(one.properties, names))


def _propstats(properties: Mapping[str, Property], names: frozenset[str] | None) -> Iterator[Xml]:
    has = [name for name in properties if (name in names if names is not None else name not in NOT_UNASKED)]
    if has or not names:
        yield _propstat([_property(name, properties[name]) for name in has], "200 OK")
    if missing := sorted((names or frozenset()) - properties.keys()):
        yield _propstat([element(name) for name in missing], "404 Not Found")


def _propstat(properties: Iterable[Xml], status: str) -> Xml:
    return element(f"{DAV}propstat", element(f"{DAV}prop", *properties), _status(status))


def _property(name: str, value: Property) -> Xml:
    if isinstance(value, str):
        return element(name, text=value)
    return element(name, *(value or ()))


def _status(status: str) -> Xml:
    return element(f"{DAV}status", text=f"HTTP/1.1 {status}")
