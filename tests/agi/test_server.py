"""The FastAGI server: names, and whatever else may come over the wire."""

import asyncio
import ipaddress
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.access.keys import Options
from bridge.agi.server import KEY_S
from bridge.callerid import safe
from tests.agi.wire import header, talk
from tests.agi.world import ALICE, BERND, EVE, HOSTILE, SECRET, UNKNOWN, YOKO, mirror, world
from tests.pbx.asterisk import until


@pytest.fixture
async def door(tmp_path):
    async with world(tmp_path, mirror(), max_calls=250, pin="attested") as made:
        yield made
    assert made.server.calls == 0


async def exchange(port, *pieces, then_close=False):
    """Send pieces, each as a segment of its own; return what came before the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if then_close:
            return b""
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("number", "name"), [(ALICE, "Alice O'Neil"), (BERND, "Jörg Müller"), (YOKO, "山田洋子"), (EVE, safe(HOSTILE, 60))]
)
async def test_a_known_caller_gets_a_name(door, number, name):
    call = await talk(door.port, "callerid", number)
    assert call.variables["CALLERID(name)"] == name
    assert call.variables["__ITFLOW_CLIENT_ID"].isdigit()


@pytest.mark.parametrize("number", [UNKNOWN, "anonymous", "", "unknown", "not a number"])
async def test_an_unknown_caller_keeps_the_name(door, number):
    assert "CALLERID(name)" not in (await talk(door.port, "callerid", number)).variables


@pytest.mark.parametrize(("arguments", "channel"), [([], {"ITFLOW_VERSTAT": "A"}), (["A"], {"ITFLOW_VERSTAT": "C"})])
async def test_attestation_comes_from_the_channel_or_the_second_argument(door, arguments, channel):
    call = await talk(door.port, "callerid", UNKNOWN, *arguments, channel=channel)
    assert call.variables["__ITFLOW_ATTESTATION"] == "verified"
    assert "CALLERID(name)" not in call.variables


async def test_an_unknown_caller_makes_the_mirror_look_for_new_rows(door):
    nudges = []
    door.features.mirror.on_nudge = lambda: nudges.append(1)
    for script in ("callerid", "balance"):
        await talk(door.port, script, ALICE, hang_up_at=6)
        assert not nudges
        await talk(door.port, script, UNKNOWN, hang_up_at=6)
        assert nudges.pop()


async def test_calls_without_a_key_use_the_one_of_the_setting(tmp_path):
    async with world(tmp_path, mirror(), key="names") as made:
        assert (await talk(made.port, "callerid", ALICE, key=None)).variables
        assert not (await talk(made.port, "balance", ALICE, key=None)).said


async def test_a_key_may_be_used_from_its_networks_only(door):
    networks = (ipaddress.ip_network("127.0.0.9"),)
    door.features.keys.add("branch", Options(networks=networks), secret="branch-secret")
    for host in ("127.0.0.1", "127.0.0.9"):
        call = await talk(door.port, "callerid", ALICE, key="branch-secret", host=host)
        assert bool(call.variables) == (host == "127.0.0.9")


async def test_the_key_may_stand_in_the_channel(door):
    call = await talk(door.port, "callerid", ALICE, key=None, channel={"ITFLOW_KEY": SECRET})
    assert call.variables["CALLERID(name)"] == "Alice O'Neil"
    assert not (await talk(door.port, "callerid", ALICE, key=None, channel={"ITFLOW_KEY": "wrong"})).variables


async def serving(made, count):
    """Calls that have shown their key and wait for an answer of Asterisk."""
    waiting = [await asyncio.open_connection("127.0.0.1", made.port) for _ in range(count)]
    for reader, writer in waiting:
        writer.write(header("balance", ALICE, SECRET))
        assert await reader.readline()
    return [writer for _, writer in waiting]


async def test_more_calls_than_allowed_are_let_go(tmp_path, caplog):
    async with world(tmp_path, mirror(), max_calls=2) as made:
        waiting = await serving(made, 2)
        assert await exchange(made.port, header("balance", ALICE, SECRET)) == b""
        assert "agi from 127.0.0.1: balance of +121…01: A call was refused" in caplog.text
        for writer in waiting:
            writer.close()
        await until(lambda: made.server.calls == 0)
        assert (await talk(made.port, "callerid", ALICE)).variables


async def test_connections_without_a_key_take_no_place_of_a_call(tmp_path, caplog):
    async with world(tmp_path, mirror(), max_calls=2, max_waiting=3) as made:
        strangers = [await asyncio.open_connection("127.0.0.1", made.port) for _ in range(3)]
        await until(lambda: made.server.calls == 3)
        assert await exchange(made.port) == b""
        assert "agi from 127.0.0.1: a connection was closed, because 3 connections of it show no key" in caplog.text
        assert (await talk(made.port, "callerid", ALICE, host="127.0.0.9")).variables
        for _, writer in strangers:
            writer.close()
        await until(lambda: made.server.calls == 0)
        assert (await talk(made.port, "callerid", ALICE)).variables


@pytest.mark.parametrize("first", [b"", b"agi_network: yes\n", header("balance", ALICE)], ids=["", "part", "no key"])
async def test_a_connection_that_shows_no_key_is_closed_soon(door, first, caplog):
    began = asyncio.get_running_loop().time()
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(first)
    await reader.read()
    assert asyncio.get_running_loop().time() - began < KEY_S + 1
    assert "agi from 127.0.0.1: ?" in caplog.text
    writer.close()


async def test_an_address_is_warned_of_once_a_minute(door, caplog):
    for _ in range(20):
        await exchange(door.port, header("balance", ALICE, "wrong"))
    assert caplog.text.count("agi from 127.0.0.1") == 1


async def test_stopping_ends_every_call(tmp_path):
    async with world(tmp_path, mirror()) as made:
        reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
        writer.write(header("balance", ALICE, SECRET))
        assert await reader.readline()
        assert made.server.calls == 1
    assert made.server.calls == 0
    assert await reader.read() == b""
    writer.close()


async def test_200_calls_at_once(door):
    named = (talk(door.port, "callerid", ALICE) for _ in range(100))
    calls = await asyncio.gather(
        *named, *(talk(door.port, "balance", YOKO, channel={"ITFLOW_VERSTAT": "A"}) for _ in range(100))
    )
    assert all(call.variables["CALLERID(name)"] == "Alice O'Neil" for call in calls[:100])
    assert all("jpy-one" in call.said for call in calls[100:])


FIRE = {
    "a line of a megabyte": [b"agi_x: " + b"x" * 1_000_000 + b"\n\n"],
    "a megabyte without a line": [b"x" * 1_000_000],
    "too many lines": [b"agi_x: y\n" * 100_000],
    "a megabyte for an answer": [header("balance", ALICE, SECRET), b"200 result=" + b"1" * 1_000_000 + b"\n"],
    "HTTP": [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    "another script": [header("../etc/passwd", ALICE, SECRET)],
    "HANGUP first": [b"HANGUP\n" + header("callerid", ALICE, SECRET)],
    "usage for an answer": [header("callerid", ALICE, SECRET), b"520-Usage\nx\n520 End\n"],
    "a dead channel": [header("callerid", ALICE, SECRET), b"511 Command Not Permitted on a dead channel\n"],
    "NUL and 0xff": [b"agi_callerid: \x00\xff\n\n"],
}


@pytest.mark.parametrize("case", FIRE)
async def test_fire_ends_the_call_and_nothing_else(door, case, caplog):
    await exchange(door.port, *FIRE[case])
    assert (await talk(door.port, "callerid", ALICE)).variables
    assert "Traceback" not in caplog.text
    assert not any(record.name == "asyncio" and record.levelno >= logging.ERROR for record in caplog.records)


async def test_a_header_byte_by_byte(door):
    answer = await exchange(
        door.port, *(bytes([byte]) for byte in header("callerid", ALICE, SECRET)), b"200 result=1\n" * 9
    )
    assert b'SET VARIABLE "CALLERID(name)" "Alice' in answer


LINES = st.sampled_from(
    [
        header("balance", ALICE, SECRET),
        header("balance", UNKNOWN, SECRET),
        header("callerid", EVE, SECRET),
        b"200 result=0\n",
        b"200 result=1\n",
        b"200 result=4711 (timeout)\n",
        b"200 result= (timeout)\n",
        b"200 result=-1\n",
        b"200\n",
        b"510 Invalid or unknown command\n",
        b"520-Usage\n",
        b"520 End\n",
        b"HANGUP\n",
        b"\n",
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(LINES | st.binary(max_size=60), max_size=25), first=st.booleans())
async def test_fuzzed_transcripts_never_crash_the_server(door, caplog, pieces, first):
    caplog.clear()
    if first:
        pieces.insert(0, header("balance", UNKNOWN, SECRET))
    await exchange(door.port, *pieces, b"HANGUP\n", then_close=True)
    await until(lambda: not door.server.calls)
    assert not any(record.levelno >= logging.ERROR for record in caplog.records)


async def test_a_client_number_of_thirty_digits_is_no_client(door):
    """Found by the fuzzer: SQLite holds no such number, and the call ended with a traceback."""
    typed = {"enter-client": ["9" * 30], "enter-pin": ["1234"]}
    said = (await talk(door.port, "balance", UNKNOWN, keys=typed)).said
    assert "wrong-pin" in said
    assert said[-1] == "goodbye"
