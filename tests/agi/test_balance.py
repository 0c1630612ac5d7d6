"""The balance menu on the wire: who is asked for what, and what is spoken then."""

import asyncio
import datetime as dt
import logging
import re
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.access.keys import Options
from bridge.accounts import balance
from bridge.agi.balance import spoken
from bridge.agi.prompts import load, sentence
from bridge.directory.entries import Client, Invoice
from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from tests.agi.wire import talk
from tests.agi.world import (
    ALICE,
    BERND,
    CARLA,
    DORA,
    EVE,
    MANY,
    PINS,
    SECRET,
    SHARED,
    UNKNOWN,
    YOKO,
    ZOE,
    mirror,
    world,
)

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


A, B, C = "TN-Validation-Passed-A", "TN-Validation-Passed-B", "C"

# The caller, what is typed, what is said. Without PINs: the caller's number is attested, and the setting lets it be.
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
        {"enter-pin": ["2234"]},
        "welcome enter-pin balance-is 21 sek menu goodbye",
    ),
    "a colleague without a PIN": (CARLA, {"enter-pin": ["4711"]}, f"welcome enter-pin {ALICE_SAID} menu goodbye"),
    "a colleague's PIN where the own one is too short": (
        DORA,
        {"enter-pin": ["815", "4711"]},
        f"welcome enter-pin wrong-pin enter-pin {ALICE_SAID} menu goodbye",
    ),
    "a colleague's PIN where there is an own one": (
        ALICE,
        {"enter-pin": ["815", "0815", ""]},
        "welcome enter-pin wrong-pin enter-pin wrong-pin enter-pin goodbye",
    ),
    "the primary contact's PIN, of too many": (
        MANY,
        {"enter-pin": ["7724"]},
        "welcome enter-pin balance-is 7 eur-many menu goodbye",
    ),
    "billing's PIN, of too many": (
        MANY,
        {"enter-pin": ["7723"]},
        "welcome enter-pin balance-is 7 eur-many menu goodbye",
    ),
    "the last one's PIN, of too many": (
        MANY,
        {"enter-pin": ["7722"]},
        "welcome enter-pin wrong-pin enter-pin enter-pin goodbye",
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
    "repeated too often": (
        YOKO,
        {"menu": ["1"] * 9},
        f"welcome {'balance-is jpy-one menu ' * 6}goodbye",
    ),
    "keys that are not known": (
        YOKO,
        {"menu": ["5", "*", "9", "1"]},
        "welcome balance-is jpy-one menu menu menu goodbye",
    ),
    "a known key after one that is not": (
        YOKO,
        {"menu": ["5", "1"]},
        "welcome balance-is jpy-one menu menu balance-is jpy-one menu goodbye",
    ),
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
    "keys during the greeting": (
        UNKNOWN,
        {"welcome": ["1"], "enter-pin": ["4711"]},
        f"welcome enter-pin {ALICE_SAID} menu goodbye",
    ),
    "a PIN during the greeting": (
        ALICE,
        {"welcome": ["4"], "": ["711"]},
        f"welcome {ALICE_SAID} menu goodbye",
    ),
    "a PIN while the last one is said to be wrong": (
        ALICE,
        {"enter-pin": ["1"], "wrong-pin": ["4"], "": ["711"]},
        f"welcome enter-pin wrong-pin {ALICE_SAID} menu goodbye",
    ),
    "nothing but # during the greeting": (
        UNKNOWN,
        {"welcome": ["#"], "enter-client": ["1"], "enter-pin": ["4711"]},
        f"welcome enter-client enter-pin {ALICE_SAID} menu goodbye",
    ),
    "silence for a client number": (
        UNKNOWN,
        {},
        "welcome enter-client enter-client enter-client goodbye",
    ),
}


@pytest.mark.parametrize("case", CALLS)
async def test_a_call(door, case):
    number, keys, said = CALLS[case]
    async with door(pin="attested") as opened:
        call = await talk(opened.port, "balance", number, keys=keys, channel={"ITFLOW_VERSTAT": A})
        assert " ".join(call.said) == said


