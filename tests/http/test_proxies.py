"""Who really asks: what a proxy in front tells is believed from ``http.trusted_proxies`` only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bridge.errors import SettingsError
from bridge.http import errors, proxies
from bridge.http.state import IN_USE
from bridge.reload import InUse
from bridge.settings import HttpSection, Settings, load
from tests.http.whole import FAR, whole

TRUSTED = "127.0.0.1, 10.0.0.0/8, fd00::/8"
CLIENT = "203.0.113.9"


async def told(request: web.Request) -> web.Response:
    """What a handler sees of its client."""
    seen = {"remote": request.remote, "origin": str(request.url.origin()), "prefix": request.get(proxies.PREFIX)}
    return web.json_response(seen)


@pytest.fixture(params=[""])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    section = HttpSection.model_validate({"trusted_proxies": request.param})
    app = web.Application(middlewares=[errors.rendered, proxies.believed])
    app[IN_USE] = InUse(Settings(http=section))
    app.router.add_get("/told", told)
    app.router.add_get("/api.php", told)
    async with TestClient(TestServer(app)) as client:
        yield client


Headers = dict[str, str]


@pytest.mark.parametrize("client", [TRUSTED], indirect=True)
@pytest.mark.parametrize(
    ("headers", "remote"),
    [
        ({}, "127.0.0.1"),
        ({"X-Forwarded-For": CLIENT}, CLIENT),
        ({"X-Forwarded-For": f"{CLIENT}:41234"}, CLIENT),
        ({"X-Forwarded-For": "[2001:db8::7]:443"}, "2001:db8::7"),
        ({"X-Forwarded-For": "2001:DB8:0::7"}, "2001:db8::7"),
        # What stands before the last untrusted address is the client's own word.
        ({"X-Forwarded-For": f"127.0.0.1, {CLIENT}"}, CLIENT),
        ({"X-Forwarded-For": f"192.0.2.1, {CLIENT}, 10.0.0.7"}, CLIENT),
        ({"X-Forwarded-For": "10.1.1.1, 10.0.0.7"}, "10.1.1.1"),
        # A client without an address is in no network.
        ({"X-Forwarded-For": "unknown"}, "unknown"),
        ({"X-Forwarded-For": "127.0.0.1, nonsense"}, "unknown"),
        ({"X-Forwarded-For": "999.1.1.1"}, "unknown"),
        ({"X-Forwarded-For": ""}, "unknown"),
        ({"Forwarded": f"for={CLIENT};proto=https"}, CLIENT),
        ({"Forwarded": 'for="[2001:db8::7]:443"'}, "2001:db8::7"),
        ({"Forwarded": f"for=192.0.2.1, for={CLIENT}, for=10.0.0.7"}, CLIENT),
        ({"Forwarded": "for=_hidden"}, "unknown"),
        ({"Forwarded": f"for={CLIENT}", "X-Forwarded-For": CLIENT}, CLIENT),
        ({"Via": "1.1 proxy"}, "127.0.0.1"),
    ],
)
async def test_the_address(client: TestClient[web.Request, web.Application], headers: Headers, remote: str) -> None:
    response = await client.get("/told", headers=headers)
    assert (response.status, (await response.json())["remote"]) == (200, remote)


@pytest.mark.parametrize("client", [TRUSTED], indirect=True)
@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({"X-Forwarded-Proto": "https"}, "https://bridge.example.com"),
        ({"X-Forwarded-Proto": "HTTPS", "X-Forwarded-Host": "pbx.example.com:8443"}, "https://pbx.example.com:8443"),
        ({"Forwarded": "proto=https;host=pbx.example.com"}, "https://pbx.example.com"),
        ({"X-Forwarded-Proto": "javascript"}, "http://bridge.example.com"),
        ({"X-Forwarded-Host": "pbx.example.com/evil"}, "http://bridge.example.com"),
        ({"X-Forwarded-Host": "[2001:db8::7]:80"}, "http://[2001:db8::7]"),
    ],
)
async def test_the_origin_of_links(
    client: TestClient[web.Request, web.Application], headers: Headers, origin: str
) -> None:
    response = await client.get("/told", headers={"Host": "bridge.example.com", **headers})
    assert (await response.json())["origin"] == origin


@pytest.mark.parametrize("client", [TRUSTED], indirect=True)
@pytest.mark.parametrize(
    ("prefix", "seen"),
    [("/itflow", "/itflow"), ("/a/b-c/", "/a/b-c"), ("//evil.example.com", None), ("itflow", None), ("/<b>", None)],
)
async def test_the_prefix_of_links(
    client: TestClient[web.Request, web.Application], prefix: str, seen: str | None
) -> None:
    response = await client.get("/told", headers={"X-Forwarded-Prefix": prefix})
    assert (await response.json())["prefix"] == seen


@pytest.mark.parametrize("client", ["", "10.0.0.0/8"], indirect=True)
async def test_nobody_else_is_believed(client: TestClient[web.Request, web.Application]) -> None:
    headers = {"X-Forwarded-For": CLIENT, "Forwarded": "for=192.0.2.1", "X-Forwarded-Prefix": "/x"}
    seen = await (await client.get("/told", headers=headers | {"X-Forwarded-Proto": "https"})).json()
    assert (seen["remote"], seen["prefix"], seen["origin"][:5]) == ("127.0.0.1", None, "http:")


@pytest.mark.parametrize("client", [TRUSTED], indirect=True)
async def test_headers_that_contradict_each_other_are_refused(
    client: TestClient[web.Request, web.Application],
) -> None:
    headers = {"X-Forwarded-For": CLIENT, "Forwarded": "for=127.0.0.1"}
    response = await client.get("/told", headers=headers)
    assert response.status == 400
    assert "remove the one it does not write" in await response.text()
    shown = await client.get("/api.php?cid=1", headers=headers)
    assert (shown.status, await shown.read()) == (400, b"")


@pytest.mark.parametrize(
    ("trusted", "headers", "result"),
    [
        ("127.0.0.1", {"X-Forwarded-For": CLIENT}, "hit"),
        ("127.0.0.1", {"Forwarded": f"for={CLIENT}"}, "hit"),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, "denied"),
        ("127.0.0.1", {"X-Forwarded-For": f"{CLIENT}, 192.0.2.1"}, "denied"),
        ("127.0.0.1", {"X-Forwarded-For": "unknown"}, "denied"),
        ("127.0.0.1", {}, "denied"),
        ("", {"X-Forwarded-For": CLIENT}, "denied"),
        ("10.0.0.0/8", {"X-Forwarded-For": CLIENT}, "denied"),
    ],
)
async def test_a_key_s_networks_go_by_the_client(tmp_path: Path, trusted: str, headers: Headers, result: str) -> None:
    section = HttpSection.model_validate({"host": "127.0.0.1", "port": 0, "trusted_proxies": trusted})
    async with whole(tmp_path, section) as desk, aiohttp.ClientSession() as session:
        for path in ("/api.php?cid=%2B492211000001", "/callerid?number=%2B492211000001"):
            async with session.get(f"{desk.url(path)}&api_key={FAR}", headers=headers) as response:
                assert response.headers["X-Bridge-Result"] == result


async def test_links_go_by_the_client(tmp_path: Path) -> None:
    section = HttpSection.model_validate({"host": "127.0.0.1", "port": 0, "trusted_proxies": "127.0.0.1"})
    headers = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/itflow"}
    async with whole(tmp_path, section) as desk, aiohttp.ClientSession() as session:
        for more, start in ((headers, f"https://bridge.example.com:443/itflow/phonebook/cisco/{FAR}"), ({}, "")):
            asked = {"Host": "bridge.example.com", **more}
            async with session.get(desk.url(f"/phonebook/cisco/{FAR}"), headers=asked) as response:
                assert (response.status == 200) == bool(start)
                assert start in await response.text()


def test_a_network_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_HTTP_TRUSTED_PROXIES", "127.0.0.1, nonsense")
    with pytest.raises(SettingsError, match=r"http\.trusted_proxies .*must be addresses or networks"):
        load()
    monkeypatch.setenv("BRIDGE_HTTP_TRUSTED_PROXIES", "10.0.0.1/8")  # which of the two is meant?
    with pytest.raises(SettingsError, match=r"http\.trusted_proxies"):
        load()
