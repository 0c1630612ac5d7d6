"""An embedded server with the recordings' rows and keys, and a way to ask it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bridge.embedded import EmbeddedItflow

Ask = Callable[..., Awaitable[tuple[int, Any]]]
Serve = Callable[[EmbeddedItflow], Awaitable[Ask]]


@pytest.fixture
def serve(aiohttp_client) -> Serve:
    """Serve an ITFlow; the answer asks it.

    ``ask("contacts/read", api_key="KEYALL")`` reads, ``ask("contacts/create", {...})`` writes; either answers
    with the status and the JSON.
    """

    async def start(itflow: EmbeddedItflow) -> Ask:
        client: TestClient[Any, Any] = await aiohttp_client(itflow.make_app())

        async def ask(path: str, body: dict[str, object] | None = None, **query: object) -> tuple[int, dict[str, Any]]:
            method = "GET" if body is None else "POST"
            parameters = {name: str(value) for name, value in query.items()}
            if body is None:
                parameters.setdefault("api_key", "KEYALL")
            else:
                body = {"api_key": "KEYALL", **body}
            async with client.request(method, f"/api/v1/{path}.php", params=parameters, json=body) as response:
                return response.status, await response.json() if await response.read() else {}

        return ask

    return start
