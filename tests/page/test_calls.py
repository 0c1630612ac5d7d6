"""The log in a real Chromium: filters, what is done, CSV, by keyboard alone; and values that nobody should send."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from dataclasses import replace
from urllib.parse import quote

import pytest
from playwright.async_api import expect

from bridge.access.key import Feature, Options
from bridge.access.rights import Rights
from bridge.calls.people import People, Person
from bridge.page.door import RIGHTS
from bridge.storage import Database
from tests import bridges
from tests.page.desk import ANN, BOB, HOSTILE, Desk, began, ended

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUERIES = (
    "which",
    "person",
    "client",
    "number",
    "since",
    "until",
    "before",
    "day",
    "q",
    "format",
    "contacts",
    "after",
)
VALUES = ("", "x", "-1", "9" * 30, "\x00", "\ud83d\ude00", "2026-02-30", "9999-12-31", "0001-01-01", "#", *HOSTILE)


async def test_filters_leave_what_is_asked_for(page_desk: Desk) -> None:
    async with page_desk.signed_in("Ada") as page:
        rows = page.locator("tbody tr")
        await page.goto(f"{page_desk.url}/page/calls")
        await expect(rows).to_have_count(28)
        await page.get_by_label("Which").select_option("missed")
        await page.get_by_role("button", name="Show").click()
        await expect(rows).to_have_count(10)
        await page.get_by_label("Which").select_option("all")
        await page.get_by_label("Client").fill("Cascade Dental (#1)")
        await page.get_by_role("button", name="Show").click()
        await expect(rows).to_have_count(8)
        await page.get_by_label("Client").fill("")
        await page.get_by_label("Number").fill("206-555-0123")
        await page.get_by_role("button", name="Show").click()
        await expect(rows).to_have_count(4)
        await page.get_by_label("Person").select_option("Ben")
        await page.get_by_role("button", name="Show").click()
        await expect(rows).to_have_count(2)


async def test_a_missed_call_is_done_by_keyboard_alone(page_desk: Desk) -> None:
    async with page_desk.signed_in("Ada") as page:
        await page.goto(f"{page_desk.url}/page/calls?which=missed")
        rows = page.locator("tbody tr")
        before = await rows.count()
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to content"
        await page.keyboard.press("Enter")
        for _ in range(40):
            await page.keyboard.press("Tab")
            label = await page.evaluate("document.activeElement.getAttribute('aria-label') || ''")
            if label.startswith("Done: call of"):
                break
        else:
            pytest.fail("no way to the button")
        await page.keyboard.press("Enter")
        await expect(rows).to_have_count(before - 1)
        await page.goto(f"{page_desk.url}/page/calls?which=done")
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("Ada")
        await page.get_by_role("button", name="Not done").click()
        await expect(rows).to_have_count(0)


async def test_a_card_is_closed_by_keyboard_alone(page_desk: Desk) -> None:
    async with page_desk.signed_in("Ada") as page:
        await page.wait_for_selector('#live[data-state="open"]')
        await page_desk.tell(*began("keys", ANN))
        await expect(page.locator(".card")).to_have_count(1)
        for _ in range(30):
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement.hasAttribute('data-close')"):
                break
        await page.keyboard.press("Enter")
        await expect(page.locator(".card")).to_have_count(0)
        await page_desk.tell(ended("keys"))


async def test_csv_holds_the_same_calls_and_no_formula(page_desk: Desk) -> None:
    first, *_ = began("formula", ANN)
    await page_desk.tell(replace(first, queue="=HYPERLINK(1)"), ended("formula"))
    async with page_desk.signed_in("Ada") as page:
        answer = await page.request.get(f"{page_desk.url}/page/calls.csv?client={quote('x (#3)')}")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(await answer.text())))
        assert len(rows) == 4
        assert {row["name"] for row in rows} == {HOSTILE[1][:60]}
        everything = await (await page.request.get(f"{page_desk.url}/page/calls.csv")).text()
        cells = [cell for row in csv.reader(io.StringIO(everything)) for cell in row]
        assert "'=HYPERLINK(1)" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "@", "-", "\t"))]


async def test_whoever_is_limited_to_clients_sees_no_others(page_desk: Desk) -> None:
    options = Options(frozenset(Feature) - {Feature.ADMIN}, frozenset({2}))
    with closing(Database(page_desk.path)) as database:
        People(database).add(Person(name="Lim", extensions=("109",)))
        Rights(database, bridges.settings(database)).give("Lim", options)
    page_desk.app[RIGHTS].load()
    async with page_desk.signed_in("Lim") as page:
        for view in ("/page/calls", "/page/calls.csv", "/page/data", "/page/lookup?q=ann", "/page/books?format=snom"):
            answer = await page.request.get(page_desk.url + view)
            assert answer.status == 200
            assert "Ann Archer" not in await answer.text(), view
        text = await (await page.request.get(f"{page_desk.url}/page/calls")).text()
        assert "Bob Baker" in text
        await page.goto(page_desk.url)
        await page.wait_for_selector('#live[data-state="open"]')
        await page_desk.tell(*began("theirs", ANN, "101"), *began("own", ANN, "109"))
        await expect(page.locator(".card h3")).to_have_text("+1 206-555-0123")  # rung, but not to see who
        await page_desk.tell(*began("seen", BOB, "101"))
        await expect(page.locator("#lines li")).to_contain_text(["Bob Baker"])  # what came before is there by now too
        await expect(page.locator("#lines li")).to_have_count(1)
        row = (await page_desk.app_rows())[0]
        token = await page.locator('input[name="token"]').first.get_attribute("value")
        form: dict[str, str | float | bool] = {"token": token or "", "ids": str(row), "done": "1"}
        answer = await page.request.post(f"{page_desk.url}/page/calls/done", form=form)
        assert answer.status == 404
        await page_desk.tell(ended("theirs"), ended("own"), ended("seen"))


async def test_strange_values_are_refused_or_empty_and_never_a_fault(page_desk: Desk) -> None:
    views = (
        "/",
        "/page/calls",
        "/page/calls.csv",
        "/page/week",
        "/page/lookup",
        "/page/books",
        "/page/contact",
        "/sign-in",
    )
    async with page_desk.signed_in("Ada") as page:
        for view in views:
            for name in QUERIES:
                for value in VALUES:
                    given = quote(value.encode("utf-8", "surrogatepass"))
                    answer = await page.request.get(f"{page_desk.url}{view}?{name}={given}")
                    assert answer.status in {200, 400, 404}, (view, name, value, answer.status)
                    assert view == "/page/calls.csv" or "<script>document" not in await answer.text()
