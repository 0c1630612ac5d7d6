"""A stranger becomes a contact by the card's form; after ``kill -9`` at any step too it is one, and has its name."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page, expect

from bridge.access.key import Feature, Options
from bridge.access.keys import Keys
from bridge.outbox.attempts import Step
from bridge.storage import Database
from tests import bridges
from tests.outbox.conftest import ROOT, Itflow
from tests.page.desk import furnish, link

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "a secret that opens everything 4711"
STRANGER, SHOWN = "+12125550177", "+1 212-555-0177"
ONE = [("2", "Stella Stranger", "2125550177")]
NAMED_WITHIN_S = 10
PATIENCE_S = 60


@pytest_asyncio.fixture(params=["26.02", "26.08"], loop_scope="module")
async def itflow(request: pytest.FixtureRequest) -> AsyncIterator[Itflow]:
    itflow = Itflow(request.param)
    await itflow.start()
    yield itflow
    await itflow.stop()
    itflow.embedded.close()


class Bridge:
    """The service in a process, which is started again on the same port after it was killed."""

    def __init__(self, itflow: Itflow, path: Path) -> None:
        self.itflow, self.path = itflow, path
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, *options: str) -> None:
        """Start it, and wait until it has a mirror."""
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.page.runner", "--itflow", self.itflow.url, "--port", str(self.port)),
            *("--database", str(self.path), *options),
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        assert (await self.process.stdout.readline()).decode().strip() == self.url

        async def ready() -> bool:
            return bool((await self.ask("/readyz")).get("generation"))

        await becomes(ready, PATIENCE_S)

    async def ask(self, path: str, **fields: str) -> dict[str, object]:
        """JSON of a GET, with the key that opens everything."""
        headers = {"Authorization": f"Bearer {SECRET}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(self.url + path, params=fields) as response,
        ):
            return dict(await response.json(content_type=None))

    async def ring(self, call_id: str, event: str = "newCall") -> None:
        """The stranger rings Ada."""
        fields = {"callId": call_id, "from": STRANGER, "to": "12125550199", "direction": "in", "user[]": "101"}
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {SECRET}"}) as session,
            session.post(f"{self.url}/calls/events", data={**fields, "event": event}) as response,
        ):
            assert response.status == 200, await response.text()

    async def ended(self) -> None:
        """Wait until it is dead."""
        if self.process is not None:
            await self.process.wait()

    async def kill(self) -> None:
        """Kill it."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
        await self.ended()


async def becomes(condition: Callable[[], Awaitable[bool]], within_s: float) -> None:
    """Wait until something is so that another process brings about."""
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - that process sets no event here
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture(loop_scope="module")
async def bridge(itflow: Itflow, tmp_path: Path) -> AsyncIterator[Bridge]:
    path = tmp_path / "bridge.db"
    furnish(path)
    database = Database(path)
    Keys(database, bridges.settings(database)).add("all", Options(frozenset(Feature)), secret=SECRET)
    database.close()
    made = Bridge(itflow, path)
    yield made
    await made.kill()


@asynccontextmanager
async def ada(bridge: Bridge, browser: Browser) -> AsyncIterator[Page]:
    """Ada's browser, signed in, whose page is live."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        secret = await asyncio.to_thread(link, bridge.path, "Ada")
        await page.goto(f"{bridge.url}/sign-in?link={secret}")
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_selector('#live[data-state="open"]')
        yield page


async def fill(page: Page, client: str = "Client 2 (#2)") -> None:
    """Fill the form in, and send it."""
    await expect(page.get_by_label("Phone")).to_have_value(STRANGER)
    await page.get_by_label("Client").fill(client)
    await page.get_by_label("Name", exact=True).fill("Stella Stranger")
    await page.get_by_label("E-mail").fill("stella@two.example")
    try:
        await page.get_by_role("button", name="Add to ITFlow").click()
        await page.wait_for_load_state()
    except Error as error:  # it is killed meanwhile
        assert "ERR_" in error.message, error.message  # noqa: PT017 - anything else is a fault


def contacts(itflow: Itflow) -> list[tuple[object, ...]]:
    rows = itflow.embedded.connection.execute("SELECT contact_client_id, contact_name, contact_phone FROM contacts")
    return list(rows)


async def named(bridge: Bridge, page: Page, begun: float) -> None:
    """The next call has the name."""

    async def known() -> bool:
        return (await bridge.ask("/callerid", format="json", number=STRANGER))["name"] == "Stella Stranger"

    await becomes(known, NAMED_WITHIN_S)
    await page.goto(bridge.url)
    await page.wait_for_selector('#live[data-state="open"]')
    await bridge.ring("next")
    await expect(page.locator(".card h3").last).to_have_text("Stella Stranger")
    print(f"named {time.monotonic() - begun:.1f} s after the form")  # noqa: T201 - what was measured


async def test_a_stranger_on_the_card_becomes_a_contact(bridge: Bridge, browser: Browser) -> None:
    await bridge.start()
    async with ada(bridge, browser) as page:
        await bridge.ring("first")
        card = page.locator(".card")
        await expect(card.locator("h3")).to_have_text(SHOWN)
        await card.get_by_role("link", name="Add as a contact").click()
        # What is wrong is told, and nothing that was typed is lost.
        await fill(page, "Client")
        await expect(page.get_by_role("alert")).to_contain_text("client")
        await expect(page.get_by_label("E-mail")).to_have_value("stella@two.example")
        begun = time.monotonic()
        await fill(page)
        await expect(page.get_by_role("status")).to_contain_text("The contact is in ITFlow")
        await named(bridge, page, begun)
    assert contacts(bridge.itflow) == ONE


@pytest.mark.parametrize("step", Step)
async def test_killed_at_a_step_it_is_one_contact(bridge: Bridge, browser: Browser, step: Step) -> None:
    await bridge.start("--die", step)
    async with ada(bridge, browser) as page:
        await bridge.ring("first")
        await expect(page.locator(".card h3")).to_have_text(SHOWN)
        await page.get_by_role("link", name="Add as a contact").click()
        await fill(page)
        await bridge.ended()
        await bridge.start()
        other = await page.context.new_page()  # the first one may still be on its way to the browser's own error
        begun = time.monotonic()
        for _ in range(2):  # whoever saw an error sends the form again, and again
            await other.goto(f"{bridge.url}/page/contact?number=%2B{STRANGER[1:]}")
            await fill(other)
            await expect(other.get_by_role("status")).to_contain_text("The contact is ")
        await named(bridge, other, begun)

        async def delivered() -> bool:
            await other.goto(f"{bridge.url}/page/outbox")
            return await other.locator("tbody .pill").all_inner_texts() == ["added"]

        await becomes(delivered, PATIENCE_S)
    await bridge.itflow.rest()
    assert contacts(bridge.itflow) == ONE