ASKED = "welcome enter-pin wrong-pin enter-pin enter-pin goodbye"
TYPED = "welcome enter-client enter-pin wrong-pin enter-pin enter-pin goodbye"
NO_MENU = "welcome unavailable goodbye"
HEARD = f"welcome {CREDIT} menu goodbye"

# The caller: Bernd's client has no PIN, Carla has none herself, but a colleague has. Then what the network says.
TRUST = {
    ("always", BERND, A): "welcome no-pin goodbye",
    ("always", BERND, B): ASKED,
    ("always", BERND, C): NO_MENU,
    ("always", BERND, "TN-Validation-Failed"): NO_MENU,
    ("always", BERND, ""): ASKED,
    ("attested", BERND, A): HEARD,
    ("attested", BERND, B): ASKED,
    ("attested", BERND, C): NO_MENU,
    ("attested", BERND, "TN-Validation-Failed"): NO_MENU,
    ("attested", BERND, ""): ASKED,
    ("typed", BERND, A): "welcome no-pin goodbye",
    ("if_set", BERND, A): "welcome no-pin goodbye",
    ("if_set", BERND, ""): ASKED,
    ("attested", CARLA, A): ASKED,
    ("attested", CARLA, ""): ASKED,
    ("attested", CARLA, C): NO_MENU,
    ("attested", DORA, A): ASKED,
    ("attested", UNKNOWN, A): TYPED,
    ("attested", UNKNOWN, ""): TYPED,
    ("attested", UNKNOWN, C): NO_MENU,
    ("attested", "anonymous", ""): TYPED,
}


@pytest.mark.parametrize(("rule", "number", "verstat"), TRUST)
async def test_who_hears_a_balance(door, rule, number, verstat):
    async with door(pin=rule) as opened:
        keys = {"enter-client": ["2"], "enter-pin": ["9999"]}
        call = await talk(opened.port, "balance", number, keys=keys, channel={"ITFLOW_VERSTAT": verstat})
        assert " ".join(call.said) == TRUST[rule, number, verstat]


async def test_a_number_that_the_caller_hides_is_unknown(door):
    async with door(pin="attested") as opened:
        channel, keys = {"ITFLOW_VERSTAT": A}, {"enter-client": ["2"], "enter-pin": ["9999"]}
        call = await talk(opened.port, "balance", BERND, keys=keys, channel=channel, presentation=32)
        assert " ".join(call.said) == TYPED


@pytest.mark.parametrize(("broken", "ways"), [(False, 2), (True, 1)], ids=["", "ITFlow down"])
async def test_no_client_number_can_be_told_from_another(door, broken, ways):
    said = set()
    async with door() as opened:
        opened.broken = broken
        for client in ("1", "2", "77", "0", "9999999999"):
            opened.asked.clear()
            for _ in range(2):  # the first time it asks three times, the second time the client is locked
                keys = {"enter-client": [client], "enter-pin": ["9998", "9999", "9997"]}
                call = await talk(opened.port, "balance", "", keys=keys)
                said.add((*call.said, len(call.commands)))
                assert "goodbye" in call.said
            assert opened.asked
    assert len(said) == ways


@pytest.mark.parametrize("scope", [{2}, {2, 6}])
async def test_the_clients_of_the_key_are_the_only_ones(door, scope):
    async with door() as opened:
        keys = opened.features.keys
        keys.add("limited", Options(clients=frozenset(scope)), secret="limited-secret")
        for number in (ALICE, UNKNOWN):
            typed = {"enter-client": ["1"], "enter-pin": ["4711"]}
            call = await talk(opened.port, "balance", number, key="limited-secret", keys=typed)
            assert " ".join(call.said) == TYPED
            await opened.features.lockout.clear([f"caller {number}", "client 1"])


async def test_wrong_pins_lock_the_caller_and_the_client(door):
    async with door() as opened:
        await talk(opened.port, "balance", ALICE, keys={"enter-pin": ["1", "2", "3"]})
        for number, client in ((ALICE, "6"), (UNKNOWN, "1")):
            call = await talk(opened.port, "balance", number, keys={"enter-client": [client], "enter-pin": ["4711"]})
            assert call.said[-2:] == ["locked", "goodbye"]
            assert "enter-pin" not in call.said
        other = await talk(opened.port, "balance", ZOE, keys={"enter-pin": ["2234"]})
        assert "balance-is" in other.said


