"""Books made and kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge import resources
from bridge.directory.snapshot import Snapshot
from bridge.errors import SettingsError
from bridge.phonebook.formats import Formats
from bridge.phonebook.pages import Ask, Wish
from bridge.phonebook.render import Books
from bridge.phonebook.view import View
from bridge.settings import PhonebookSection
from tests.phonebook.people import CLIENTS, HOSTILE, crowd, hostile
from tests.phonebook.readers import read


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


FOR_EVER = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/book"><xsl:call-template name="again"/></xsl:template>
<xsl:template name="again"><xsl:param name="depth" select="0"/><xsl:if test="$depth &lt; 60">
<xsl:call-template name="again"><xsl:with-param name="depth" select="$depth + 1"/></xsl:call-template>
<xsl:call-template name="again"><xsl:with-param name="depth" select="$depth + 1"/></xsl:call-template>
</xsl:if></xsl:template></xsl:stylesheet>"""


async def test_a_stylesheet_that_takes_for_ever_delays_no_other_first_render(tmp_path: Path) -> None:
    (tmp_path / "formats.toml").write_text('[wild]\ntitle = "Wild"\n[tame]\ntitle = "Tame"\nstylesheet = "htek.xsl"\n')
    (tmp_path / "wild.xsl").write_text(FOR_EVER)
    (tmp_path / "htek.xsl").write_text((resources.path("templates/phonebook") / "htek.xsl").read_text())
    books = Books(Formats(tmp_path))

    def wish(name: str, term: str = "") -> Wish:
        row = books.formats.get(name)
        return Wish(row, View.of(row, PhonebookSection(), "DE", None, {}), Ask(term=term))

    # More than the threads that asyncio has for everybody, most of them given up by who asked.
    wild = [asyncio.create_task(books.book(hostile(), wish("wild", f"ada{at}"))) for at in range(40)]
    await asyncio.sleep(0)
    for task in wild[:39]:
        task.cancel()
    for name in ("yealink", "csv", "tame"):
        assert (await books.book(hostile(), wish(name))).entries
    assert not wild[39].done()
    with pytest.raises(SettingsError, match="takes too long"):
        await wild[39]


async def test_a_book_keeps_its_date_as_long_as_its_bytes(formats: Formats) -> None:
    books = Books(formats)
    row = formats.get("yealink")
    wish = Wish(row, View.of(row, PhonebookSection(), "DE", None, {}), Ask())
    one, other = crowd(3, version="one"), crowd(3, version="other")
    dates = [(await books.book(snapshot, wish)).headers["Last-Modified"] for snapshot in (one, crowd(4), other)]
    assert dates[0] == dates[2]
    assert dates[0] != dates[1]  # though it was made in the same second


async def test_a_whole_book_leaves_the_pages_of_another_phone_as_they_are(formats: Formats) -> None:
    books, people = Books(formats), crowd(50)

    async def entries(name: str, offset: int = 0) -> int:
        row = formats.get(name)
        wish = Wish(row, View.of(row, PhonebookSection(), "DE", None, {}), Ask(offset=offset))
        return (await books.book(people, wish)).entries

    assert [await entries("panasonic"), await entries("vcard4"), await entries("panasonic", 20)] == [20, 50, 20]
    assert [await entries("vcard3"), await entries("panasonic", 40)] == [50, 10]


async def test_dropped_listings_are_freed_and_others_are_kept(formats: Formats) -> None:
    books, row = Books(formats), formats.get("panasonic")
    for at in (1, 2, 3, 1):
        wish = Wish(row, View.of(row, PhonebookSection(), "DE", None, {}), Ask(term=f"ada0000{at}"))
        people = crowd(3, version=f"version {at}")
        assert (await books.book(people, wish)).entries == 1
        other = Wish(row, wish.view, Ask(offset=at - 1))
        assert (await books.book(people, other)).entries == 4 - at


@pytest.mark.parametrize("name", ["yealink", "acrobits", "linphone", "snom-m", "avaya"])
async def test_a_large_book_is_written_as_a_small_one(formats: Formats, name: str) -> None:
    """It is made in a process of its own; hostile texts, empty elements, functions and folds are the same there."""
    extra = [entry._replace(id=20_000 + at) for at, entry in enumerate(HOSTILE)]
    large = Snapshot.build(clients=CLIENTS, entries=[*crowd(2_100, clients=2).entries(None), *extra])
    row = formats.get(name)
    books = Books(formats)
    view = View.of(row, PhonebookSection(), "DE", None, {})
    small = (await books.book(Snapshot.build(clients=CLIENTS, entries=extra), Wish(row, view, Ask()))).body
    body = (await books.book(large, Wish(row, view, Ask()))).body
    assert len(read(name, body)) > 2_000
    if row.fold_bytes:
        assert max(map(len, body.split(b"\r\n"))) <= row.fold_bytes
    known = {(item.name, tuple(item.numbers)) for item in read(name, body)}
    assert {(item.name, tuple(item.numbers)) for item in read(name, small)} <= known
