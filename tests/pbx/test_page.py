"""Click-to-dial on the page, in a real Chromium: a real Asterisk rings the own phone, then calls the number."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect
from prometheus_client import REGISTRY

from bridge.calls import Cause
from bridge.http.state import BOOK
from tests.outbox.conftest import until
from tests.page.desk import ANN, Desk, began, chromium, ended, sample, served
from tests.pbx.office import SECRET, Office, open_office

pytestmark = pytest.mark.asyncio(loop_scope="module")

NATIONAL = ANN.removeprefix("+1")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(installed: Path) -> AsyncIterator[Office]:
    async with open_office(installed) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def desk(office: Office, tmp_path: Path) -> AsyncIterator[Desk]:
    ami = {"host": "127.0.0.1", "port": office.port, "secret": SECRET, "dial_context": "internal"}
    async with served(tmp_path, sample(), ami=ami) as made, chromium() as browser:
        await until(lambda: REGISTRY.get_sample_value("itflow_bridge_ami_connected") == 1)
        yield Desk(made.app, made.url, made.path, browser)


async def test_a_missed_caller_is_called_back_and_the_call_is_done(desk: Desk, office: Office) -> None:
    at = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    await desk.tell(*began("missed", ANN, "103", at), ended("missed", at, Cause.CANCELLED))
    (missed,) = await desk.app_rows()
    async with desk.signed_in("Ben") as page, desk.signed_in("Ada") as other:  # Ben has 102
        await other.wait_for_selector('#live[data-state="open"]')
        await page.get_by_role("link", name="Calls", exact=True).click()
        await page.get_by_label("Which").select_option("missed")
        await page.get_by_role("button", name="Show").click()
        await page.get_by_role("button", name="+1 206-555-0123").click()
        own = await office.phones["102"].invited("Ann Archer")  # what its display shows
        await expect(page.locator("tbody tr")).to_have_count(1)  # the view that was left
        await page.goto(desk.url)
        await page.wait_for_selector('#live[data-state="open"]')
        own.answer()
        outside = await office.trunk.invited("102")
        assert outside.invite is not None
        assert outside.invite.start.startswith(f"INVITE sip:{NATIONAL}@")
        card = page.locator(".card")
        await expect(card.locator("h3")).to_have_text("Ann Archer")
        await expect(page.locator(".card.calling")).to_have_count(1)
        outside.answer()
        await expect(page.locator(".card.talking h3")).to_have_text("Ann Archer")
        await expect(other.locator("#lines")).to_contain_text("Ben")
        await expect(other.locator(".card")).to_have_count(0)
        own.hang_up()
        await expect(page.locator(".card.over h3")).to_have_text("Ann Archer")
        await page.goto(f"{desk.url}/page/calls?which=missed")
        await page.get_by_role("button", name="Done: call of Ann Archer").click()
        await expect(page.locator("tbody tr")).to_have_count(0)
        assert (await desk.app[BOOK].one(missed)).done_by == "Ben"


async def test_what_keeps_a_phone_from_ringing_is_told(desk: Desk, office: Office) -> None:
    async with desk.signed_in("Ada") as page:
        token = await page.locator('input[name="token"]').first.get_attribute("value") or ""
        for number, status in (("*72", 400), ("12", 502)):
            form: dict[str, str | float | bool] = {"token": token, "number": number, "name": "", "back": "/"}
            answer = await page.request.post(f"{desk.url}/page/dial", form=form)
            assert "That did not work" in await answer.text(), number
            assert answer.status == status, (number, answer.status)
    assert not office.phones["101"].dialogs
