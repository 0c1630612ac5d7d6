"""From a caller's INVITE to the card: SIPp calls a real Asterisk, the bridge follows it, a Chromium shows the card.

The bridge is a process of its own before an embedded ITFlow with the callers and their tickets. Two people look at
their pages; only one of them is rung.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.async_api import Page

from tests.bench.figure import Figure, at_most
from tests.pbx import sipp
from tests.pbx.asterisk import ROOT
from tests.pbx.drill import INSTALLED
from tests.pbx.firm import SORTS, caller
from tests.pbx.looking import looked_at
from tests.pbx.office import DID, Office, open_office

CALLS = 100
WARM_UP = 3
MOST_MS = 300.0
# The time of the first picture that has the card: the browser calls back right before it draws.
WATCH = """
window.shown = {};
new MutationObserver((changes) => {
  for (const one of changes.flatMap((change) => [...change.addedNodes])) {
    const name = one.querySelector && one.querySelector("h3").textContent;
    if (name) requestAnimationFrame(() => { window.shown[name] = Date.now(); });
  }
}).observe(cards, {childList: true});
"""


@dataclass(frozen=True)
class Waits:
    """Milliseconds from a caller's INVITE to the INVITE at the phone, and to the card; cards on the other page."""

    phone: list[float]
    card: list[float]
    elsewhere: int


def measure() -> Iterator[Figure]:
    """Call a hundred times, one after the other."""
    subprocess.run([ROOT / "tests" / "pbx" / "install.sh", INSTALLED], check=True, stdout=subprocess.DEVNULL)
    waits = asyncio.run(_measure())
    yield Figure("from the caller's INVITE to the INVITE at the phone, p50", f"{median(waits.phone):.0f} ms")
    yield Figure("from the caller's INVITE to the card in Chromium, p50", f"{median(waits.card):.0f} ms")
    p95 = sorted(waits.card)[CALLS * 95 // 100 - 1]
    yield at_most("from the caller's INVITE to the card in Chromium, p95", p95, MOST_MS, "ms", digits=0)
    yield Figure("from the caller's INVITE to the card in Chromium, the longest", f"{max(waits.card):.0f} ms")
    yield at_most("cards on the page of somebody who is not rung", waits.elsewhere, 0, digits=0)


async def _measure() -> Waits:
    callers = (CALLS + WARM_UP) * len(SORTS)
    with TemporaryDirectory() as folder:
        async with (
            open_office(INSTALLED) as office,
            looked_at(office, Path(folder), callers, ["Person 102", "Person 103"]) as (own, other),
        ):
            for page in (own, other):
                await page.evaluate(WATCH)
            both = [await _call(office, own, place) for place in range(CALLS + WARM_UP)][WARM_UP:]
            elsewhere = await other.evaluate("Object.keys(window.shown).length")
    phone, card = zip(*both, strict=True)
    return Waits(list(phone), list(card), elsewhere)


async def _call(office: Office, page: Page, place: int) -> tuple[float, float]:
    """Call once, as somebody who has tickets; milliseconds until the phone was called, and until the card is there."""
    number = caller(place * len(SORTS))
    async with sipp.call(INSTALLED, office.pbx, f'"N{number}" <sip:{number}@trunk.example>', DID) as call:
        desk = await office.phones["102"].invited(f"N{number}")
        sent = (await call.invite()).at.timestamp()
        shown = await page.wait_for_function("(name) => window.shown[name]", arg=f"Caller {place * len(SORTS)}")
        waits = (desk.at - sent) * 1000, await shown.json_value() - sent * 1000
        desk.reject(486)
        await page.wait_for_selector(".card", state="detached")
    return waits
