"""FastAGI's wire: any cut of the bytes gives the same events, and nothing in a value becomes a command."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.agi.protocol import (
    MAX_HEADERS,
    MAX_LINE_BYTES,
    Environment,
    Hangup,
    Parser,
    Reply,
    command,
)
from bridge.errors import BadParameter
from tests.agi.wire import header, words

ALL = (
    header("callerid", "+4922112345", "key")
    + b"200 result=1\n"
    + b"200 result=4711 (timeout)\r\n"
    + b"200 result=0 endpos=4000\n"
    + b"510 Invalid or unknown command\n"
    + b"520-Invalid command syntax.  Proper usage follows:\n  Usage: SAY NUMBER\n520 End of proper usage.\n"
    + b"100 Trying...\n"
    + b"HANGUP\n"
    + b"511 Command Not Permitted on a dead channel or intercept routine\n"
)


def events(pieces):
    parser = Parser()
    return [event for piece in pieces for event in parser.feed(piece)]


def test_a_transcript_becomes_events():
    environment, *rest = events([ALL])
    assert isinstance(environment, Environment)
    assert (environment.script, environment.number, environment.get("arg_1")) == ("callerid", "+4922112345", "key")
    assert rest == [
        Reply(200, "1"),
        Reply(200, "4711", "timeout"),
        Reply(200, "0", "", 4000),
        Reply(510),
        Reply(520),
        Hangup(),
        Reply(511),
    ]


@given(st.lists(st.integers(0, len(ALL))))
def test_the_cut_makes_no_difference(cuts):
    places = [0, *sorted(cuts), len(ALL)]
    assert events(ALL[a:b] for a, b in pairwise(places)) == events([ALL])


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_give_events_or_one_kind_of_error(pieces):
    with suppress(BadParameter):
        events(pieces)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"x" * (MAX_LINE_BYTES + 1), "longer than"),
        (b"agi_x: " + b"x" * MAX_LINE_BYTES + b"\n", "longer than"),
        (b"".join(b"agi_%d: x\n" % n for n in range(MAX_HEADERS + 1)), "header lines"),
        (b"GET / HTTP/1.1\r\n", "begins with"),
    ],
)
def test_what_is_no_fastagi_is_refused(data, text):
    with pytest.raises(BadParameter, match=text):
        events([data])


def test_a_missing_caller_is_an_empty_number():
    environment, *_ = events([header("callerid", "unknown")])
    assert isinstance(environment, Environment)
    assert not environment.number


def test_a_pin_is_in_no_representation():
    (reply,) = events([header("balance", ""), b"200 result=4711\n"])[1:]
    assert isinstance(reply, Reply)
    assert reply.result == "4711"
    assert "4711" not in repr(reply)


@example("x\nHANGUP")
@example("x\r\x00\x7f")
@given(st.text(max_size=200))
def test_a_value_stays_one_word_of_one_command(value):
    line = command("SET VARIABLE", "CALLERID(name)", value).decode()
    assert line.count("\n") == 1
    assert line.endswith("\n")
    *verb, name, read = words(line)
    assert [*verb, name] == ["SET", "VARIABLE", "CALLERID(name)"]
    if value.isprintable():
        assert read == value


def test_a_command_longer_than_asterisk_reads_is_never_sent():
    with pytest.raises(ValueError, match="too long"):
        command("SET VARIABLE", "X", "x" * 3000)
