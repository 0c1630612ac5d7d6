import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bridge import version
from bridge.errors import (
    BadParameter,
    ItflowError,
    ItflowFailing,
    ItflowUnreachable,
    KeyRefused,
    RowMissing,
    SettingsError,
    WireGarbled,
)
from bridge.itflow.client import ItflowClient
from tests.itflow.conftest import MakeClient
from tests.itflow.wire_server import WireServer, contacts

SELF_SIGNED = Path(__file__).parents[1] / "data" / "tls" / "self-signed.pem"

Answering = Callable[[web.Request, int], Awaitable[web.StreamResponse | None]]


def always(status: int = 200, text: str = "", **headers: str) -> Answering:
    async def answer(_request: web.Request, _number: int) -> web.Response:
        return web.Response(status=status, text=text, headers=headers)

    return answer


async def test_any_read_call(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = contacts(1, 2, 3)
    answer = await make_client().call("contacts", "read", {"limit": 2})
    assert [row["contact_id"] for row in answer.rows] == ["1", "2"]
    [asked] = wire.asked
    assert asked.query == {"api_key": "KEYALL", "limit": "2"}
    assert asked.headers["User-Agent"] == f"itflow-bridge/{version()}"


async def test_a_write_sends_json(wire: WireServer, make_client: MakeClient) -> None:
    assert await make_client().create("assets", {"client_id": 1, "asset_name": "PC é"}) == 7
    [asked] = wire.asked
    assert (asked.method, asked.content_type, dict(asked.query)) == ("POST", "application/json", {})
    assert wire.bodies == [b'{"api_key": "KEYALL", "client_id": 1, "asset_name": "PC \\u00e9"}']


async def test_no_rows_are_an_answer(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = []
    answer = await make_client().call("contacts")
    assert (answer.rows, answer.count) == ((), 0)
    assert await make_client().rows("contacts") == []


async def test_one_row_by_its_id(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = contacts(4, 5)
    assert (await make_client().row("contacts", 5))["contact_id"] == "5"
    with pytest.raises(RowMissing, match="no row 6 in contacts"):
        await make_client().row("contacts", 6)


async def test_another_row_than_the_one_asked_for_is_none(wire: WireServer, make_client: MakeClient) -> None:
    async def ignore_the_filter(_request: web.Request, _number: int) -> web.Response:
        return web.json_response({"success": "True", "count": 2, "data": contacts(1, 2)})

    wire.misbehave = ignore_the_filter
    assert (await make_client().row("contacts", 2))["contact_id"] == "2"
    with pytest.raises(RowMissing):
        await make_client().row("contacts", 3)


async def test_a_client_filter_that_itflow_ignores_is_applied_here(wire: WireServer, make_client: MakeClient) -> None:
    ours = contacts(*range(11, 21), client_id=2)
    wire.rows["contacts"] = contacts(*range(1, 11)) + ours + contacts(21, 22, client_id=3)
    client = make_client(page_size=4)
    assert await client.rows("contacts", client_id=2) == ours
    assert (await client.call("contacts", "read", {"client_id": 2, "limit": 3})).rows == ours[:3]
    assert (await client.call("contacts", "read", {"client_id": "2", "limit": 3, "offset": 8})).rows == ours[8:]
    assert (await client.call("contacts", "read", {"client_id": 2, "limit": 3, "offset": 10})).rows == []
    assert (await client.call("contacts", "read", {"client_id": 2, "limit": 2, "offset": 12})).rows == []
    assert not (await client.call("contacts", "read", {"client_id": 9})).rows


async def test_one_client_where_the_filter_is_ignored(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["clients"] = [{"client_id": str(one), "client_name": f"C{one}"} for one in range(1, 101)]
    assert (await make_client(page_size=10).row("clients", 90))["client_name"] == "C90"


async def test_a_module_without_client_column_refuses_the_filter(make_client: MakeClient) -> None:
    with pytest.raises(BadParameter, match="client_id"):
        await make_client().rows("payments", client_id=1)


async def test_a_read_is_tried_again(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = contacts(1)

    async def fail_twice(_request: web.Request, number: int) -> web.Response | None:
        return web.Response(status=502) if number < 3 else None

    wire.misbehave = fail_twice
    assert (await make_client().call("contacts")).count == 1
    assert len(wire.asked) == 3


@pytest.mark.parametrize("status", [500, 502])
async def test_a_write_is_sent_once(wire: WireServer, make_client: MakeClient, status: int) -> None:
    wire.misbehave = always(status)
    with pytest.raises(ItflowFailing):
        await make_client().create("assets", {"asset_name": "x"})
    assert len(wire.asked) == 1


async def test_a_write_that_is_cut_off_is_sent_once(wire: WireServer, make_client: MakeClient) -> None:
    wire.misbehave = cut
    with pytest.raises(ItflowUnreachable, match="cut off"):
        await make_client().create("assets", {"asset_name": "x"})
    assert len(wire.asked) == 1


async def test_a_refusal_is_not_asked_for_again(wire: WireServer, make_client: MakeClient) -> None:
    wire.misbehave = always(401)
    with pytest.raises(KeyRefused):
        await make_client().call("contacts")
    assert len(wire.asked) == 1


async def cut(request: web.Request, _number: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"success":"True","count":1,')
    if request.transport:
        request.transport.close()
    return response


async def test_a_connection_that_is_cut(wire: WireServer, make_client: MakeClient) -> None:
    wire.misbehave = cut
    with pytest.raises(ItflowUnreachable, match="cut off"):
        await make_client(attempts=1).call("contacts")


async def test_a_deadline(wire: WireServer, make_client: MakeClient) -> None:
    over = asyncio.Event()

    async def hang(_request: web.Request, _number: int) -> None:
        await over.wait()

    wire.misbehave = hang
    with pytest.raises(ItflowUnreachable, match=r"within 0\.1 s"):
        await make_client(attempts=1).call("contacts", timeout_s=0.1)
    over.set()


async def test_an_endless_body(wire: WireServer, make_client: MakeClient) -> None:
    async def pour(request: web.Request, _number: int) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(bytes(1 << 20))
        return response

    wire.misbehave = pour
    with pytest.raises(ItflowUnreachable, match="more than 16 MiB"):
        await make_client(attempts=1, timeout_s=30).call("contacts")


async def test_nobody_there(make_client: MakeClient) -> None:
    with pytest.raises(ItflowUnreachable, match="cannot be reached: Connect call failed"):
        await make_client(f"http://127.0.0.1:{unused_port()}", attempts=1).call("contacts")


REDIRECTS = (
    ("https://itflow.example/api/v1/contacts/read.php?api_key=KEYALL", "Set itflow.url to https://itflow.example/$"),
    ("https://a.example/crm/api/v1/contacts/read.php", "Set itflow.url to https://a.example/crm/$"),
    ("https://sso.example/login?next=%2Fapi%2Fv1", "redirects to https://sso.example/login, .* login page"),
    ("/login.php?api_key=KEYALL", "redirects to http://127.0.0.1:[0-9]+/login.php, "),
    ("http://[bad", "redirects to http://127.0.0.1"),
)


@pytest.mark.parametrize(("location", "text"), REDIRECTS)
@pytest.mark.parametrize("function", ["read", "create"])
async def test_a_redirect_is_told_and_not_followed(
    wire: WireServer, make_client: MakeClient, location: str, text: str, function: str
) -> None:
    wire.misbehave = always(301, Location=location)
    with pytest.raises(WireGarbled, match=text) as raised:
        await make_client().call("contacts", function)
    assert len(wire.asked) == 1
    assert "KEYALL" not in str(raised.value)


async def test_something_that_is_not_http(make_client: MakeClient) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(ItflowError, match=r"itflow\.url") as raised:
            await make_client(f"http://127.0.0.1:{port}", attempts=1).call("contacts")
    assert_no_key(raised.value)


async def test_https_against_http(server: TestServer, make_client: MakeClient) -> None:
    with pytest.raises(ItflowUnreachable, match=r"TLS .* http://") as raised:
        await make_client(f"https://127.0.0.1:{server.port}", attempts=1).call("contacts")
    assert_no_key(raised.value)


async def test_a_certificate_that_nobody_trusts(wire: WireServer, make_client: MakeClient) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(SELF_SIGNED)
    server = TestServer(wire.app)
    await server.start_server(ssl=context)
    with pytest.raises(ItflowUnreachable, match=r"certificate .* self-signed .* SSL_CERT_FILE") as raised:
        await make_client(f"https://127.0.0.1:{server.port}", attempts=1).call("contacts")
    await server.close()
    assert_no_key(raised.value)
    assert not wire.asked


def assert_no_key(error: BaseException | None) -> None:
    while error is not None:
        assert "KEYALL" not in str(error) + repr(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.parametrize("tail", ["", "/", "/api", "/api/", "/api/v1", "/api/v1/", "//"])
async def test_every_spelling_of_the_address(
    wire: WireServer, server: TestServer, make_client: MakeClient, tail: str
) -> None:
    wire.rows["contacts"] = contacts(1)
    client = make_client(str(server.make_url("/")).rstrip("/") + tail)
    assert (await client.call("contacts")).count == 1


@pytest.mark.parametrize("url", ["", "itflow.example.com", "ftp://itflow.example.com", "http://", "http://[::1"])
async def test_an_address_that_is_none(session: aiohttp.ClientSession, url: str) -> None:
    with pytest.raises(SettingsError, match=r"itflow\.url"):
        ItflowClient(session, url, "KEY")


async def test_the_environments_proxy_is_used(
    wire: WireServer, server: TestServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.rows["contacts"] = contacts(1)
    monkeypatch.setenv("http_proxy", str(server.make_url("/")))
    assert (await make_client("http://itflow.invalid").call("contacts")).count == 1
    assert wire.asked[0].headers["Host"] == "itflow.invalid"


async def test_a_proxy_that_refuses(
    server: TestServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", str(server.make_url("/")))
    with pytest.raises(ItflowUnreachable, match=r"proxy .* NO_PROXY") as raised:
        await make_client("https://itflow.invalid", attempts=1).call("contacts")
    assert_no_key(raised.value)


FAILED = {"success": "False", "message": "Auth success but delete query failed, perhaps the required variables"}
DELETED = {"success": "True", "message": "1 resource deleted", "count": "1"}


@pytest.mark.parametrize(
    ("id_", "deletes", "says", "error"),
    [
        (2, True, FAILED, None),  # what ITFlow does with an asset
        (2, True, DELETED, None),
        (2, False, FAILED, "kept row 2"),
        (2, False, DELETED, "kept row 2"),
        (9, True, FAILED, "no row 9"),
        (9, True, DELETED, "no row 9"),
    ],
)
async def test_a_deletion_is_told_by_what_is_there_afterwards(
    wire: WireServer, make_client: MakeClient, id_: int, deletes: bool, says: dict[str, str], error: str | None
) -> None:
    wire.rows["contacts"] = contacts(1, 2, 3)

    async def delete(request: web.Request, _number: int) -> web.Response | None:
        if request.method != "POST":
            return None
        if deletes:
            wire.rows["contacts"] = [row for row in wire.rows["contacts"] if row["contact_id"] != str(id_)]
        return web.json_response(says)

    wire.misbehave = delete
    deletion = make_client().delete("contacts", {"contact_id": id_, "client_id": 1})
    if error:
        with pytest.raises(RowMissing, match=error):
            await deletion
    else:
        assert (await deletion).count == 1
