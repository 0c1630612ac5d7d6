"""What a key opens: scoped and expired keys, and the rights of users on 26.08."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.embedded import ADMINISTRATOR, GENERATIONS, Level
from tests.embedded.recordings import recorded_itflow

BAD_KEY = "Authentication failed. API key is invalid or has expired."
NO_RIGHT = "The user linked to this API key does not have permission for this action."
NO_CLIENT = "The user linked to this API key does not have access to the target client for this write."


def ids(answer: tuple[int, dict[str, Any]]) -> list[str]:
    return [next(iter(row.values())) for row in answer[1].get("data", [])]


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_key_is_refused_from_its_expiry_on_and_once_it_is_deleted(serve, generation) -> None:
    itflow = recorded_itflow(generation)
    ask = await serve(itflow)
    key = itflow.add_key("SOON", expires=datetime.now(UTC) + timedelta(hours=1))
    assert (await ask("clients/read", api_key="SOON"))[0] == 200
    key.expires = datetime.now(UTC) - timedelta(seconds=1)
    assert await ask("clients/read", api_key="SOON") == (401, {"success": "False", "message": BAD_KEY})
    itflow.keys.clear()
    assert await ask("clients/read") == (401, {"success": "False", "message": BAD_KEY})


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_scoped_key_reads_its_client_only(serve, generation) -> None:
    ask = await serve(recorded_itflow(generation))
    no_client = ["18"] if generation == "26.08" else []
    assert ids(await ask("contacts/read", api_key="KEYONE")) == ["1", "2", "3", "4", "9", *no_client]
    assert ids(await ask("contacts/read", api_key="KEYONE", contact_id=5)) == []
    assert ids(await ask("invoices/read", api_key="KEYONE", client_id=2)) == ["1", "2", "3", "4", "5", "6"]


async def test_a_denied_client_is_left_out_on_26_08(serve) -> None:
    itflow = recorded_itflow("26.08")
    itflow.add_key("DENIED", denied={1, 8})
    ask = await serve(itflow)
    assert ids(await ask("clients/read", api_key="DENIED")) == ["2", "3", "4", "5", "6", "7"]
    body = {"api_key": "DENIED", "client_id": 8, "asset_name": "x"}
    assert await ask("assets/create", body) == (403, {"success": "False", "message": NO_CLIENT})


@pytest.mark.parametrize(
    ("module", "function", "level", "allowed"),
    [
        ("contacts", "read", Level.NONE, False),
        ("contacts", "read", Level.READ, True),
        ("contacts", "create", Level.READ, False),
        ("contacts", "create", Level.WRITE, True),
        ("contacts", "archive", Level.READ, False),
        ("contacts", "archive", Level.WRITE, True),
        ("contacts", "delete", Level.WRITE, False),
        ("contacts", "delete", Level.FULL, True),
    ],
)
async def test_the_users_role_decides_on_26_08(serve, module, function, level, allowed) -> None:
    itflow = recorded_itflow("26.08")
    itflow.add_key("ROLE", rights={**ADMINISTRATOR, "client": level})
    ask = await serve(itflow)
    body = None if function == "read" else {"api_key": "ROLE", "client_id": 1, "contact_id": 4}
    status, answer = await ask(f"{module}/{function}", body, **({} if body else {"api_key": "ROLE"}))
    assert (status == 403) is not allowed
    assert (answer.get("message") == NO_RIGHT) is not allowed


async def test_an_inactive_user_is_refused_on_26_08(serve) -> None:
    itflow = recorded_itflow("26.08")
    itflow.keys["KEYALL"].active = False
    ask = await serve(itflow)
    status, answer = await ask("clients/read")
    assert status == 403
    assert "inactive" in answer["message"]


@pytest.mark.parametrize(
    ("in_query", "in_body", "status"),
    [
        (None, None, 401),
        ("KEYALL", None, 405),
        ("BAD", "KEYALL", 405),
        ("KEYALL", "BAD", 401),
        ("KEYALL", "", 401),
    ],
)
async def test_the_key_in_the_body_comes_first(serve, in_query, in_body, status) -> None:
    ask = await serve(recorded_itflow("26.02"))
    query = {} if in_query is None else {"api_key": in_query}
    found, _ = await ask("clients/read", {"api_key": in_body}, **query)
    assert found == status


async def test_rights_mean_nothing_on_26_02(serve) -> None:
    itflow = recorded_itflow("26.02")
    itflow.add_key("ROLE", rights={})
    ask = await serve(itflow)
    assert (await ask("clients/read", api_key="ROLE"))[0] == 200
