"""The words that the table of modules is written in: columns, views, filters, functions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from bridge.embedded.generations import GENERATIONS, NEWEST, OLDEST, Generation

Kind = Literal["id", "int", "str", "text", "date", "datetime", "money"]
"""What MariaDB keeps in a column. On the wire every one of them is a string or null."""

Fill = Literal["text", "raw", "digits", "int", "money", "date", "website", "lines", "six", "clock"]
"""How a field of a request becomes the value of a column."""

DEFAULT_LENGTH = 200


class Level(IntEnum):
    """What a role of 26.08 may do in a module."""

    NONE = 0
    READ = 1
    WRITE = 2
    FULL = 3


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: ITFlow's name of it.
        kind: What it holds; dates and lengths are checked as MariaDB's strict mode does.
        length: The most characters of a ``str``.
        default: Its value in a new row; ``None`` is null.
        since: The first generation that has it.
        until: The last generation that has it.
    """

    name: str
    kind: Kind
    length: int = DEFAULT_LENGTH
    default: str | None = None
    since: Generation = OLDEST
    until: Generation = NEWEST


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a write request: ``name`` in the body fills ``column``."""

    name: str
    column: str
    fill: Fill


@dataclass(frozen=True, slots=True)
class View:
    """What a read selects.

    Attributes:
        source: The FROM clause.
        tables: The tables whose columns it answers with, in order.
        extra: Further columns or expressions.
    """

    source: str
    tables: tuple[str, ...]
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """A parameter of a read; the first one that a request names decides, the others are ignored.

    Attributes:
        parameter: Its name in the query.
        where: The condition, with ``{scope}`` where the scope of the key goes and ``:value``.
        numeric: Whether PHP reads the parameter with ``intval``.
        capital: Whether PHP raises its first letter.
        paged: Whether ``limit`` and ``offset`` count.
        only_one: Whether at most one row is answered.
        fatal: The PHP error it dies of and its line, by generation.
        view: What a read with it selects, if not the module's view.
    """

    parameter: str
    where: str
    numeric: bool = False
    capital: bool = False
    paged: bool = True
    only_one: bool = False
    fatal: Mapping[Generation, tuple[str, int]] = field(default_factory=dict)
    view: View | None = None


@dataclass(frozen=True, slots=True)
class Module:
    """A folder below ``api/v1`` with the table behind it.

    Attributes:
        name: The folder.
        columns: The columns of its table; the first is the key that rows are ordered by.
        right: From 26.08 on, the permission module (``module_client``) without its ``module_``.
        client: The column that names the client of a row, or "" where rows have none.
        functions: The files in the folder, without ``.php``.
        filters: Parameters of ``read``, in the order PHP looks at them.
        fields: What ``create`` and ``update`` fill.
        required: Fields of ``create`` that PHP's ``empty`` must not hold true for.
        update_requires: Fields of ``update`` that must not be empty.
        update_dies_without: A field that ``update`` makes broken SQL without.
        defaults: Columns that ``create`` fills whatever the request says; ``now`` is the present.
        archive_sets: Columns that ``archive`` changes besides its time.
        create_dies: Generations whose ``create`` is broken SQL.
        update_dies_unfound: Generations whose ``update`` dies of a row that is not there.
        delete_denies: Whether ``delete`` counts a row that a cascading key has taken already: it says that it
            failed, and the row is gone.
        one_primary: Whether a row that becomes primary takes the flag from the client's others.
        needs_client: Whether ``create`` refuses ``client_id`` 0.
        unique: A column that ``create`` refuses to hold twice for a client.
        only_company: Whether a key that is no user's must reach all clients, and must not name one.
        forgets: Generations whose ``update`` empties every field that the request leaves out.
        warns: Whether ``create`` warns about each field that the request leaves out.
        since: First generation that has the folder.
        until: Last generation that has the folder.
        view: What a read selects, if not just the table.
        plain_view: What a read without a filter selects, if not the same.
        order: ORDER BY, if not the key.
        needs_filter: Whether a read without a filter is refused.
        stored: Whether it has a table of its own.
    """

    name: str
    columns: tuple[Column, ...]
    right: str = ""
    client: str = ""
    functions: tuple[str, ...] = ("read",)
    filters: tuple[Filter, ...] = ()
    fields: tuple[Field, ...] = ()
    required: tuple[str, ...] = ()
    update_requires: tuple[str, ...] = ()
    update_dies_without: str = ""
    defaults: Mapping[str, str] = field(default_factory=dict)
    archive_sets: Mapping[str, str] = field(default_factory=dict)
    create_dies: tuple[Generation, ...] = ()
    update_dies_unfound: tuple[Generation, ...] = ()
    delete_denies: bool = False
    one_primary: bool = False
    needs_client: bool = False
    unique: str = ""
    only_company: bool = False
    forgets: tuple[Generation, ...] = ()
    warns: bool = False
    since: Generation = OLDEST
    until: Generation = NEWEST
    view: View | None = None
    plain_view: View | None = None
    order: str = ""
    needs_filter: bool = False
    stored: bool = True

    @property
    def key(self) -> str:
        """The column of the row's id."""
        return self.columns[0].name

    @property
    def prefix(self) -> str:
        """What the names of its columns begin with, such as ``contact``."""
        return self.key.removesuffix("_id")

    @property
    def names_client(self) -> bool:
        """Whether its rows name their client themselves, in a column that is not their id."""
        return any(column.name == self.client for column in self.columns[1:])

    def answers(self, function: str, generation: Generation) -> bool:
        """Whether a generation has this file."""
        return function in self.functions and self.since <= generation <= self.until

    def columns_of(self, generation: Generation) -> list[str]:
        """The names of the columns that a generation answers with."""
        return [column.name for column in self.columns if column.since <= generation <= column.until]


