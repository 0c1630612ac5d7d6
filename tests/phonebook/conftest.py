from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.directory.snapshot import Snapshot
from bridge.phonebook.formats import Formats
from bridge.phonebook.pages import Ask, Wish
from bridge.phonebook.render import Book, Books
from bridge.phonebook.view import View
from bridge.settings import PhonebookSection

Make = Callable[..., Book]


@pytest.fixture(scope="session")
def formats() -> Formats:
    return Formats()


@pytest.fixture
def make(formats: Formats) -> Make:
    """Make a book: ``make(snapshot, "yealink", contacts="primary", ask=Ask(…))``."""
    books = Books(formats)

    def made(snapshot: Snapshot, name: str, *, ask: Ask | None = None, region: str = "DE", **params: str) -> Book:
        row = formats.get(name)
        view = View.of(row, PhonebookSection(), region, None, params)
        return books.make(snapshot, Wish(row, view, ask or Ask()))

    return made
