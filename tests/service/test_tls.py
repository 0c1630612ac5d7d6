"""TLS as ``serve`` speaks it, in its own process and on its own event loop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.http.test_tls import PAIRS, put
from tests.service.conftest import Bridge

RENEWED_S = 30


@pytest.mark.parametrize("generation", ["26.08"])
async def test_callers_are_answered_over_tls_and_a_renewed_certificate_is_taken(
    tmp_path: Path, serve: Callable[..., Awaitable[Bridge]]
) -> None:
    put(tmp_path, cert="one", key="one")
    bridge = await serve(HTTP_TLS_CERT=str(tmp_path / "cert.pem"), HTTP_TLS_KEY=str(tmp_path / "key.pem"))
    assert bridge.url.startswith("https://")
    bridge.url = bridge.url.replace("0.0.0.0", "127.0.0.1")
    one, two = (ssl.create_default_context(cafile=str(PAIRS / f"{name}.pem")) for name in ("one", "two"))
    answer = await bridge.ask("/api.php?api_key=all&cid=5550000&name=Trunk", ssl=one)
    assert (answer.status, answer.text) == (200, "Trunk")
    put(tmp_path, cert="two", key="two")
    async with asyncio.timeout(RENEWED_S):
        while True:
            async with aiohttp.ClientSession(base_url=bridge.url) as session:
                try:
                    async with session.get("/healthz", ssl=two) as response:
                        assert response.status == 200
                        return
                except aiohttp.ClientConnectorCertificateError:
                    await asyncio.sleep(0.2)
