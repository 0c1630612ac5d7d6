"""Books made and kept."""

from __future__ import annotations

from bridge.phonebook.formats import Formats
from bridge.phonebook.pages import Ask, Wish
from bridge.phonebook.render import Books
from bridge.phonebook.view import View
from bridge.settings import PhonebookSection
from tests.phonebook.people import hostile


async def test_many_small_documents_take_no_more_memory_than_large_ones(formats: Formats) -> None:
    row = formats.get("cisco")
    view = View.of(row, PhonebookSection(), "DE", None, {})
    books = Books(formats, kept_bytes=50_000)
    wishes = [Wish(row, view, Ask(term=f"nobody{at}")) for at in range(20)]
    for wish in wishes:
        assert len((await books.book(hostile(), wish)).body) < 1000
    kept = [books.kept(hostile(), wish) is not None for wish in wishes]
    assert kept[-1]
    assert sum(kept) < 12
