"""The neutral document that every stylesheet reads, and nothing but it.

::

    <book title="…" screen="list" search="…" total="40" first="33" last="40">
      <param name="type">pr</param>                      parameters the format echoes
      <group id="12" name="…" href="…"/>                 groups in use; href in menus
      <entry kind="contact" id="7" name="…" first="…" last="…" client="…" title="…" department="…" email="…"
             group="12" group-name="…" group-position="1" primary="1" important="1">
        <number label="work" word="Work" slot="office" extension="12">+4930…</number>
      </entry>
      <link rel="next" href="…" query="&amp;"/>        start, list, search, next, previous; query joins a parameter
    </book>

    <error status="503" name="NotReady">…</error>
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from lxml import etree

from bridge.directory.entries import Entry
from bridge.errors import BridgeError
from bridge.phonebook import names
from bridge.phonebook.fit import Item
from bridge.phonebook.view import Group


@dataclass(frozen=True, slots=True)
class Page:
    """What one document holds.

    Attributes:
        title: Heading.
        screen: ``list``, ``menu`` or ``search``.
        term: What was searched for.
        total: How many items there are on all pages.
        start: Index of the first item here.
        items: The items of a list.
        groups: The groups of a list's items, or a menu's.
        links: Absolute addresses by relation: start, list, search, next, previous; of a group by its id.
        params: Those of the request that the format echoes.
    """

    title: str
    screen: str
    term: str = ""
    total: int = 0
    start: int = 0
    items: Sequence[Item] = ()
    groups: tuple[Group, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)


def build(page: Page) -> etree._Element:
    """The neutral document of a page."""
    book = etree.Element("book", _head(page))
    book.extend(_parts(page))
    return book


def written(page: Page) -> bytes:
    """The same as bytes, entry by entry: a tree of tens of thousands is freed in one go, which holds everybody up."""
    file = BytesIO()
    with etree.xmlfile(file, encoding="utf-8") as out, out.element("book", _head(page)):
        for part in _parts(page):
            out.write(part)
    return file.getvalue()


def _head(page: Page) -> dict[str, str]:
    count = len(page.items) if page.screen == "list" else len(page.groups)
    return {
        "title": names.clean(page.title),
        "screen": page.screen,
        "search": names.clean(page.term),
        "total": str(page.total),
        "first": str(page.start + 1 if count else 0),
        "last": str(page.start + count if count else 0),
    }


def _parts(page: Page) -> Iterator[etree._Element]:
    for name, value in page.params.items():
        yield _text("param", value, name=name)
    links = dict(page.links)
    for group in page.groups:
        own = {"href": links.pop(group.id)} if group.id in links else {}
        yield etree.Element("group", {"id": group.id, "name": group.name} | own)
    yield from _entries(page)
    for relation, href in links.items():
        yield etree.Element("link", rel=relation, href=href, query="&" if "?" in href else "?")


def failure(error: BridgeError) -> etree._Element:
    """The neutral document of an error."""
    return _text("error", str(error), status=str(error.status), name=type(error).__name__)


def _text(tag: str, text: str, **attributes: str) -> etree._Element:
    element = etree.Element(tag, attributes)
    element.text = names.clean(text)
    return element


def _entries(page: Page) -> Iterator[etree._Element]:
    positions = {group.id: str(at) for at, group in enumerate(page.groups, 1)}
    for item in page.items:
        line, entry = item.line, item.line.entry
        attributes = {
            "kind": entry.kind.value,
            "id": str(entry.id),
            "name": item.shown,
            "first": item.first,
            "last": item.last,
            "client": line.client,
        }
        if line.group:
            attributes |= {"group": line.group.id, "group-name": line.group.name}
            attributes["group-position"] = positions[line.group.id]
        element = etree.Element("entry", attributes | _details(entry))
        for number in item.numbers:
            own = {"label": number.label, "word": number.word}
            if number.slot:
                own["slot"] = number.slot
            if number.extension:
                own["extension"] = number.extension
            etree.SubElement(element, "number", own).text = number.dialled
        yield element


def _details(entry: Entry) -> dict[str, str]:
    texts = (("title", entry.title), ("department", entry.department), ("email", entry.email))
    details = {name: names.clean(text) for name, text in texts if text}
    if entry.primary:
        details["primary"] = "1"
    if entry.important:
        details["important"] = "1"
    return details
