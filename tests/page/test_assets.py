"""The assets of a caller on the card: filled in when ITFlow tells them, and the card never waits for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bridge.access.key import Feature, Options
from bridge.access.rights import Rights
from bridge.calls.people import People, Person
from bridge.embedded import FaultKind
from bridge.http.state import BOOK
from bridge.itflow.capabilities import Generation
from bridge.itflow.client import ItflowClient
from bridge.itflow.records import Asset
from bridge.itflow.transport import open_session
from bridge.page.assets import Assets, of_contact
from bridge.page.door import RIGHTS
from bridge.storage import Database
from tests import bridges
from tests.outbox.conftest import Itflow
from tests.page.desk import ANN, BOB, HOSTILE, Desk, answered, began, ended, sample, served

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANNS = ("PC-7 of nobody else", HOSTILE[0], HOSTILE[1])
ROWS = [
    *({"asset_name": name, "asset_client_id": 1, "asset_contact_id": 1, "asset_type": "Laptop"} for name in ANNS),
    {"asset_name": "Printer of ann archer", "asset_client_id": 1},
    {"asset_name": "Ann Archerson's printer", "asset_client_id": 1},
    {"asset_name": "Ann Archer, now Bob's", "asset_client_id": 1, "asset_contact_id": 2},
    {"asset_name": "Sold", "asset_client_id": 1, "asset_contact_id": 1, "asset_archived_at": "2026-01-01 00:00:00"},
    {"asset_name": "Elsewhere", "asset_client_id": 2, "asset_contact_id": 1},
    {"asset_name": "Ann Archer abroad", "asset_client_id": 2},
]
COLUMNS = {"asset_contact_id": 0, "asset_type": "", "asset_archived_at": None}
SHOWN = [*ANNS, "Printer of ann archer"]
GENERATIONS = {"26.02": Generation.UNTIL_26_02, "26.08": Generation.FROM_26_08}


@pytest_asyncio.fixture(params=list(GENERATIONS), loop_scope="module")
async def itflow(request: pytest.FixtureRequest) -> AsyncIterator[Itflow]:
    itflow = Itflow(request.param)
    await itflow.start()
    # More than a page of others first, as a firm has.
    others = [{"asset_name": f"Other {place}", "asset_client_id": 1 + place % 3} for place in range(450)]
    itflow.embedded.load({"assets": [COLUMNS | row for row in (*others, *ROWS)]})
    yield itflow
    await itflow.stop()
    itflow.embedded.close()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(itflow: Itflow, browser: Browser, tmp_path: Path) -> AsyncIterator[Desk]:
    section = {"url": itflow.url, "api_key": "ITFLOW-KEY"}
    mirror = sample()
    mirror.freshness = replace(mirror.freshness, generation=GENERATIONS[itflow.embedded.generation])
    async with served(tmp_path, mirror, itflow=section) as made:
        yield Desk(made.app, made.url, made.path, browser)


def reads(itflow: Itflow) -> int:
    return sum((seen.module, seen.function) == ("assets", "read") for seen in itflow.embedded.requests)


async def test_they_are_filled_in_with_links_and_hostile_names_are_text(desk: Desk, itflow: Itflow) -> None:
    async with desk.signed_in("Ada") as page:
        await page.wait_for_selector('#live[data-state="open"]')
        await desk.tell(*began("one", ANN))
        links = page.locator(".card dd a[href*='asset_details.php']")
        await expect(links).to_have_text(SHOWN)
        asset = itflow.embedded.connection.execute("SELECT asset_id FROM assets WHERE asset_name = ?", ANNS[:1])
        ((number,),) = asset
        wanted = f"{itflow.url}agent/asset_details.php?client_id=1&asset_id={number}"
        await expect(links.first).to_have_attribute("href", wanted)
        assert await page.locator("#cards script, #cards img").count() == 0
        assert "owned" not in await page.title()
        asked = reads(itflow)
        # What the card is made of anew has them at once, as a page that is loaded later.
        await desk.tell(answered("one"))
        await expect(page.locator(".card.talking dd a[href*='asset_details.php']")).to_have_text(SHOWN)
        await page.reload()
        await expect(links).to_have_text(SHOWN)
        await desk.tell(ended("one"))
        assert reads(itflow) == asked
    assert not desk.seen.console


async def test_a_page_that_is_loaded_during_the_call_asks_for_them(desk: Desk) -> None:
    await desk.tell(*began("one", ANN))
    async with desk.signed_in("Ada") as page:
        await expect(page.locator(".card dd a[href*='asset_details.php']")).to_have_text(SHOWN)
        await desk.tell(ended("one"))


@pytest.mark.parametrize("kind", [FaultKind.HANG, FaultKind.HTML, None])
async def test_the_card_is_there_whatever_itflow_does(desk: Desk, itflow: Itflow, kind: FaultKind | None) -> None:
    if kind is None:
        await itflow.stop()
    else:
        itflow.faults.add(kind, "assets", "read", times=99, delay_s=60)
    async with desk.signed_in("Ada") as page:
        await page.wait_for_selector('#live[data-state="open"]')
        async with page.expect_request("**/assets"):
            await desk.tell(*began("one", ANN))
        card = page.locator(".card")
        await expect(card).to_contain_text("Ann Archer")
        await expect(card).to_contain_text("Cascade Dental")
        await expect(card).not_to_contain_text("Assets")
        # It is alive while ITFlow is asked: the next caller has a card too.
        await desk.tell(answered("one"), *began("two", BOB))
        await expect(page.locator(".card h3")).to_have_text(["Ann Archer", "Bob Baker"])
        await expect(page.locator(".card.talking")).to_have_count(1)
        await desk.tell(ended("one"), ended("two"))
    itflow.faults.clear()
    assert not desk.seen.console


async def test_whoever_may_not_sees_none(desk: Desk, itflow: Itflow) -> None:
    database = Database(desk.path)
    made = bridges.settings(database)
    for name, extension, options in (
        ("Lim", "109", Options(frozenset(Feature), frozenset({2}))),
        ("Nas", "110", Options(frozenset(Feature) - {Feature.ASSETS})),
    ):
        People(database).add(Person(name=name, extensions=(extension,)))
        Rights(database, made).give(name, options)
    database.close()
    desk.app[RIGHTS].load()
    await desk.tell(*began("lim", ANN, "109"), *began("nas", ANN, "110"), *began("ada", ANN, "101"))
    rows = {one.call.extensions[0]: one.id for one in desk.app[BOOK].now()}
    assert not reads(itflow)
    wanted = (("Lim", "109", (204, 404)), ("Nas", "110", (403, 403)), ("Ada", "101", (200, 200)))
    for name, extension, statuses in wanted:
        async with desk.signed_in(name) as page:
            await expect(page.locator(".card")).to_have_count(1)
            for place, row in enumerate((rows[extension], rows["101"])):
                answer = await page.request.get(f"{desk.url}/page/calls/{row}/assets")
                assert answer.status == statuses[place], (name, row)
                assert (ANNS[0] in await answer.text()) is (answer.status == 200)
    await desk.tell(ended("lim"), ended("nas"), ended("ada"))


async def test_itflow_is_left_alone_after_it_failed_and_asked_again_when_the_time_is_over(itflow: Itflow) -> None:
    async with open_session() as session:

        def client() -> ItflowClient:
            return ItflowClient(session, itflow.url, "ITFLOW-KEY", attempts=1, page_size=100)

        whole = itflow.embedded.generation == "26.08"
        patient = Assets(client, lambda: whole, again_s=3600)
        itflow.faults.add(FaultKind.EMPTY_500, "assets", "read", times=None)
        hasty = Assets(client, lambda: whole, again_s=0)
        assert (await patient.ask(1), await hasty.ask(1)) == ((), ())
        itflow.faults.clear()
        asked = reads(itflow)
        assert await patient.ask(1) == ()
        assert reads(itflow) == asked
        assert len(await hasty.ask(1)) > 1
        kept = Assets(client, lambda: whole)
        assert kept.known(1) is None
        assert {one.client_id for one in await kept.ask(1)} == {1}
        assert await kept.ask(9) == ()
        assert kept.known(9) == ()
        again = reads(itflow)
        await kept.ask(1)
        assert reads(itflow) == again


@pytest.mark.parametrize(
    ("name", "found"),
    [("Ann Archer", [1, 2]), ("ann archer", [1, 2]), ("Ann", [1, 2, 3]), ("", [1]), ("A.n", [1]), ("(", [1])],
)
async def test_whose_an_asset_is(name: str, found: list[int]) -> None:
    assets = [
        Asset(2, 1, 0, "Ann Archer (spare)"),
        Asset(3, 1, 0, "ANN's phone"),
        Asset(4, 1, 8, "Ann Archer"),
        Asset(5, 1, 0, "Annex"),
        Asset(1, 1, 7, "PC"),
    ]
    assert [one.id for one in of_contact(assets, 7, name)] == found
