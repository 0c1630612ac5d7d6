"""Raw request lines: nothing that a phone system sends ever becomes a wrong text on a phone."""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.http.callerid_desk import SECRET, Desk, Reply, one_reply, replies

HEAD = b"Host: bridge.example.com\r\nUser-Agent: asterisk\r\n"
LAST = b"Connection: close\r\n"
END = b"\r\n\r\n"


def ask(rest: bytes, *, parameter: bytes = b"cid=", more: bytes = LAST) -> bytes:
    target = b"/api.php?api_key=" + SECRET.encode() + b"&" + parameter + rest
    return b"GET " + target + b" HTTP/1.1\r\n" + HEAD + more + b"\r\n"


Door = tuple[asyncio.AbstractEventLoop, Desk]


def answers(door: Door, octets: bytes, *, pieces: int = 1, last: bytes = b"") -> list[Reply]:
    loop, running = door
    octets, _ = loop.run_until_complete(running.raw(octets, pieces=pieces, last=last))
    return replies(octets)


@pytest.mark.parametrize(
    ("rest", "body"),
    [
        (b"+492211000001&name=Foo Bar & Q \xc3\xa9", "Ada Müller"),
        (b"5550000&name=Foo Bar & Q \xc3\xa9", "Foo Bar & Q é"),
        (b"5550000&name=Caf\xe9", "Café"),
        (b"5550000&name=A#B", "A#B"),
        (b"#31#", ""),
        (b"0221 100 00 01", "Ada Müller"),
        (b"5550000&name=Tab\there", "Tab here"),
        (b"5550000&name=x HTTP/1.1", "x HTTP/1.1"),
    ],
)
def test_raw_bytes_are_read_as_meant(door: Door, rest: bytes, body: str) -> None:
    (reply,) = answers(door, ask(rest))
    assert (reply.status, reply.body.decode()) == (200, body)


@pytest.mark.parametrize(
    "octets",
    [
        b"GET /api.php?cid=1&name=" + b"A" * 20_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /callerid?number=" + b"\xff" * 9_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /api.php?cid=+492211000001\r\n HTTP/1.1" + END,
        b"GET /api.php?cid=1 HTTP/9.9" + END,
        b"GET /api.php?cid=1 HTTP/1.1\r\nBad Header : x" + END,
        b"GET /api.php?cid=1 HTTP/1.1\r\n\x00\xff" + END,
        b"GET /api.php?cid=+492211000001\n\n" + END,
    ],
)
def test_what_cannot_be_mended_gets_an_empty_body(door: Door, octets: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        found = answers(door, octets)
    assert found
    assert all(reply.status == 400 and reply.body == b"" for reply in found)
    assert all(reply.headers["x-bridge-result"] == "fault" for reply in found)
    assert "2211000001" not in caplog.text


def test_other_doors_refuse_what_they_cannot_read(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        (reply,) = answers(door, b"GET /balance?api_key=topsecret HTTP/9.9\r\n\r\n")
    assert reply.status == 400
    assert "topsecret" not in caplog.text
    assert b"topsecret" not in reply.body


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([b"cid=", b"cid=1&name=", b"name="]), st.binary(max_size=300), st.integers(1, 4))
@example(b"cid=", b"\r\n", 1)
@example(b"cid=", b" HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc", 2)
@example(b"cid=", b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 1)
@example(b"cid=", b" HTTP/1.1\r\nExpect: x\r\n\r\nGARBAGE", 1)
@example(b"cid=1&name=", b"A\n\n\x00", 3)
def test_no_bytes_whatever_break_a_call(
    door: Door, caplog: pytest.LogCaptureFixture, parameter: bytes, octets: bytes, pieces: int
) -> None:
    number = b"+492219876543"
    request = ask((number if parameter == b"cid=" else b"") + octets, parameter=parameter)
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        found = answers(door, request, pieces=pieces)
    check(found, caplog)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([b"cid=", b"cid=1&name=", b"name="]), st.binary(max_size=300) | st.from_regex(rb"[!-~]{0,60}"))
@example(b"cid=", b"1&api_key=%00%0d%0a")
@example(b"cid=1&name=", b"%0d%0aX-Injected:%201")
@example(b"cid=", b"%2B492211000001 HTTP/1.1\r\nHost: x\r\n\r\nGET /api.php?cid=2")
def test_no_bytes_whatever_break_a_call_on_a_kept_connection(
    door: Door, caplog: pytest.LogCaptureFixture, parameter: bytes, octets: bytes
) -> None:
    number = b"+492219876543"
    request = ask((number if parameter == b"cid=" else b"") + octets, parameter=parameter, more=b"")
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        found = answers(door, request, last=ask(b"%2B492211000001"))
    check(found, caplog)
    assert not any("x-injected" in reply.headers for reply in found)


