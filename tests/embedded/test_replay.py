"""Every recorded request, sent again in order, is answered as the real server answered it."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from yarl import URL

from bridge.embedded import Generation
from tests.embedded.recordings import Recorded, recorded_itflow, recording

REPLAYS: tuple[tuple[str, Generation, int], ...] = (
    ("v25.12", "25.12", 110),
    ("v26.02", "26.02", 110),
    ("v26.02-effects", "26.02", 57),
    ("v26.05", "26.05", 110),
    ("v26.05-effects", "26.05", 57),
    ("v26.08", "26.08", 110),
    ("v26.08-effects", "26.08", 57),
)
"""Each recording with the server it is of, and how many answers it has; display_errors has a test of its own."""

UNLIKE_BY_NATURE: Mapping[str, re.Pattern[str]] = {
    # When something happened; the data set's own two moments come back as they are.
    "a moment": re.compile(r"(?!2021-01-01|2022-02-02)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    # By which a guest may see a ticket; only in the column ticket_url_key.
    "a random key": re.compile(r"[A-Za-z0-9_-]{32}|[A-Za-z0-9_-]{156}"),
    # Not ITFlow's: the web server's own page for a file that is not there, recorded up to its 1,000th character.
    "the web server's 404": re.compile(r"<!doctype html>.*<title>404 Not Found</title>.*", re.DOTALL),
}
"""What no two runs have in common; it is compared by its form. Everything else is compared as it is."""


def _steady(value: object, random_key: object = None) -> object:
    """An answer, order of columns included, with the name of what is unlike by nature in its place."""
    if isinstance(value, dict):
        random_key = value.get("ticket_url_key")
        return [(name, _steady(each, random_key)) for name, each in value.items()]
    if isinstance(value, list):
        return [_steady(each) for each in value]
    if not isinstance(value, str):
        return value
    for label, form in UNLIKE_BY_NATURE.items():
        if (label != "a random key" or value == random_key) and form.fullmatch(value):
            return label
    return value


async def _answers(client: TestClient[Any, Any], recorded: list[Recorded]) -> list[tuple[int, str, str]]:
    found = []
    for step in recorded:
        url = URL(f"/api/v1/{step.path}", encoded=True)
        async with client.request(step.method, url, json=step.body) as response:
            found.append((response.status, response.headers["Content-Type"], await response.text()))
    return found


@pytest.mark.parametrize(("name", "generation", "count"), REPLAYS)
async def test_recorded_requests_get_the_recorded_answers(aiohttp_client, name, generation, count) -> None:
    steps = recording(name)
    client = await aiohttp_client(recorded_itflow(generation).make_app())
    differences = []
    for number, (step, (status, content_type, text)) in enumerate(
        zip(steps, await _answers(client, steps), strict=True)
    ):
        got = _steady(text if step.json is None else json.loads(text))
        wanted = _steady(step.text if step.json is None else step.json)
        if (status, content_type, got) != (step.status, step.content_type, wanted):
            request = f"{number} {step.method} {step.path} {step.body}"
            differences.append(f"{request}\n  want {step.status} {wanted}\n  got  {status} {got}")
    assert not differences, "\n".join(differences)
    assert len(steps) == count


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


def test_all_627_recorded_answers_are_replayed() -> None:
    assert sum(count for _, _, count in REPLAYS) + 16 == 627
