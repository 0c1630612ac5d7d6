"""One bridge and one browser for all tests of a file."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from tests.page.desk import Desk, chromium, desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page_desk(tmp_path_factory) -> AsyncIterator[Desk]:
    async with desk(tmp_path_factory.mktemp("page")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened
