"""People who look at their pages in a real Chromium while their phones ring."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from bridge.calls.people import People
from bridge.storage import Database
from tests.counterparts import lacking
from tests.pbx.firm import employ, open_firm
from tests.pbx.office import Office
from tests.pbx.process import Bridge, Gaps, until


@asynccontextmanager
async def looked_at(office: Office, folder: Path, callers: int, names: Sequence[str]) -> AsyncIterator[list[Page]]:
    """The bridge in a process of its own, before an ITFlow that knows so many callers; the page of each person."""
    chromium = shutil.which("chromium") or lacking("There is no chromium; on Debian: apt install chromium")
    async with AsyncExitStack() as stack:
        firm = await stack.enter_async_context(open_firm(callers))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        stack.push_async_callback(browser.close)
        bridge = Bridge(folder, office.port, firm.itflow.url)
        employ(folder, bridge.path)
        stack.push_async_callback(bridge.kill)
        async with bridge.deaf(Gaps()):
            await bridge.start()
        await until(bridge.knows)
        await until(lambda: "answers on" in bridge.told())
        yield [await _page(browser, bridge, name) for name in names]


async def _page(browser: Browser, bridge: Bridge, name: str) -> Page:
    """Somebody's page, that follows calls."""
    database = Database(bridge.path)
    link = People(database).link(name)
    database.close()
    page = await (await browser.new_context()).new_page()
    await page.goto(f"{bridge.url}/sign-in?link={link}")
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_selector('#live[data-state="open"]')
    return page
