"""Every recorded request, sent again in order, is answered as the real server answered it."""

import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from yarl import URL

from bridge.embedded import GENERATIONS, Generation
from tests.embedded.recordings import Recorded, recorded_itflow, recording

_RANDOM = {"ticket_url_key"}


def _steady(value: object, name: str = "") -> object:
    """An answer without what no two runs have in common: a moment, if there is one, and a random key."""
    if isinstance(value, dict):
        return {key: _steady(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_steady(each) for each in value]
    if isinstance(value, str) and (name.endswith("_at") or name in _RANDOM):
        return len(value)
    return value


async def _answers(client: TestClient[Any, Any], recorded: list[Recorded]) -> list[tuple[int, str, str]]:
    found = []
    for step in recorded:
        url = URL(f"/api/v1/{step.path}", encoded=True)
        async with client.request(step.method, url, json=step.body) as response:
            found.append((response.status, response.headers["Content-Type"], await response.text()))
    return found


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_recorded_requests_get_the_recorded_answers(aiohttp_client, generation: Generation) -> None:
    steps = recording(f"v{generation}")
    client = await aiohttp_client(recorded_itflow(generation).make_app())
    differences = []
    for number, (step, (status, content_type, text)) in enumerate(
        zip(steps, await _answers(client, steps), strict=True)
    ):
        got: object = _steady(json.loads(text)) if step.json is not None else text
        wanted: object = _steady(step.json) if step.json is not None else step.text
        if "html" in step.content_type:
            got = wanted = None
        if (status, content_type, got) != (step.status, step.content_type, wanted):
            differences.append(f"{number} {step.method} {step.path}\n  want {wanted}\n  got  {status} {got}")
        if step.json is not None and isinstance(step.json.get("data"), list):
            names = [list(row) for row in step.json["data"]]  # type: ignore[attr-defined]  # a list, as just seen
            assert [list(row) for row in json.loads(text)["data"]] == names, step.path
    assert len(steps) == 110
    assert not differences, "\n".join(differences)


async def test_display_errors_puts_the_recorded_html_into_the_same_answers(aiohttp_client) -> None:
    steps = recording("v26.02")
    noisy = {step.request: step for step in recording("v26.02-display-errors")}
    client = await aiohttp_client(recorded_itflow("26.02", display_errors=True).make_app())
    with_html = set()
    for step, (status, content_type, text) in zip(steps, await _answers(client, steps), strict=True):
        if "html" in step.content_type or not text.startswith("<br />"):
            continue
        with_html.add(step.request)
        wanted = noisy[step.request]
        assert (status, content_type) == (wanted.status, wanted.content_type)
        assert wanted.text is not None
        first_lines = wanted.text.splitlines()[:2]
        if "SQL syntax" not in first_lines[1]:
            assert text.splitlines()[:2] == first_lines
        if wanted.text.endswith("}"):
            assert text == wanted.text
        if step.json is not None:
            assert _steady(json.loads(text[text.index("{") :])) == _steady(step.json)
    assert with_html == set(noisy)
    assert len(noisy) == 16
