"""Every view in a real Chromium: for whom it opens, as phone and desk, light and dark, without a fault."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bridge import service
from bridge.access.key import Feature
from bridge.page.door import MENU
from bridge.settings import load
from tests.page.desk import ANN, HOST, MAIN, PEOPLE, Desk, answered, began, ended

pytestmark = pytest.mark.asyncio(loop_scope="module")

AXE = (Path(__file__).parent.parent / "data/axe/axe.min.js").read_text(encoding="utf-8")
# Each view as somebody looks at it, and the right that opens it.
VIEWS = {
    "/": Feature.CALLS,
    "/page/calls": Feature.CALLS,
    "/page/calls?which=missed": Feature.CALLS,
    "/page/week": Feature.CALLS,
    "/page/lookup": Feature.CALLERID,
    f"/page/lookup?q=%2B{HOST[1:]}": Feature.CALLERID,
    f"/page/lookup?q=%2B{MAIN[1:]}": Feature.CALLERID,
    "/page/lookup?q=b": Feature.CALLERID,
    "/page/books": Feature.PHONEBOOK,
    "/page/books?format=snom&contacts=primary": Feature.PHONEBOOK,
    "/page/outbox": Feature.ASSETS,
    "/page/contact?number=%2B12065559999": Feature.CONTACTS,
    "/page/data": Feature.PHONEBOOK,
    "/page/setup": Feature.ADMIN,
    "/page/health": Feature.ADMIN,
}
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 360, "height": 740}}


async def test_every_view_of_the_menu_is_here() -> None:
    assert {path for path, _, _ in MENU} == {urlsplit(path).path for path in VIEWS} - {"/page/contact"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_views_are_sound(page_desk: Desk, size: str, scheme: str) -> None:
    seen = page_desk.seen
    seen.console.clear()
    await page_desk.tell(*began("a", ANN), *began("b", HOST), *began("c", "+12065559999"), answered("a"))
    async with page_desk.signed_in("Ada", viewport=SIZES[size], color_scheme=scheme) as page:
        for view in VIEWS:
            answer = await page.goto(page_desk.url + view)
            assert answer is not None
            assert answer.status == 200, view
            # A stream never ends, so the page is ready when its script has run.
            await page.wait_for_load_state("load")
            wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{view} is {wide} pixels too wide"
            assert "owned" not in await page.title()
            await page.evaluate(AXE)
            found = await page.evaluate("axe.run({resultTypes: ['violations']})")
            faults = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
            assert not faults, (view, json.dumps(faults, indent=1)[:3000])
            outline = await page.evaluate("[...document.querySelectorAll('h1')].length")
            assert outline == 1, view
    await page_desk.tell(ended("a"), ended("b"), ended("c"))
    assert not seen.console
    assert not seen.foreign


@pytest.mark.parametrize("name", PEOPLE)
async def test_views_open_by_right(page_desk: Desk, name: str) -> None:
    rights = PEOPLE[name][1]
    async with page_desk.signed_in(name) as page:
        for view, feature in VIEWS.items():
            answer = await page.request.get(page_desk.url + view)
            landed = urlsplit(answer.url).path
            if feature in rights:
                assert (answer.status, landed) == (200, urlsplit(view).path), view
            elif view == "/":
                assert answer.status == 200
                assert "Nothing to see" in await answer.text()
            else:
                assert answer.status == 403, view
                assert f"--allow {feature}" in await answer.text()
        await page.goto(page_desk.url)
        links = [await link.get_attribute("href") for link in await page.locator("nav a").all()]
        assert links == [path for path, _, feature in MENU if feature in rights]


async def test_nobody_sees_a_view_without_signing_in(page_desk: Desk) -> None:
    async with page_desk.context() as context:
        for view in (*VIEWS, "/page/calls.csv"):
            answer = await context.request.get(page_desk.url + view)
            assert urlsplit(answer.url).path == "/sign-in", view
            assert "Ann Archer" not in await answer.text()
        live = await context.request.get(f"{page_desk.url}/page/live")
        assert live.status == 401


async def test_every_answer_has_the_policy(page_desk: Desk) -> None:
    routes = {
        (route.method, route.resource.canonical)
        for route in service.make_app(load()).router.routes()
        if route.resource
        and (route.resource.canonical in {"/", "/sign-in"} or route.resource.canonical.startswith("/page"))
    }
    async with page_desk.context() as context:
        for method, path in routes:
            if "{" in path:
                continue
            answer = await context.request.fetch(page_desk.url + path, method=method, max_redirects=0)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["referrer-policy"] == "no-referrer"


async def test_files_are_only_ours(page_desk: Desk) -> None:
    async with page_desk.context() as context:
        for name in ("..%2fpage.css", "..%2f..%2fdoor.py", "door.py", "%2e%2e"):
            answer = await context.request.get(f"{page_desk.url}/page/static/1/{name}")
            assert answer.status == 404, name
