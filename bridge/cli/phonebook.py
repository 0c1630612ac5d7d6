"""``itflow-bridge phonebook``: what a phone would get, and what it would not, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.options import Config
from bridge.errors import BadParameter

if TYPE_CHECKING:
    from rich.table import Table

    from bridge.phonebook.render import Book


def phonebook(
    name: Annotated[str, typer.Argument(metavar="FORMAT", help="Phone format, such as yealink.")],
    key: Annotated[str, typer.Option(help="Name of the key that the phone uses.")],
    parameters: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=VALUE …]", help="As in the phone's URL, such as contacts=primary search=ada."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what was left out or cut, and why.")] = False,
    config: Config = None,
) -> None:
    """Print the book that a phone would get from the stored mirror."""
    from bridge.access.keys import Keys
    from bridge.cli.common import console, database, errors, settings_in_use, stored_snapshot
    from bridge.phonebook.formats import Formats
    from bridge.phonebook.pages import Ask, Wish
    from bridge.phonebook.render import Books
    from bridge.phonebook.view import View

    settings = settings_in_use(config)
    params = dict(_parameter(text) for text in parameters or [])
    with database(settings) as opened:
        found = Keys(opened, settings).named(key)
        snapshot = stored_snapshot(opened)
    formats = Formats(settings.phonebook.templates)
    row = formats.get(name)
    screen = params.get("screen", "list")
    if screen not in row.screens:
        raise BadParameter(f"{row.title} has no screen {screen}; there is {', '.join(row.screens)}.")
    view = View.of(row, found.phonebook, found.numbers.region, found.clients, params)
    origin = str(settings.http.public_url or f"{settings.http.scheme}://bridge:8080").rstrip("/")
    ask = Ask.of(row, params, screen=screen, base=f"{origin}/phonebook/{row.name}")
    if explain and row.page_size:
        # All of the book, not the page that a phone would show.
        row = row.model_copy(update={"page_size": 0, "max_bytes": 0})
    book = Books(formats).make(snapshot, Wish(row, view, ask))
    errors.print(f"{book.entries} entries, {len(book.body)} bytes, {book.headers['Content-Type']}")
    if explain:
        console.print(_explained(book))
    else:
        typer.echo(book.body, nl=False)


def _explained(book: Book) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("entry", "what is missing or changed")
    for note in book.notes:
        table.add_row(Text(note.who), Text(note.what))
    return table


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise BadParameter(f"{text} must be written NAME=VALUE, such as contacts=primary")
    return name.lower(), value