def check(found: list[Reply], caplog: pytest.LogCaptureFixture) -> None:
    """Nothing but names came back, and no log line has the number."""
    assert found
    for reply in found:
        assert reply.status in {200, 400, 401}
        text = reply.body.decode()
        assert "${" not in text
        assert "$[" not in text
        assert text.isprintable()
        assert "Bad" not in text  # the beginning of all texts of aiohttp's parser
    assert "2219876543" not in caplog.text


def test_pipelined_and_kept_alive_requests_are_answered_in_order(door: Door) -> None:
    first, second = ask(b"+492211000001", more=b""), ask(b"5550000&name=S\xe9 cond", more=b"")
    last = ask(b"+492211000001")
    body = b"POST /nowhere HTTP/1.1\r\n" + HEAD + b"Content-Length: 12\r\n\r\nGET / H\xe9 \r\n\r"
    for pieces in (1, 7, 1000):
        found = answers(door, first + second + body + second + last, pieces=pieces)
        assert [(reply.status, reply.body.decode()) for reply in found if reply.status == 200] == [
            (200, "Ada Müller"),
            (200, "Sé cond"),
            (200, "Sé cond"),
            (200, "Ada Müller"),
        ]
        assert [reply.status for reply in found] == [200, 200, 404, 200, 200]


def test_more_pipelined_requests_than_aiohttp_keeps_are_all_answered(door: Door) -> None:
    found = answers(door, b"".join(ask(b"5550000&name=%d" % place, more=b"") for place in range(100)))
    assert [reply.body for reply in found] == [b"%d" % place for place in range(100)]


SHORT = b"GET /callerid?api_key=" + SECRET.encode() + b"&number=%2B492211000001 HTTP/1.1\r\n" + HEAD


@pytest.mark.parametrize("octets", [SHORT + LAST + b"\r\n", SHORT.replace(b"1.1", b"1.0") + b"\r\n"])
def test_a_connection_is_closed_when_the_caller_says_so(door: Door, octets: bytes) -> None:
    loop, running = door
    answered, closed = loop.run_until_complete(running.raw(octets))
    assert closed
    assert [reply.body.decode() for reply in replies(answered)] == ["Ada Müller"]


@pytest.mark.parametrize(
    "call", [b"%2B492211000001", b"5550000&name=Trunk", b"anonymous", b"442079460000", b"1&name=wrong%20key"]
)
def test_a_short_cut_and_the_long_way_answer_alike(door: Door, call: bytes) -> None:
    loop, running = door
    target = SHORT.replace(b"%2B492211000001", call)
    if b"wrong" in call:
        target = target.replace(SECRET.encode(), b"wrong")

    async def both() -> tuple[Reply, Reply]:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(target + b"\r\n")
        short = await one_reply(reader)
        writer.write(target + LAST + b"\r\n")
        long = await one_reply(reader)
        writer.close()
        return short, long

    short, long = loop.run_until_complete(both())
    assert "connection" in long.headers
    assert "connection" not in short.headers
    own = {"server", "date", "connection", "age"}
    assert (short.status, short.body) == (long.status, long.body)
    assert {name: value for name, value in short.headers.items() if name not in own} == {
        name: value for name, value in long.headers.items() if name not in own
    }


def test_a_short_cut_never_overtakes(door: Door) -> None:
    loop, running = door

    async def ask_behind_a_slow_one() -> list[Reply]:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        other_reader, other = await asyncio.open_connection("127.0.0.1", running.port)
        for request in (b"GET /slow HTTP/1.1\r\n" + HEAD, SHORT):
            writer.write(request + b"\r\n")
            await writer.drain()
            for _ in range(3):  # once another connection has been answered, this one's bytes have arrived too
                other.write(SHORT + b"\r\n")
                await one_reply(other_reader)
        running.slow.set()
        found = [await one_reply(reader) for _ in range(2)]
        writer.close()
        other.close()
        return found

    first, second = loop.run_until_complete(ask_behind_a_slow_one())
    assert (first.body, second.body.decode()) == (b"slow", "Ada Müller")
