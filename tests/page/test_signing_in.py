"""Signing in and out: once by a link, by a password, never from another site, and not by guessing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, CookieJar

from bridge.calls.people import People, Person
from bridge.page.door import COOKIE
from bridge.storage import Database
from tests.page import desk
from tests.page.desk import PASSWORD, Served, sample, served

pytestmark = pytest.mark.asyncio(loop_scope="module")


def session() -> ClientSession:
    """A browser's cookies without a browser."""
    return ClientSession(cookie_jar=CookieJar(unsafe=True))


def link(bridge: Served, name: str = "Ben") -> dict[str, str]:
    """What the button of a new link sends."""
    return {"link": desk.link(bridge.path, name)}


@pytest_asyncio.fixture(loop_scope="module")
async def page_bridge(tmp_path: Path) -> AsyncIterator[Served]:
    """A bridge of the test's own: wrong tries of one test do not slow the next."""
    async with served(tmp_path, sample()) as made:
        yield made


async def test_a_link_signs_in_once_and_only_by_its_button(page_bridge: Served) -> None:
    async with session() as first, session() as second:
        url, form = f"{page_bridge.url}/sign-in", link(page_bridge)
        for _ in range(3):  # as a mail filter does
            answer = await second.get(url, params=form)
            assert answer.status == 200
            assert COOKIE not in answer.cookies
        answer = await first.post(url, data=form, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        assert "Ben" in await (await first.get(page_bridge.url)).text()
        answer = await second.post(url, data=form)
        assert answer.status == 401
        assert COOKIE not in answer.cookies


async def test_the_cookie_is_for_this_host_and_no_script(page_bridge: Served) -> None:
    async with session() as browser:
        answer = await browser.post(f"{page_bridge.url}/sign-in", data=link(page_bridge), allow_redirects=False)
        cookie = answer.cookies[COOKIE]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["secure"]  # over plain HTTP a browser would not send it
        assert not cookie["domain"]


async def test_a_password_signs_in_by_any_name(page_bridge: Served) -> None:
    for name in ("Ada", "ada@example.com", "101"):
        async with session() as browser:
            form = {"name": name, "password": PASSWORD, "back": "/page/week"}
            answer = await browser.post(f"{page_bridge.url}/sign-in", data=form)
            assert answer.status == 200
            assert answer.url.path == "/page/week"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "/page/\r\nX: y", "x"])
async def test_nobody_is_sent_elsewhere(page_bridge: Served, back: str) -> None:
    async with session() as browser:
        form = {"name": "Ada", "password": PASSWORD, "back": back}
        answer = await browser.post(f"{page_bridge.url}/sign-in", data=form, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/")


async def test_guessing_is_slowed_also_for_the_right_password(page_bridge: Served) -> None:
    async with session() as browser:
        url = f"{page_bridge.url}/sign-in"
        statuses = []
        for _ in range(12):
            answer = await browser.post(url, data={"name": "Ada", "password": "wrong"})
            statuses.append(answer.status)
        assert statuses[:9] == [401] * 9
        assert statuses[-1] == 429
        answer = await browser.post(url, data={"name": "Ada", "password": PASSWORD})
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) > 0


async def test_so_many_passwords_at_once_are_not_compared(page_bridge: Served) -> None:
    async with session() as browser:

        async def once() -> int:
            form = {"name": "Ada", "password": PASSWORD}
            return (await browser.post(f"{page_bridge.url}/sign-in", data=form)).status

        statuses = await asyncio.gather(*(once() for _ in range(12)))
        assert set(statuses) <= {200, 429}
        assert 200 in statuses
        assert 429 in statuses


FORMS = {
    "/page/calls/done": {"ids": "1", "done": "1"},
    "/page/dial": {"number": "+12065550123"},
    "/page/outbox/retry": {"id": "1"},
    "/page/health/accept": {},
    "/page/setup": {"system": "yealink"},
    "/page/sign-out": {},
}


@pytest.mark.parametrize("path", FORMS)
async def test_forms_of_others_do_nothing(page_bridge: Served, path: str) -> None:
    async with session() as browser, session() as other:
        await browser.post(f"{page_bridge.url}/sign-in", data=link(page_bridge, "Ada"))
        await other.post(f"{page_bridge.url}/sign-in", data=link(page_bridge, "Ada"))
        text = await (await other.get(f"{page_bridge.url}/page/calls")).text()
        token = text.partition('name="token" value="')[2].partition('"')[0]
        assert len(token) == 64
        for fields in ({}, {"token": ""}, {"token": "0" * 64}, {"token": token}):
            answer = await browser.post(page_bridge.url + path, data={**FORMS[path], **fields})
            assert answer.status == 403, fields
        own = await (await browser.get(f"{page_bridge.url}/page/calls")).text()
        token = own.partition('name="token" value="')[2].partition('"')[0]
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
        ):
            answer = await browser.post(page_bridge.url + path, data={**FORMS[path], "token": token}, headers=headers)
            assert answer.status == 403, headers
        assert (await browser.get(f"{page_bridge.url}/page/calls")).url.path == "/page/calls"  # still signed in


async def test_signing_out_ends_this_browser_alone(page_bridge: Served) -> None:
    async with session() as one, session() as other:
        await one.post(f"{page_bridge.url}/sign-in", data=link(page_bridge))
        await other.post(f"{page_bridge.url}/sign-in", data=link(page_bridge))
        text = await (await one.get(f"{page_bridge.url}/page/calls")).text()
        token = text.partition('name="token" value="')[2].partition('"')[0]
        answer = await one.post(f"{page_bridge.url}/page/sign-out", data={"token": token})
        assert answer.url.path == "/sign-in"
        assert (await one.get(f"{page_bridge.url}/page/calls")).url.path == "/sign-in"
        assert (await other.get(f"{page_bridge.url}/page/calls")).url.path == "/page/calls"


async def test_whoever_is_removed_is_signed_out(page_bridge: Served) -> None:
    async with session() as browser:
        with closing(Database(page_bridge.path)) as database:
            People(database).add(Person(name="Gone", extensions=("199",)))
        await browser.post(f"{page_bridge.url}/sign-in", data=link(page_bridge, "Gone"))
        with closing(Database(page_bridge.path)) as database:
            People(database).remove("Gone")
        for _ in range(100):
            answer = await browser.get(f"{page_bridge.url}/page/calls")
            if answer.url.path == "/sign-in":
                return
            await asyncio.sleep(0.05)  # what another process has changed is noticed within a second
        pytest.fail("still signed in")


async def test_a_proxys_path_and_scheme_are_kept(tmp_path: Path) -> None:
    proxied = {"host": "127.0.0.1", "port": 0, "trusted_proxies": "127.0.0.0/8"}
    headers = {"X-Forwarded-Prefix": "/bridge", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "msp.example"}
    async with served(tmp_path, sample(), http=proxied) as made, session() as browser:
        answer = await browser.post(f"{made.url}/sign-in", data=link(made), headers=headers, allow_redirects=False)
        assert answer.headers["Location"] == "/bridge/"
        cookie = answer.cookies[COOKIE]
        assert (cookie["path"], bool(cookie["secure"])) == ("/bridge/", True)
        signed = {**headers, "Cookie": f"{COOKIE}={cookie.value}"}
        text = await (await browser.get(made.url, headers=signed)).text()
        assert 'href="/bridge/page/calls"' in text
        assert 'data-live="/bridge/page/live"' in text
        assert 'href="/page' not in text
