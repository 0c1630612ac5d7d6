"""Who may see how it stands: everybody whether it is ready, this machine and admins everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bridge.settings import HttpSection
from tests.http.callerid_desk import ADMIN, SECRET, Desk
from tests.http.whole import whole

PROXIED: list[dict[str, str]] = [
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Host": "localhost"},
    {"Forwarded": "for=127.0.0.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"Via": "1.1 proxy"},
]


@pytest.fixture(params=["", "127.0.0.1"])
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """With and without a proxy on this machine that is trusted."""
    given = {"host": "127.0.0.1", "port": 0, "trusted_proxies": request.param}
    async with whole(tmp_path, HttpSection.model_validate(given)) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def test_this_machine_sees_everything(desk: Desk, session: aiohttp.ClientSession) -> None:
    async with session.get(desk.url("/readyz")) as response:
        assert (response.status, "rows" in await response.json()) == (200, True)
    async with session.get(desk.url("/metrics")) as response:
        assert "itflow_bridge_answers_total" in await response.text()


@pytest.mark.parametrize("headers", PROXIED)
async def test_a_proxy_on_this_machine_asks_for_somebody_else(
    desk: Desk, session: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    async with session.get(desk.url("/readyz"), headers=headers) as response:
        assert (response.status, set(await response.json())) == (200, {"ready", "status", "people_age_s"})
    async with session.get(desk.url("/metrics"), headers=headers) as response:
        assert (response.status, "itflow_bridge" in await response.text()) == (401, False)


async def test_an_admin_sees_everything_from_anywhere(desk: Desk, session: aiohttp.ClientSession) -> None:
    far = {"X-Forwarded-For": "203.0.113.9"}
    admin, everyday = far | {"Authorization": f"Bearer {ADMIN}"}, far | {"Authorization": f"Bearer {SECRET}"}
    async with session.get(desk.url("/readyz"), headers=admin) as response:
        assert "rows" in await response.json()
    async with session.get(desk.url("/metrics"), headers=admin) as response:
        assert response.status == 200
    for path in ("/readyz", "/metrics"):
        async with session.get(desk.url(path), headers=everyday) as response:
            assert response.status == 403
        async with session.get(desk.url(path), headers=far | {"Authorization": "Bearer wrong"}) as response:
            assert response.status == 401
