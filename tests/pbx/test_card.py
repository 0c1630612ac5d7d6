"""Calls on a real Asterisk as people see them in a real Chromium: the card to who is rung, and to nobody else."""

from playwright.async_api import expect

from tests.pbx.firm import SORTS, caller
from tests.pbx.looking import looked_at
from tests.pbx.office import DID, open_office
from tests.pbx.scenes import Stage, over

KNOWN = [place * len(SORTS) for place in range(4)]  # contacts of the first client, who have tickets


async def cards(page, *places):
    await expect(page.locator(".card h3")).to_have_text([f"Caller {place}" for place in places])


async def test_callers_queue_up_before_the_one_who_is_rung_and_nobody_else(installed, tmp_path):
    async with (
        open_office(installed) as office,
        looked_at(office, tmp_path, KNOWN[-1] + 1, ["Person 102", "Person 103"]) as (own, other),
    ):
        calls = []
        for place, number in zip(KNOWN, [DID, DID, DID, "2125550103"], strict=True):
            stage = Stage(office, caller(place))
            calls.append(stage.call(number))
            await stage.rung("102" if number == DID else "103")
            await cards(own, *KNOWN[: min(len(calls), 3)])
        await cards(other, KNOWN[3])
        await expect(other.locator(".card")).to_contain_text("Old ")  # a ticket
        calls[1].hang_up()
        await cards(own, KNOWN[0], KNOWN[2])
        for call in calls:
            call.hang_up()
        await over(*calls)
        await cards(own)
        await cards(other)
