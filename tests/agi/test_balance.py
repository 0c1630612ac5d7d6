"""The balance menu on the wire: who is asked for what, and what is spoken then."""

import asyncio
import datetime as dt
import logging
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from bridge.accounts import balance
from bridge.agi.balance import spoken
from bridge.agi.prompts import load, sentence
from bridge.directory.entries import Client, Invoice
from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from tests.agi.wire import talk
from tests.agi.world import ALICE, BERND, EVE, PINS, SECRET, SHARED, UNKNOWN, YOKO, ZOE, mirror, world

ALICE_SAID = "balance-is 1234 eur-many and 5 eur-cents"
CREDIT = "balance-is minus 12 usd-many and 50 usd-cents credit"


@pytest.fixture
def door(tmp_path):
    @asynccontextmanager
    async def opened(known=None, **settings):
        async with world(tmp_path, known or mirror(), **settings) as made:
            yield made
        assert made.server.calls == 0

    return opened


CALLS = {
    "recognised, right PIN": (ALICE, {"enter-pin": ["4711"]}, f"welcome enter-pin {ALICE_SAID} menu goodbye"),
    "recognised, second try": (
        ALICE,
        {"enter-pin": ["1", "4711"]},
        f"welcome enter-pin wrong-pin enter-pin {ALICE_SAID} menu goodbye",
    ),
    "recognised, three wrong PINs": (
        ALICE,
        {"enter-pin": ["1", "2", "3", "4711"]},
        "welcome enter-pin wrong-pin enter-pin wrong-pin enter-pin wrong-pin locked goodbye",
    ),
    "a PIN with letters, a dash": (
        ZOE,
        {"enter-pin": ["22"]},
        "welcome enter-pin balance-is 21 sek menu goodbye",
    ),
    "recognised, no PIN, credit": (BERND, {}, f"welcome {CREDIT} menu goodbye"),
    "no cents": (YOKO, {}, "welcome balance-is jpy-one menu goodbye"),
    "zero": (EVE, {}, "welcome balance-is-zero menu goodbye"),
    "uncertain": (
        SHARED,
        {},
        "welcome balance-is-at-most 99 gbp-many and gbp-cent uncertain menu goodbye",
    ),
    "repeated": (YOKO, {"menu": ["1"]}, "welcome balance-is jpy-one menu balance-is jpy-one menu goodbye"),
    "unknown, typed client with PIN": (
        UNKNOWN,
        {"enter-client": ["1"], "enter-pin": ["4711"]},
        f"welcome enter-client enter-pin {ALICE_SAID} menu goodbye",
    ),
    "withheld, typed client with PIN": (
        "anonymous",
        {"enter-client": ["1"], "enter-pin": ["4711"]},
        f"welcome enter-client enter-pin {ALICE_SAID} menu goodbye",
    ),
    "typed client without PIN": (UNKNOWN, {"enter-client": ["2"]}, "welcome enter-client no-pin goodbye"),
    "typed, unknown thrice": (
        UNKNOWN,
        {"enter-client": ["77", "", "abc"]},
        "welcome enter-client unknown-client enter-client unknown-client enter-client unknown-client goodbye",
    ),
}


@pytest.mark.parametrize("case", CALLS)
async def test_a_call(door, case):
    number, keys, said = CALLS[case]
    async with door() as opened:
        assert " ".join((await talk(opened.port, "balance", number, keys=keys)).said) == said


RULES = {
    ("if_set", BERND): f"welcome {CREDIT} menu goodbye",
    ("if_set", UNKNOWN): f"welcome enter-client {CREDIT} menu goodbye",
    ("typed", BERND): f"welcome {CREDIT} menu goodbye",
    ("typed", UNKNOWN): "welcome enter-client no-pin goodbye",
    ("always", BERND): "welcome no-pin goodbye",
    ("always", UNKNOWN): "welcome enter-client no-pin goodbye",
}


@pytest.mark.parametrize(("rule", "number"), RULES)
async def test_the_setting_decides_when_a_pin_is_demanded(door, rule, number):
    async with door(pin=rule) as opened:
        call = await talk(opened.port, "balance", number, keys={"enter-client": ["2"]})
        assert " ".join(call.said) == RULES[rule, number]


async def test_wrong_pins_lock_the_caller_and_the_client(door):
    async with door() as opened:
        await talk(opened.port, "balance", ALICE, keys={"enter-pin": ["1", "2", "3"]})
        for number, client in ((ALICE, "6"), (UNKNOWN, "1")):
            call = await talk(opened.port, "balance", number, keys={"enter-client": [client], "enter-pin": ["4711"]})
            assert call.said[-2:] == ["locked", "goodbye"]
            assert "enter-pin" not in call.said
        other = await talk(opened.port, "balance", ZOE, keys={"enter-pin": ["22"]})
        assert "balance-is" in other.said


async def test_a_caller_stays_locked_for_every_client(door):
    async with door() as opened:
        for _ in range(3):
            await talk(opened.port, "balance", UNKNOWN, keys={"enter-client": ["1"], "enter-pin": ["9"]})
        call = await talk(opened.port, "balance", UNKNOWN, keys={"enter-client": ["6"], "enter-pin": ["22"]})
        assert call.said == ["welcome", "enter-client", "locked", "goodbye"]


