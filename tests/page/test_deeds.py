"""What people do on the page, in a real Chromium before an embedded ITFlow: each deed is done there too."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from bridge.calls import Direction, Event, What
from bridge.http.state import MIRROR
from tests.outbox.conftest import Itflow, until
from tests.page.desk import ANN, Desk, answered, began, ended, served

pytestmark = pytest.mark.asyncio(loop_scope="module")

PEOPLE = 60
TICKETS = {5: "Printer", 6: "<b>Mail</b>", 7: "Backup"}


@pytest_asyncio.fixture(params=["26.02", "26.08"], loop_scope="module")
async def itflow(request: pytest.FixtureRequest) -> AsyncIterator[Itflow]:
    itflow = Itflow(request.param)
    await itflow.start()
    people = [
        {
            "contact_id": number,
            "contact_name": "Ann Archer" if number == 1 else f"Contact {number}",
            "contact_email": f"{number}@one.example",
            "contact_phone": ANN[1:] if number == 1 else f"1206556{number:04}",
            "contact_client_id": 1 + number % 3 if number > 1 else 1,
        }
        for number in range(1, PEOPLE + 1)
    ]
    tickets = [
        {"ticket_id": number, "ticket_subject": subject, "ticket_client_id": 1, "ticket_status": 1}
        for number, subject in TICKETS.items()
    ]
    itflow.embedded.load({"contacts": people, "tickets": tickets})
    yield itflow
    await itflow.stop()
    itflow.embedded.close()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(itflow: Itflow, browser: Browser, tmp_path: Path) -> AsyncIterator[Desk]:
    async with served(
        tmp_path,
        None,
        itflow={"url": itflow.url, "api_key": "ITFLOW-KEY"},
        sync={"interval_s": 1, "money_interval_s": 1},
        tickets={"note": "on", "choose_s": 3600},
    ) as made:
        mirror = made.app[MIRROR]
        await until(lambda: mirror.freshness.generation and "tickets" in mirror.freshness.rows)
        yield Desk(made.app, made.url, made.path, browser)


def column(itflow: Itflow, statement: str) -> Callable[[], list[object]]:
    return lambda: [value for (value,) in itflow.embedded.connection.execute(statement)]


def moment(ago_s: float) -> dt.datetime:
    """So long ago: a call of no second leaves nothing."""
    return dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ago_s)


async def chosen(card: Locator) -> str:
    return await card.locator("select option:checked").inner_text()


async def test_a_call_is_noted_on_the_ticket_that_is_chosen(desk: Desk, itflow: Itflow) -> None:
    noted = column(itflow, "SELECT ticket_reply_ticket_id FROM ticket_replies")
    async with desk.signed_in("Ada") as page:
        await page.wait_for_selector('#live[data-state="open"]')
        await desk.tell(*began("one", ANN, at=moment(60)))
        card = page.locator(".card")
        for subject in TICKETS.values():
            await expect(card.locator(".tickets")).to_contain_text(subject)
        await desk.tell(answered("one", at=moment(50)))
        await expect(card).to_contain_text("you talk")
        if itflow.embedded.generation == "26.02":
            await expect(card.locator("form.note")).to_have_count(0)  # it takes no notes
            await desk.tell(ended("one"))
            return
        # The newest by itself; another one by choice, while they talk and afterwards.
        await expect(card.get_by_label("This call is noted on")).to_be_visible()
        assert "Backup" in await chosen(card)
        await card.get_by_label("This call is noted on").select_option(label=await option(card, "Mail"))
        await card.get_by_role("button", name="Change").click()
        await expect(page.get_by_role("status")).to_contain_text("when it is over")
        await page.get_by_role("link", name="Back").click()
        await expect(card).to_contain_text("you talk")
        assert "Mail" in await chosen(card)
        await desk.tell(ended("one"))
        await expect(card).to_contain_text("over")
        await card.get_by_label("This call is noted on").select_option(label=await option(card, "Printer"))
        await card.get_by_role("button", name="Change").click()
        await expect(page.get_by_role("status")).to_contain_text("is noted on")
    await until(lambda: "5" in noted())
    assert set(noted()) <= {"5", "6"}  # where the first choice was written before, it says so


async def option(card: Locator, subject: str) -> str:
    labels = await card.locator("select option").all_inner_texts()
    return next(label for label in labels if subject in label)


@pytest.mark.parametrize("itflow", ["26.08"], indirect=True)
async def test_a_call_to_outside_is_noted_only_where_a_ticket_is_chosen(desk: Desk, itflow: Itflow) -> None:
    noted = column(itflow, "SELECT ticket_reply_ticket_id FROM ticket_replies")
    places = [
        Event(
            source="test",
            call_id=call,
            what=What.BEGAN,
            at=moment(60),
            direction=Direction.OUT,
            from_number="101",
            to_number=ANN,
            extension="101",
        )
        for call in ("x", "y")
    ]
    async with desk.signed_in("Ada") as page, desk.signed_in("Ben") as other:
        await page.wait_for_selector('#live[data-state="open"]')
        await other.wait_for_selector('#live[data-state="open"]')
        await desk.tell(*places)
        cards = page.locator(".card")
        await expect(cards.locator("h3")).to_have_text(["Ann Archer", "Ann Archer"])
        await expect(page.locator(".card.calling")).to_have_count(2)
        await desk.tell(answered("x", "", moment(50)), answered("y", "", moment(50)))
        await expect(page.locator(".card.talking")).to_have_count(2)
        await expect(other.locator("#lines li")).to_have_count(2)
        await expect(other.locator(".card")).to_have_count(0)
        assert [await chosen(cards.nth(place)) for place in (0, 1)] == ["no ticket"] * 2
        await desk.tell(ended("x"), ended("y"))
        await expect(page.locator(".card.over")).to_have_count(2)
        first = cards.first
        await first.get_by_label("Note this call on").select_option(label=await option(first, "Printer"))
        await first.get_by_role("button", name="Note it there").click()
        await expect(page.get_by_role("status")).to_contain_text("is noted on")
    await until(lambda: noted() == ["5"])
    text = column(itflow, "SELECT ticket_reply FROM ticket_replies")()
    assert "placed by Ada (101)" in str(text[0])


async def test_doubts_are_accepted_by_the_button(desk: Desk, itflow: Itflow) -> None:
    itflow.embedded.connection.execute("DELETE FROM contacts WHERE contact_id > 5")
    mirror = desk.app[MIRROR]
    await until(lambda: "contacts" in mirror.freshness.doubts)
    async with desk.signed_in("Ada") as page:
        await page.goto(f"{desk.url}/page/health")
        await expect(page.get_by_text(f"{PEOPLE - 5} of {PEOPLE} known contacts are gone")).to_be_visible()
        await page.get_by_role("button", name="These rows are really gone").click()
        await expect(page.get_by_role("status")).to_contain_text("ITFlow is read again")
        await until(lambda: not mirror.freshness.doubts)
        await page.get_by_role("link", name="Look again").click()
        await expect(page.get_by_role("heading", name="Doubts")).to_have_count(0)
        await expect(page.get_by_role("row", name="contacts 5", exact=True)).to_be_visible()
        await page.goto(f"{desk.url}/page/lookup?q=%2B12065560007")
        await expect(page.get_by_role("heading", name="No name")).to_be_visible()


async def test_a_refused_contact_is_told_and_goes_through_when_it_is_tried_again(desk: Desk, itflow: Itflow) -> None:
    names = column(itflow, "SELECT contact_name FROM contacts WHERE contact_email = '1@one.example'")
    async with desk.signed_in("Ada") as page:
        await page.goto(f"{desk.url}/page/contact?number=%2B12065559999")
        # What the browser itself asks for.
        await page.get_by_role("button", name="Add to ITFlow").click()
        assert await page.get_by_label("Client").evaluate("field => field.validity.valueMissing")
        await page.get_by_label("Client").fill("Client 1 (#1)")
        await page.get_by_label("Name", exact=True).fill("Second Ann")
        await page.get_by_label("E-mail").fill("1@one.example")
        await page.get_by_label("Phone").fill("not a number")
        await page.get_by_role("button", name="Add to ITFlow").click()
        await expect(page.get_by_role("alert")).to_contain_text("phone")
        await page.get_by_label("Phone").fill("+12065559999")
        await page.get_by_label("Client").fill("Client 99 (#99)")
        await page.get_by_role("button", name="Add to ITFlow").click()
        await expect(page.get_by_role("alert")).to_contain_text("no client 99")
        await page.get_by_label("Client").fill("Client 1 (#1)")
        await page.get_by_role("button", name="Add to ITFlow").click()
        # ITFlow takes no second contact with the same address.
        await expect(page.get_by_role("alert")).to_contain_text("one with this e-mail address already")
        await expect(page.get_by_label("Name", exact=True)).to_have_value("Second Ann")
        assert names() == ["Ann Archer"]
        await page.goto(f"{desk.url}/page/outbox")
        row = page.locator("tbody tr")
        await expect(row).to_contain_text("Second Ann")
        await expect(row.locator(".pill")).to_have_text("refused")
        itflow.embedded.connection.execute("UPDATE contacts SET contact_email = '' WHERE contact_id = 1")
        await row.get_by_role("button", name="Try again").click()
        await until(lambda: names() == ["Second Ann"])
        await page.goto(f"{desk.url}/page/outbox")
        await expect(row.locator(".pill")).to_have_text("added")
        await expect(row.get_by_role("button")).to_have_count(0)