def columns(text: str) -> tuple[Column, ...]:
    """Read a list of columns: ``name``, ``name:kind``, ``name:length``; ``=default``, ``@first-last``.

    After ``@`` stand the first and last generation that have the column; either may be left out.

    The first is the row's id. Without a kind, ``_at`` is a time, ``_id`` a number, ``_date`` and ``_expire``
    a date, ``_amount`` an amount, and the rest is text of up to 200 characters. A number is 0 and an amount
    is 0.00 where nothing else is said, as in ITFlow's own schema.
    """
    return tuple(_column(word, first=index == 0) for index, word in enumerate(text.split()))


def fields(text: str) -> tuple[Field, ...]:
    """Read a list of fields: ``name``, ``name>column``, ``name:fill``; without a fill it is ``text``."""
    found = []
    for word in text.split():
        names, _, fill = word.partition(":")
        name, _, column = names.partition(">")
        found.append(Field(name, column or name, fill or "text"))  # type: ignore[arg-type]  # a word of Fill
    return tuple(found)


def by_id(column: str) -> Filter:
    """The filter for one row by its id."""
    return Filter(column, f"{column} = :value {{scope}}", numeric=True, paged=False, only_one=True)


def by_text(column: str) -> Filter:
    """The filter for rows by a text; MariaDB's collation ignores the case."""
    return Filter(column, f"{column} = :value COLLATE NOCASE {{scope}}")


_KIND_BY_ENDING: Mapping[str, Kind] = {
    "_at": "datetime",
    "_id": "int",
    "_date": "date",
    "_expire": "date",
    "_amount": "money",
    "_notes": "text",
    "_description": "text",
    "_favorite": "int",
    "_primary": "int",
}
_DEFAULT_BY_KIND: Mapping[Kind, str] = {"int": "0", "money": "0.00"}


def _column(word: str, *, first: bool) -> Column:
    word, _, span = word.partition("@")
    since, _, until = span.partition("-")
    word, equals, default = word.partition("=")
    name, _, said = word.partition(":")
    kind: Kind = "id" if first else _kind(name)
    length = DEFAULT_LENGTH
    if said.isdigit():
        length = int(said)
    elif said:
        kind = said  # type: ignore[assignment]  # a word of Kind
    value = default if equals else _DEFAULT_BY_KIND.get(kind)
    return Column(name, kind, length, value, _generation(since) or OLDEST, _generation(until) or NEWEST)


def _generation(text: str) -> Generation | None:
    return next((each for each in GENERATIONS if each == text), None)


def _kind(name: str) -> Kind:
    return next((kind for ending, kind in _KIND_BY_ENDING.items() if name.endswith(ending)), "str")
