"""WebDAV's XML: what a client asks for, and the ``multistatus`` that answers (RFC 4918, 14).

Names are written as lxml writes them: ``{DAV:}getetag``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from bridge.errors import BadParameter

DAV = "{DAV:}"
CARD = "{urn:ietf:params:xml:ns:carddav}"
SERVER = "{http://calendarserver.org/ns/}"
_PREFIXES = {"d": "DAV:", "card": CARD[1:-1], "cs": SERVER[1:-1]}

# No entities, no DTD, nothing fetched; depth and size are bounded by lxml and by the length of a body.
_PARSER = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)

# Told only to who names it (RFC 6352, 10.4).
NOT_UNASKED = frozenset({f"{CARD}address-data"})

# A property: nothing (it is there and empty), a text, or elements.
Property = str | Sequence[etree._Element] | None


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


def element(name: str, *children: etree._Element, text: str = "") -> etree._Element:
    """An element."""
    made = etree.Element(name, nsmap=_PREFIXES)
    made.extend(children)
    made.text = text or None
    return made


def href(address: str) -> etree._Element:
    """``<d:href>``."""
    return element(f"{DAV}href", text=address)


def multistatus(found: Iterable[Found], names: frozenset[str] | None, token: str = "") -> bytes:
    """The answer to PROPFIND and REPORT.

    Args:
        found: The resources.
        names: The properties that were asked for; None for all that there are.
        token: The state of the address book, where that was asked for.
    """
    root = element(f"{DAV}multistatus")
    root.extend(_response(one, names) for one in found)
    if token:
        root.append(element(f"{DAV}sync-token", text=token))
    return _bytes(root)


def problem(precondition: str) -> bytes:
    """The body of an answer that says which precondition failed (RFC 4918, 16)."""
    return _bytes(element(f"{DAV}error", element(precondition)))


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _response(one: Found, names: frozenset[str] | None) -> etree._Element:
    if one.properties is None:
        return element(f"{DAV}response", href(one.href), _status("404 Not Found"))
    return element(f"{DAV}response", href(one.href), *_propstats(one.properties, names))


def _propstats(properties: Mapping[str, Property], names: frozenset[str] | None) -> Iterator[etree._Element]:
    has = [name for name in properties if (name in names if names is not None else name not in NOT_UNASKED)]
    if has or not names:
        yield _propstat([_property(name, properties[name]) for name in has], "200 OK")
    if missing := sorted((names or frozenset()) - properties.keys()):
        yield _propstat([element(name) for name in missing], "404 Not Found")


def _propstat(properties: Iterable[etree._Element], status: str) -> etree._Element:
    return element(f"{DAV}propstat", element(f"{DAV}prop", *properties), _status(status))


def _property(name: str, value: Property) -> etree._Element:
    if isinstance(value, str):
        return element(name, text=value)
    return element(name, *(value or ()))


def _status(status: str) -> etree._Element:
    return element(f"{DAV}status", text=f"HTTP/1.1 {status}")