async def test_callers_without_a_number_do_not_lock_each_other_out(door):
    async with door() as opened:
        for client, pin in (("1", "9"), ("6", "22")):
            keys = {"enter-client": [client], "enter-pin": [pin, pin, pin]}
            call = await talk(opened.port, "balance", "anonymous", keys=keys)
        assert "balance-is" in call.said


async def test_calls_at_the_same_time_have_no_more_tries_together(door):
    async with door() as opened:
        guesses = [{"enter-client": ["1"], "enter-pin": [str(n), str(n), str(n)]} for n in range(20)]
        calls = await asyncio.gather(*(talk(opened.port, "balance", "", keys=keys) for keys in guesses))
        assert sum(call.said.count("wrong-pin") for call in calls) == 3


async def test_silence_locks_nobody_out(door):
    async with door() as opened:
        silent = await talk(opened.port, "balance", ALICE)
        assert silent.said == ["welcome", "enter-pin", "enter-pin", "enter-pin", "goodbye"]
        call = await talk(opened.port, "balance", ALICE, keys={"enter-pin": ["4711"]})
        assert "balance-is" in call.said


async def test_without_itflow_no_pin_is_asked_for(door):
    async with door(accounts="200@from-internal") as opened:
        opened.broken = True
        call = await talk(opened.port, "balance", ALICE, keys={"transfer": ["0"]})
        assert call.said == ["welcome", "pin-unavailable", "transfer"]
        assert call.variables["ITFLOW_TRANSFER"] == "from-internal,200,1"


async def test_the_pin_is_read_for_the_call_only(door):
    async with door() as opened:
        await talk(opened.port, "balance", BERND)
        assert opened.asked == []
        for _ in range(2):
            await talk(opened.port, "balance", ALICE, keys={"enter-pin": ["4711"]})
        assert opened.asked == [11, 11]


async def test_a_pin_that_no_phone_can_type_is_none(door, monkeypatch):
    monkeypatch.setitem(PINS, 11, "ключ")
    async with door() as opened:
        assert (await talk(opened.port, "balance", ALICE)).said == ["welcome", "no-pin", "goodbye"]


async def test_the_caller_can_be_transferred(door):
    async with door(accounts="200@from-internal") as opened:
        call = await talk(opened.port, "balance", YOKO, keys={"menu-transfer": ["0"]})
        assert call.said[-1] == "menu-transfer"
        assert call.variables["ITFLOW_TRANSFER"] == "from-internal,200,1"


@pytest.mark.parametrize(
    ("known", "said"),
    [(mirror(dt.timedelta(hours=2)), "too-old"), (Mirror(), "unavailable")],
    ids=["too old", "never read"],
)
async def test_no_balance_without_fresh_data(door, known, said):
    async with door(known) as opened:
        assert (await talk(opened.port, "balance", ALICE)).said == ["welcome", said, "goodbye"]


LANGUAGES = {
    "fr": ([], {"CHANNEL(language)": "en"}),
    "de": ([], {}),
    "de_AT": ([], {}),
    "de without German numbers": (["digits/9-and"], {"CHANNEL(language)": "en"}),
}


@pytest.mark.parametrize("case", LANGUAGES)
async def test_the_menu_speaks_english_where_a_language_is_not_all_there(door, case):
    missing, variables = LANGUAGES[case]
    async with door() as opened:
        call = await talk(opened.port, "balance", YOKO, language=case.split()[0], missing=missing)
        assert call.variables == variables
        assert call.said[-1] == "goodbye"


@pytest.mark.parametrize("missing", ["digits/hundred", "itflow/minus", "itflow/usd-many"])
async def test_no_amount_is_spoken_in_part(door, missing, caplog):
    async with door() as opened:
        call = await talk(opened.port, "balance", BERND, missing=[missing])
        assert "goodbye" not in call.said
        assert missing in caplog.text


@pytest.mark.parametrize("key", ["names-only", "wrong", None])
async def test_a_key_must_open_balances(door, key):
    async with door() as opened:
        assert (await talk(opened.port, "balance", ALICE, key=key)).said == []


async def test_a_hang_up_at_any_step_ends_the_call_and_logs_no_pin(door, caplog):
    caplog.set_level(logging.DEBUG)
    keys = {"enter-client": ["5", "1"], "enter-pin": ["4712", "4711"], "menu": ["1"]}
    async with door() as opened:
        whole = await talk(opened.port, "balance", UNKNOWN, keys=keys)
        opened.features.lockout.right(["client 1", f"caller {UNKNOWN}"])
        for step in range(len(whole.commands)):
            call = await talk(opened.port, "balance", UNKNOWN, keys=keys, hang_up_at=step)
            assert len(call.commands) == step + 1
            opened.features.lockout.right(["client 1", "client 5", f"caller {UNKNOWN}"])
        assert opened.server.calls == 0
    assert not any(word in caplog.text for word in ("4711", "4712", UNKNOWN, SECRET))
    assert "hung up" in caplog.text


def test_an_amount_that_may_be_too_low_is_not_spoken():
    """Without payments, a Paid invoice may be more than was paid on it by now."""
    snapshot = Snapshot.build(
        clients=[Client(1, "Acme", currency="EUR")],
        invoices=[
            Invoice(number, 1, f"INV-{number}", status, None, None, "EUR", Decimal("9.00"), None)
            for number, status in enumerate(("Sent", "Paid"), 1)
        ],
        payments=False,
    )
    assert list(spoken(balance(snapshot, 1), load("en"))) == [sentence("uncertain")]
