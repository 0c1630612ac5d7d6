"""Bytes that no good client sends, and clients that hold places: answered or closed as RFC 4511 says, never grown."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import ssl
from contextlib import suppress

import pytest
import uvloop
from sansldap import ExtendedResponse, LDAPFilter, SearchScope

from bridge.access.keys import Options
from bridge.access.phones import Phone
from bridge.errors import BadParameter
from bridge.ldap import framing, messages
from bridge.ldap.framing import Framer
from bridge.ldap.operations import Times
from tests.http.test_tls import PAIRS
from tests.ldap.world import DEADLINE_S, LIMITED, SECRET, Wire, person, snapshot, world

DISCONNECTION = b"1.3.6.1.4.1.1466.20036"
UNBIND = b"\x30\x05\x02\x01\x63\x42\x00"


def element(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x84]) + len(content).to_bytes(4, "big") + content


def search(filter_: bytes, number: int = 2, controls: bytes = b"") -> bytes:
    asked = b"\x04\x0cdc=phonebook\x0a\x01\x01\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00" + filter_ + b"\x30\x00"
    return element(0x30, b"\x02\x01" + bytes([number]) + element(0x63, asked) + controls)


def nested(depth: int, inner: bytes = b"\x87\x02cn") -> bytes:
    for _ in range(depth):
        inner = element(0xA2, inner)
    return inner


GARBLED = {
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00",
    "longer than any message": b"\x30\x84\x7f\xff\xff\xff",
    "indefinite length": b"\x30\x80\x02\x01\x01\x42\x00\x00\x00",
    "no operation": b"\x30\x03\x02\x01\x05",
    "message id 0": b"\x30\x05\x02\x01\x00\x42\x00",
    "an operation that there is not": b"\x30\x05\x02\x01\x01\x5e\x00",
    "10,000 nested filters": search(nested(10_000)),
    "a length beyond its message": b"\x30\x06\x02\x01\x01\x63\x7f\x00",
    "an integer of 60,000 bytes": element(0x30, element(0x02, b"\x01" * 60_000) + b"\x42\x00"),
    "60,000 elements": element(0x30, b"\x02\x01\x01" + element(0x63, b"\x05\x00" * 30_000)),
    "text that is no UTF-8": search(b"\x87\x02\xff\xfe"),
    "a search without an end": element(0x30, b"\x02\x01\x01" + element(0x63, b"\x04\x00")),
    "a filter that there is not": search(b"\xaf\x00"),
}


@pytest.mark.parametrize("sent", GARBLED.values(), ids=GARBLED.keys())
@pytest.mark.parametrize("bound", [False, True])
async def test_what_is_no_ldap_ends_the_connection_with_a_notice(tmp_path, sent, bound):
    async with world(tmp_path) as here:
        wire = await Wire.at(here)
        if bound:
            assert await wire.bind() == 0
        wire.writer.write(sent)
        assert DISCONNECTION in await wire.rest()
        wire.close()
        other = await Wire.at(here)
        assert await other.bind() == 0
        assert await other.names("(cn=ada*)") == ["Ada Muster"]
        other.close()


async def test_filters_as_deep_as_may_be_are_right(tmp_path):
    async with world(tmp_path) as here:
        wire = await Wire.at(here)
        await wire.bind()
        text = "(cn=ada*)"
        for _ in range(20):
            text = f"(!{text})"
        assert await wire.names(text) == ["Ada Muster"]
        wire.close()


def test_a_message_in_pieces_is_whole_at_its_end():
    message = search(b"\x87\x02cn")
    framer = Framer()
    for at in range(len(message) - 1):
        framer.feed(message[at : at + 1])
        assert framer.next() is None
    framer.feed(message[-1:] + UNBIND)
    assert (framer.next(), framer.next(), framer.rest) == (message, UNBIND, 0)


def test_any_bytes_are_a_message_or_refused():
    rng = random.Random(4511)
    for _ in range(3000):
        octets = bytearray(search(b"\xa3\x09\x04\x02cn\x04\x03ada"))
        for _ in range(rng.randint(1, 4)):
            octets[rng.randrange(len(octets))] = rng.randrange(256)
        framer = Framer()
        framer.feed(bytes(octets))
        try:
            while (message := framer.next()) is not None:
                messages.decode(message)
        except BadParameter:
            pass


async def test_what_was_sent_in_the_clear_behind_start_tls_counts_for_nothing(tmp_path):
    """CVE-2021-3618 and its kin: a stranger in between adds an operation that is read as if it had been encrypted."""
    async with world(tmp_path, cert=PAIRS / "one.pem", tls_key=PAIRS / "one.key") as here:
        wire = await Wire.at(here)
        start = element(0x30, b"\x02\x01\x01" + element(0x77, b"\x80\x161.3.6.1.4.1.1466.20037"))
        wire.writer.write(start + search(b"\x87\x02cn"))
        assert DISCONNECTION in await wire.rest()
        wire.close()


async def test_start_tls_wants_the_key_anew(tmp_path):
    async with world(tmp_path, cert=PAIRS / "one.pem", tls_key=PAIRS / "one.key") as here:
        wire = await Wire.at(here)
        await wire.bind()
        wire.ldap.extended_request("1.3.6.1.4.1.1466.20037")
        (answer,) = await wire.answers()
        assert isinstance(answer, ExtendedResponse)
        assert answer.result.result_code == 0
        await wire.writer.start_tls(
            ssl.create_default_context(cafile=str(PAIRS / "one.pem")), server_hostname="127.0.0.1"
        )
        assert (await wire.search("(cn=ada*)"))[1] == 50
        assert await wire.bind() == 0
        assert await wire.names("(cn=ada*)") == ["Ada Muster"]
        wire.close()


async def test_a_client_that_reads_nothing_is_closed_and_takes_no_memory(tmp_path):
    people = [person(at, 1, f"Ada {'x' * 200} {at}", f"+49305{at:06}") for at in range(1, 4001)]
    async with world(tmp_path, snapshot(people), max_results=5000, times=Times(write_s=0.3)) as here:
        wire = await Wire.at(here)
        await wire.bind()
        for number in range(2, 30):
            wire.writer.write(search(b"\x87\x02cn", number))
        async with asyncio.timeout(DEADLINE_S):
            while len(here.server.places):  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)
        wire.close()


async def test_silent_connections_without_a_key_make_place(tmp_path):
    async with world(tmp_path, max_waiting=8) as here:
        phone = await Wire.at(here)
        await phone.bind()
        strangers = [await Wire.at(here) for _ in range(100)]
        assert await phone.names("(cn=ada*)") == ["Ada Muster"]
        newcomer = await Wire.at(here)
        assert await newcomer.bind() == 0
        assert len(here.server.places) <= 10
        for wire in (phone, newcomer, *strangers):
            wire.close()


async def test_no_key_no_time(tmp_path):
    async with world(tmp_path, times=Times(bind_s=0.2)) as here:
        wire = await Wire.at(here)
        wire.writer.write(b"\x30")
        with suppress(ConnectionResetError):
            assert await wire.rest() == b""
        wire.close()


async def test_wrong_keys_are_slowed_and_right_ones_pass(tmp_path):
    async with world(tmp_path) as here:
        codes = []
        for at in range(12):
            wire = await Wire.at(here)
            codes.append(await wire.bind(f"wrong {at}"))
            wire.close()
        right = await Wire.at(here)
        assert await right.bind() == 0
        right.close()
    assert codes == [49] * 10 + [51] * 2


async def test_a_key_that_is_revoked_sees_nothing_from_then_on(tmp_path):
    async with world(tmp_path) as here:
        wire = await Wire.at(here)
        await wire.bind()
        assert await wire.names("(cn=ada*)") == ["Ada Muster"]
        here.keys.revoke("all")
        assert (await wire.search("(cn=ada*)"))[1] == 50
        # Nor does another of the same name that was made meanwhile lend it what it sees.
        here.keys.add("all", Options(), secret="another secret of that name 4711")
        assert (await wire.search("(cn=ada*)"))[1] == 50
        wire.close()


async def test_the_old_secret_of_a_key_sees_nothing_after_its_grace(tmp_path):
    """Also on a connection that was opened before; one that shows the new secret goes on."""
    async with world(tmp_path) as here:
        old, lasting = await Wire.at(here), await Wire.at(here)
        await old.bind(LIMITED)
        await lasting.bind()
        new = here.keys.rotate("blue", dt.timedelta(0))
        kept = here.keys.rotate("all", dt.timedelta(days=1))
        assert (await old.search("(cn=bob*)"))[1] == 50
        assert await lasting.names("(cn=ada*)") == ["Ada Muster"]
        for secret, name, found in ((new, "bob", "Bob Ray"), (kept, "ada", "Ada Muster")):
            assert await old.bind(secret) == 0
            assert await old.names(f"(cn={name}*)") == [found]
        for wire in (old, lasting):
            wire.close()


async def test_a_key_that_expires_sees_nothing_from_then_on(tmp_path):
    async with world(tmp_path) as here:
        wire = await Wire.at(here)
        secret = here.keys.add("short", Options(), expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1))
        await wire.bind(secret)
        assert await wire.names("(cn=ada*)") == ["Ada Muster"]
        async with asyncio.timeout(DEADLINE_S):
            while (await wire.search("(cn=ada*)"))[1] == 0:
                pass
        assert (await wire.search("(cn=ada*)"))[1] == 50
        wire.close()


async def test_who_searched_is_listed(tmp_path):
    """As phones that fetch a book are: by address and key, with the entries that it could find."""
    async with world(tmp_path) as here:
        wire = await Wire.at(here)
        assert (await wire.search("(cn=bob*)"))[1] == 50
        await wire.bind(LIMITED)
        await wire.names("(cn=bob*)")
        await wire.names("(cn=bea*)")
        here.phones.flush()
        (seen,) = here.phones.all()
        assert (seen.phone, seen.entries, seen.fetches) == (Phone("127.0.0.1", "", "", "ldap", "blue"), 6, 2)
        wire.close()


async def test_an_abandoned_search_has_no_answer_and_the_next_one_has(tmp_path):
    people = [person(at, 1, f"Ada {at}", f"+49305{at:06}") for at in range(1, 20_001)]
    async with world(tmp_path, snapshot(people)) as here:
        wire = await Wire.at(here)
        await wire.bind()
        await wire.names("(cn=ada 1)")
        hard = LDAPFilter.from_string("(&(cn=*a*)(!(cn=*a*)))")
        number = wire.ldap.search_request("dc=phonebook", filter=hard, scope=SearchScope.ONE_LEVEL)
        wire.writer.write(wire.ldap.data_to_send())
        wire.writer.write(element(0x30, b"\x02\x01\x50" + b"\x50\x01" + bytes([number])))
        wire.writer.write(search(b"\xa3\x0b\x04\x02cn\x04\x05ada 7", 0x51))
        data = await asyncio.wait_for(wire.reader.read(65536), DEADLINE_S)
        assert b"\x02\x01\x51" in data
        assert b"\x02\x01" + bytes([number]) + b"\x65" not in data
        wire.close()


async def test_unknown_critical_controls_are_refused_and_others_passed_over(tmp_path):
    async with world(tmp_path) as here:
        for critical, code in ((b"\xff", 12), (b"\x00", 0)):
            wire = await Wire.at(here)
            await wire.bind()
            row = element(0x30, b"\x04\x051.2.3\x01\x01" + critical)
            wire.writer.write(search(b"\x87\x02xx", 2, element(0xA0, row)))
            data = await asyncio.wait_for(wire.reader.read(65536), DEADLINE_S)
            assert data[data.index(b"\x0a\x01") + 2] == code
            wire.close()


async def test_a_new_snapshot_is_seen_soon_and_pages_go_on(tmp_path):
    async with world(tmp_path) as here:
        wire = await Wire.at(here)
        await wire.bind(SECRET)
        assert await wire.names("(cn=newton*)") == []
        here.mirror.swap(snapshot([person(50, 1, "Ada Newton", "+493055501099")]), here.mirror.freshness)
        async with asyncio.timeout(DEADLINE_S):
            while await wire.names("(cn=newton*)") != ["Ada Newton"]:
                pass
        assert await wire.names("(cn=muster*)") == []
        wire.close()


def test_limits_leave_room_for_what_phones_send():
    assert framing.MAX_DEPTH >= 32
    framing.check(search(b"\xa1" + bytes([90]) + b"\xa3\x07\x04\x02cn\x04\x01a" * 10))


def test_tls_on_the_loop_that_serves(tmp_path):
    """uvloop reads from a new connection sooner than asyncio's own loop does."""
    trust = ssl.create_default_context(cafile=str(PAIRS / "one.pem"))

    async def play() -> None:
        async with world(tmp_path, cert=PAIRS / "one.pem", tls_key=PAIRS / "one.key", tls_port=0) as here:
            wires = await asyncio.gather(*(Wire.at(here, "ldaps", trust) for _ in range(20)))
            for wire in wires:
                assert await wire.bind() == 0
                assert await wire.names("(cn=ada*)") == ["Ada Muster"]
                wire.close()

    uvloop.run(play())
