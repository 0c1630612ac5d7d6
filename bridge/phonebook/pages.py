"""Which part of a book one document shows, and the addresses of the others."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Self
from urllib.parse import urlencode

from cachetools.keys import hashkey

from bridge.directory.entries import Entry, Kind, Phone
from bridge.errors import BadParameter
from bridge.phonebook.document import Page
from bridge.phonebook.fit import Item, Share
from bridge.phonebook.formats import Format
from bridge.phonebook.names import Name
from bridge.phonebook.stylesheets import CHARSET
from bridge.phonebook.view import Group, Line, Note, View
from bridge.settings import PhonebookSection

_CARRIED = ("api_key", "client_id", *PhonebookSection.model_fields)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as caller ID shows it.

    Attributes:
        name: The name to show.
        phone: The number that was found.
    """

    name: str
    phone: Phone

    @property
    def line(self) -> Line:
        """The one entry that the phone gets."""
        entry = Entry(Kind.CONTACT, 0, 0, self.name, (self.phone,))
        return Line(entry, Name(self.name, "", self.name), "", (self.phone,), None, 0)


@dataclass(frozen=True, slots=True)
class Ask:
    """Which document of a book a request wants.

    Attributes:
        screen: ``list``, ``menu`` or ``search``.
        term: Text to search for.
        offset: Index of the first item or group wanted.
        count: How many are wanted; 0 for the format's own number.
        max_bytes: Longest document wanted; 0 for any.
        caller: A caller's number, where the phone asks who is calling.
        called: Who that is, where it is known.
        base: Address of the book, for links to its other documents.
        carried: Parameters that those links repeat.
        echoed: Parameters that the stylesheet sees.
        charset: ``utf-8`` or ``iso-8859-1``.
    """

    screen: str = "list"
    term: str = ""
    offset: int = 0
    count: int = 0
    max_bytes: int = 0
    caller: str = ""
    called: Caller | None = None
    base: str = ""
    carried: tuple[tuple[str, str], ...] = ()
    echoed: tuple[tuple[str, str], ...] = ()
    charset: str = CHARSET

    @classmethod
    def of(
        cls, row: Format, params: Mapping[str, str], *, screen: str = "", base: str = "", charset: str = CHARSET
    ) -> Self:
        """What a request's parameters ask for.

        Args:
            row: The phone's format.
            params: Names in lower case.
            screen: The document named in the path, where ``params`` has no ``screen``.
            base: Address of the book.
            charset: What the phone reads.

        Raises:
            BadParameter: A value is wrong.
        """
        for name, value in row.expects.items():
            if params.get(name, value) != value:
                raise BadParameter(f"{name} can be {value} only.")
        # Parameters that already say what to list want no menu.
        asks = any(params.get(name) for name in (*row.search_params, row.offset_param, row.lookup_param, "group"))
        screen = params.get("screen", screen).lower()
        return cls(
            screen=screen if screen in row.screens else "list" if asks else row.screens[0],
            term=" ".join(
                word for name in row.search_params if (word := params.get(name, "").replace("*", " ").strip())
            ),
            offset=max(0, _count(params, row.offset_param, row.offset_base) - row.offset_base),
            count=_count(params, row.count_param),
            max_bytes=_count(params, row.bytes_param),
            caller=params.get(row.lookup_param, "").strip(" *") if row.lookup_param else "",
            base=base if row.linked else "",
            carried=tuple((name, params[name]) for name in _CARRIED if name in params) if row.linked else (),
            echoed=tuple((name, params[name]) for name in row.echo_params if name in params),
            charset=charset,
        )

    @property
    def chars(self) -> int:
        """How long the texts are that came with the request."""
        return len(self.term) + len(self.caller) + len(self.base) + sum(map(len, chain(*self.carried, *self.echoed)))


def _count(params: Mapping[str, str], name: str, default: int = 0) -> int:
    text = params.get(name, "")
    if not name or not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise BadParameter(f"{name} must be a number of at most nine digits.")
    return int(text)


@dataclass(frozen=True, slots=True)
class Wish:
    """A document that somebody wants: the format, what is in the book, and which page."""

    row: Format
    view: View
    ask: Ask
    key: Hashable = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # cachetools' keys know their hash; a view would work it out anew for every request.
        object.__setattr__(self, "key", hashkey(self.row.name, self.view, self.ask))


@dataclass(frozen=True, slots=True)
class Whole:
    """All that a screen has, and how much of it a page takes (0: all)."""

    things: Sequence[Share] | Sequence[Group]
    page_size: int
    notes: Sequence[Note] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """What one page shows: ``count`` were wanted from index ``start`` of ``total``."""

    shown: Sequence[Share] | Sequence[Group]
    start: int
    count: int
    total: int


def page_of(wish: Wish, span: Span, items: Sequence[Item]) -> Page:
    """The page that shows a span, whose items are ``items``."""
    ask, limit = wish.ask, wish.row.url_limit
    menu = tuple(thing for thing in span.shown if isinstance(thing, Group))
    used = {item.line.group.id: item.line.group for item in items if item.line.group}
    return Page(
        title=wish.view.section.title,
        screen=ask.screen,
        term=ask.term,
        total=span.total,
        start=span.start,
        items=items,
        groups=menu or tuple(used.values()),
        links={place: url for place, url in _links(wish, span).items() if not limit or len(url) <= limit},
        params=dict(ask.echoed),
    )


def too_long(wish: Wish, span: Span) -> Sequence[Note]:
    """The addresses that a page lacks, since the phone takes none of that length."""
    limit = wish.row.url_limit
    return [
        Note(
            f"({place})",
            f"the address has {len(url)} characters, the phone takes {limit}: write the key into the path",
        )
        for place, url in _links(wish, span).items()
        if limit and len(url) > limit
    ]


def _links(wish: Wish, span: Span) -> dict[str, str]:
    """Absolute addresses of the other documents; none where the format has no use for them."""
    row, ask, wanted = wish.row, wish.ask, wish.view
    if not ask.base:
        return {}
    here = {name: value for name, value in (("group", wanted.group), (row.search_params[0], ask.term)) if value}
    starts = {"previous": max(0, span.start - span.count), "next": span.start + span.count}
    if not span.start:
        del starts["previous"]
    if span.start + len(span.shown) >= span.total:
        del starts["next"]
    return (
        {screen: _link(ask, screen) for screen in row.screens}
        | {
            relation: _link(ask, ask.screen, **here, **{row.offset_param: str(start + row.offset_base)})
            for relation, start in starts.items()
        }
        | {thing.id: _link(ask, "list", group=thing.id) for thing in span.shown if isinstance(thing, Group)}
    )


def _link(ask: Ask, screen: str, **params: str) -> str:
    query = urlencode([*ask.carried, *params.items()])
    return f"{ask.base}/{screen}" + (f"?{query}" if query else "")
