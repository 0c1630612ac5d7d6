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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    count = len(page.items) if page.screen == "list" else len(page.groups)
    book = etree.Element(
        "book",
        title=names.clean(page.title),
        screen=page.screen,
        search=names.clean(page.term),
        total=str(page.total),
        first=str(page.start + 1 if count else 0),
        last=str(page.start + count if count else 0),
    )
    for name, value in page.params.items():
        etree.SubElement(book, "param", name=name).text = names.clean(value)
    links = dict(page.links)
    for group in page.groups:
        own = {"href": links.pop(group.id)} if group.id in links else {}
        etree.SubElement(book, "group", {"id": group.id, "name": group.name} | own)
    _entries(book, page)
    for relation, href in links.items():
        etree.SubElement(book, "link", rel=relation, href=href, query="&" if "?" in href else "?")
    return book


def failure(error: BridgeError) -> etree._Element:
    """The neutral document of an error."""
    element = etree.Element("error", status=str(error.status), name=type(error).__name__)
    element.text = names.clean(str(error))
    return element


def _entries(book: etree._Element, page: Page) -> None:
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
        element = etree.SubElement(book, "entry", attributes | _details(entry))
        for number in item.numbers:
            own = {"label": number.label, "word": number.word}
            if number.slot:
                own["slot"] = number.slot
            if number.extension:
                own["extension"] = number.extension
            etree.SubElement(element, "number", own).text = number.dialled


def _details(entry: Entry) -> dict[str, str]:
    texts = (("title", entry.title), ("department", entry.department), ("email", entry.email))
    details = {name: names.clean(text) for name, text in texts if text}
    if entry.primary:
        details["primary"] = "1"
    if entry.important:
        details["important"] = "1"
    return details