async def test_a_caller_stays_locked_for_every_client(door):
    async with door() as opened:
        for _ in range(3):
            await talk(opened.port, "balance", UNKNOWN, keys={"enter-client": ["1"], "enter-pin": ["9"]})
        call = await talk(opened.port, "balance", UNKNOWN, keys={"enter-client": ["6"], "enter-pin": ["2234"]})
        assert call.said == ["welcome", "enter-client", "locked", "goodbye"]


async def test_a_restart_forgets_no_wrong_pin(door):
    for wrong in ("1", "2", "3"):
        async with door() as opened:
            await talk(opened.port, "balance", ALICE, keys={"enter-pin": [wrong]})
    async with door() as opened:
        assert (await talk(opened.port, "balance", ALICE)).said == ["welcome", "locked", "goodbye"]


async def test_the_right_pin_clears_the_wrong_ones(door):
    async with door() as opened:
        for _ in range(3):
            call = await talk(opened.port, "balance", ALICE, keys={"enter-pin": ["1", "2", "4711"]})
            assert "balance-is" in call.said
        # The client's are cleared too, also for another caller.
        call = await talk(opened.port, "balance", CARLA, keys={"enter-pin": ["1", "2", "4711"]})
        assert "balance-is" in call.said


async def test_callers_without_a_number_do_not_lock_each_other_out(door):
    async with door() as opened:
        for client, pin in (("1", "9"), ("6", "2234")):
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


async def test_without_itflow_no_pin_is_wrong(door):
    async with door(accounts="200@from-internal") as opened:
        opened.broken = True
        for _ in range(5):
            call = await talk(opened.port, "balance", ALICE, keys={"enter-pin": ["1"], "transfer": ["0"]})
            assert call.said == ["welcome", "enter-pin", "pin-unavailable", "transfer"]
            assert call.variables["ITFLOW_TRANSFER"] == "from-internal,200,1"


async def test_an_itflow_that_hangs_is_not_waited_for(door):
    async with door() as opened:
        opened.hanging = True
        call = await talk(opened.port, "balance", ALICE, keys={"enter-pin": ["4711"]})
        assert call.said == ["welcome", "enter-pin", "pin-unavailable", "goodbye"]


async def test_many_pins_take_no_longer_than_one(door):
    async with door() as opened:
        opened.slow_s = 0.3  # one after another, they would take longer than a caller waits
        for number, pin in ((MANY, "7724"), (ALICE, "4711")):
            call = await talk(opened.port, "balance", number, keys={"enter-pin": [pin]})
            assert "balance-is" in call.said


async def test_wrong_pins_that_cannot_be_counted_open_nothing(door, tmp_path, caplog):
    async with door() as opened:
        (tmp_path / "agi.db").rename(tmp_path / "elsewhere.db")
        call = await talk(opened.port, "balance", ALICE, keys={"enter-pin": ["4711"]})
        assert call.said == ["welcome", "enter-pin", "pin-unavailable", "goodbye"]
        assert "agi.db" in caplog.text


async def test_the_pin_is_read_for_the_call_only(door):
    async with door(pin="attested") as opened:
        await talk(opened.port, "balance", BERND, channel={"ITFLOW_VERSTAT": A})
        assert opened.asked == []
        for _ in range(2):
            await talk(opened.port, "balance", ALICE, keys={"enter-pin": ["4711"]})
        assert opened.asked == [11, 11]


@pytest.mark.parametrize("pin", ["ключ", "123", "1-2-3", ""])
async def test_a_pin_that_no_phone_can_type_or_that_is_short_opens_nothing(door, monkeypatch, pin):
    monkeypatch.setitem(PINS, 11, pin)
    async with door() as opened:
        call = await talk(opened.port, "balance", ALICE, keys={"enter-pin": ["123"]})
        assert call.said == ["welcome", "enter-pin", "wrong-pin", "enter-pin", "enter-pin", "goodbye"]


