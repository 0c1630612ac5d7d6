"""Books made and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import SettingsError
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


@pytest.mark.parametrize(
    "ask",
    [
        Ask(term="x" * 600),
        Ask(base="x" * 600),
        Ask(carried=(("client_id", "1"), ("title", "x" * 600))),
        Ask(echoed=(("x" * 600, ""),)),
    ],
    ids=["term", "base", "carried", "echoed"],
)
async def test_a_long_question_is_answered_and_not_kept(formats: Formats, ask: Ask) -> None:
    row = formats.get("cisco")
    books = Books(formats)
    wish = Wish(row, View.of(row, PhonebookSection(), "DE", None, {}), ask)
    assert (await books.book(hostile(), wish)).body
    assert books.kept(hostile(), wish) is None


async def test_a_failing_stylesheet_is_not_run_for_every_phone(tmp_path: Path) -> None:
    (tmp_path / "formats.toml").write_text('[own]\ntitle = "Own"')
    (tmp_path / "own.xsl").write_text(
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        '<xsl:template match="/"><xsl:message terminate="yes">stop</xsl:message></xsl:template></xsl:stylesheet>'
    )
    books = Books(Formats(tmp_path))
    row = books.formats.get("own")
    wish = Wish(row, View.of(row, PhonebookSection(), "DE", None, {}), Ask())
    for _ in range(3):
        with pytest.raises(SettingsError, match=r"the stylesheet own\.xsl fails: stop"):
            await books.book(hostile(), wish)
    assert books.renders == 1