async def test_the_caller_can_be_transferred(door):
    async with door(accounts="200@from-internal", pin="attested") as opened:
        keys, channel = {"menu-transfer": ["5", "0"]}, {"ITFLOW_VERSTAT": A}
        call = await talk(opened.port, "balance", YOKO, keys=keys, channel=channel)
        assert call.said[-2:] == ["menu-transfer", "menu-transfer"]
        assert call.variables["ITFLOW_TRANSFER"] == "from-internal,200,1"


@pytest.mark.parametrize(
    ("known", "said"),
    [(mirror(dt.timedelta(hours=2)), "too-old"), (Mirror(), "unavailable")],
    ids=["too old", "never read"],
)
async def test_no_balance_without_fresh_data(door, known, said):
    async with door(known) as opened:
        assert (await talk(opened.port, "balance", ALICE)).said == ["welcome", said, "goodbye"]


ENGLISH = {"CHANNEL(language)": "en"}

# The channel's language; what Asterisk does not have; what the menu sets; the language of the sentence for zero.
LANGUAGES = {
    "de": ([], {}),
    "de_AT": ([], {}),
    "de, no German numbers": (["de/digits/9-and", "en/digits/9-and"], ENGLISH),
    "de, no German pack": (["de", "en/digits/9-and"], ENGLISH),
    "de, only the numbers": (["de/itflow"], ENGLISH),
    "de, an amount's word is missing": (["de/itflow/jpy-one"], ENGLISH),
    "de, a sentence is missing": (["de/itflow/goodbye"], {}),
    "de, only German": (["en"], {}),
    "fr": ([], ENGLISH),
    "en_GB": ([], {}),
}


@pytest.mark.parametrize("case", LANGUAGES)
async def test_the_menu_speaks_english_where_a_language_is_not_all_there(door, case):
    missing, variables = LANGUAGES[case]
    language = case.partition(",")[0]
    async with door(pin="attested") as opened:
        channel = {"ITFLOW_VERSTAT": A}
        call = await talk(opened.port, "balance", YOKO, language=language, missing=missing, channel=channel)
        assert call.variables == variables
        assert call.said == ["welcome", "balance-is", "jpy-one", "menu", "goodbye"]


@pytest.mark.parametrize("missing", ["en/digits/hundred", "en/itflow/minus", "en/itflow/usd-many"])
async def test_no_amount_is_spoken_in_part(door, missing, caplog):
    async with door(pin="attested") as opened:
        channel = {"ITFLOW_VERSTAT": A}
        for _ in range(2):
            call = await talk(opened.port, "balance", BERND, missing=[missing], channel=channel)
            assert call.said == ["welcome", "unavailable", "goodbye"]
    assert caplog.text.count(missing.removeprefix("en/")) <= 2  # one line, with the path of the file to copy
    assert missing.removeprefix("en/") in caplog.text


async def test_without_any_sound_the_menu_goes_on(door, caplog):
    async with door() as opened:
        for _ in range(2):
            call = await talk(opened.port, "balance", ALICE, missing=["en", "de"], keys={"": ["4711"]})
            assert call.said == []
            assert 'GET DATA "" "8000" "32"' in call.commands
    (path,) = re.findall(r"sound file itflow/welcome. Copy (\S+) to", caplog.text)
    assert is_file(path)


def is_file(path):
    return Path(path).is_file()


@pytest.mark.parametrize("key", ["names-only", "wrong", None])
async def test_a_key_must_open_balances(door, key):
    async with door() as opened:
        assert (await talk(opened.port, "balance", ALICE, key=key)).said == []


async def test_a_hang_up_at_any_step_ends_the_call_and_logs_no_pin(door, caplog):
    caplog.set_level(logging.DEBUG)
    keys = {"enter-client": ["1"], "enter-pin": ["4712", "4711"], "menu": ["1"]}
    async with door() as opened:
        whole = await talk(opened.port, "balance", UNKNOWN, keys=keys)
        assert "balance-is" in whole.said
        for step in range(len(whole.commands)):
            call = await talk(opened.port, "balance", UNKNOWN, keys=keys, hang_up_at=step)
            assert len(call.commands) == step + 1
            await opened.features.lockout.clear(["client 1", f"caller {UNKNOWN}"])
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
