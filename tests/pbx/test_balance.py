"""The balance menu on a real Asterisk: SIP calls with RTP keys; what was spoken is read from Asterisk's own record."""

import asyncio
import logging
from functools import partial

import pytest

from bridge.cli.setup import Place, dialplan
from tests.agi.world import ALICE, BERND, EVE, SECRET, SHARED, UNKNOWN, YOKO, ZOE, mirror, world
from tests.counterparts import lacking
from tests.pbx.asterisk import until

ALICE_SAID = (
    "balance-is digits/1 digits/thousand digits/2 digits/hundred digits/30 digits/4 eur-many and digits/5 eur-cents"
)


@pytest.fixture
async def menu(pbx, dial, tmp_path):
    """Opens the menu: ``async with menu(number) as call``; keyword arguments are settings of the door."""
    async with world(tmp_path, mirror(), accounts="300@from-trunk") as door:
        await pbx.dialplan(
            f"{dialplan(Place('', f'127.0.0.1:{door.port}', SECRET, ''))}"
            "[from-trunk]\n"
            "exten => 200,1,Goto(itflow-balance,s,1)\n"
            "exten => 201,1,Set(CHANNEL(language)=de)\n same => n,Goto(itflow-balance,s,1)\n"
            "exten => 202,1,Set(CHANNEL(language)=fr)\n same => n,Goto(itflow-balance,s,1)\n"
            "exten => 300,1,Verbose(1,this is accounts)\n same => n,Hangup()\n"
        )

        def call(number, exten="200"):
            return Caller(pbx, door, dial(f'"Trunk" <sip:{number}@trunk.example>', exten))

        yield call
        assert door.server.calls == 0


class Caller:
    """A caller in the menu."""

    def __init__(self, pbx, door, call):
        self.pbx = pbx
        self.door = door
        self._call = call
        self._since = len(pbx.log())

    async def __aenter__(self):
        self.call = await self._call.__aenter__()
        return self

    async def __aexit__(self, *error):
        await self._call.__aexit__(*error)

    @property
    def said(self):
        return self.pbx.played(self._since)

    @property
    def log(self):
        return self.pbx.log()[self._since :]

    async def press(self, *steps):
        """For each ``sentence:keys``, wait for the sentence, then press the keys."""
        heard = 0
        for step in steps:
            sentence, _, keys = step.partition(":")
            heard = await until(partial(self._heard, sentence, heard))
            await self.call.dial(keys)

    def _heard(self, sentence, since):
        return self.said.index(sentence, since) + 1 if sentence in self.said[since:] else None


CALLS = {
    "recognised, right PIN": (
        ALICE,
        ["enter-pin:4711#", "menu-transfer:9"],
        f"welcome enter-pin {ALICE_SAID} menu-transfer goodbye",
    ),
    "credit, no PIN": (
        BERND,
        ["menu-transfer:9"],
        "welcome balance-is minus digits/12 usd-many and digits/50 usd-cents credit menu-transfer goodbye",
    ),
    "no cents": (YOKO, ["menu-transfer:9"], "welcome balance-is jpy-one menu-transfer goodbye"),
    "zero": (EVE, ["menu-transfer:9"], "welcome balance-is-zero menu-transfer goodbye"),
    "uncertain": (
        SHARED,
        ["menu-transfer:9"],
        "welcome balance-is-at-most digits/90 digits/9 gbp-many and gbp-cent uncertain menu-transfer goodbye",
    ),
    "a currency without words": (
        ZOE,
        ["enter-pin:22#", "menu-transfer:9"],
        "welcome enter-pin balance-is digits/20 digits/1 letters/s letters/e letters/k menu-transfer goodbye",
    ),
    "unknown, typed client": (
        UNKNOWN,
        ["enter-client:1#", "enter-pin:4711#", "menu-transfer:9"],
        f"welcome enter-client enter-pin {ALICE_SAID} menu-transfer goodbye",
    ),
    "an unknown client, then a known one": (
        UNKNOWN,
        ["enter-client:77#", "enter-client:1#", "enter-pin:4711#", "menu-transfer:9"],
        f"welcome enter-client unknown-client enter-client enter-pin {ALICE_SAID} menu-transfer goodbye",
    ),
    "withheld, typed client": (
        "anonymous",
        ["enter-client:1#", "enter-pin:4711#", "menu-transfer:9"],
        f"welcome enter-client enter-pin {ALICE_SAID} menu-transfer goodbye",
    ),
    "repeated": (
        YOKO,
        ["menu-transfer:1", "menu-transfer:9"],
        "welcome balance-is jpy-one menu-transfer balance-is jpy-one menu-transfer goodbye",
    ),
}


@pytest.mark.parametrize("case", CALLS)
async def test_a_balance_is_spoken(menu, case):
    number, keys, said = CALLS[case]
    async with menu(number) as caller:
        await caller.press(*keys)
        await caller.call.ended()
        assert " ".join(caller.said) == said


GERMAN = (
    "welcome enter-pin balance-is digits/thousand digits/2 digits/hundred digits/4-and digits/30 "
    "eur-many and digits/5 eur-cents menu-transfer goodbye"
)


async def test_a_german_channel_hears_german(menu, pbx):
    if not (pbx.folder / "data" / "sounds" / "de" / "digits").exists():
        lacking("this Asterisk has no German numbers (Debian: asterisk-prompt-de)")
    async with menu(ALICE, "201") as caller:
        await caller.press("enter-pin:4711#", "menu-transfer:9")
        await caller.call.ended()
        # Some German packs have digits/1N ("ein" before "tausend"), Debian's has not.
        assert " ".join(name for name in caller.said if name != "digits/1N") == GERMAN
        assert "(language 'en')" not in caller.log


async def test_a_french_channel_hears_english(menu):
    async with menu(YOKO, "202") as caller:
        await caller.press("menu-transfer:9")
        await caller.call.ended()
        assert caller.said == ["welcome", "balance-is", "jpy-one", "menu-transfer", "goodbye"]
        assert "(language 'fr')" not in caller.log


async def test_three_wrong_pins_lock_out(menu):
    wrong = ["enter-pin:1#", "enter-pin:2#", "enter-pin:3#"]
    async with menu(ALICE) as caller:
        await caller.press(*wrong, "transfer:9")
        await caller.call.ended()
        assert caller.said[-4:] == ["wrong-pin", "locked", "transfer", "goodbye"]
    async with menu(ALICE) as caller:
        await caller.press("transfer:9")
        await caller.call.ended()
        assert caller.said == ["welcome", "locked", "transfer", "goodbye"]


async def test_the_call_goes_on_at_the_accounts_department(menu):
    async with menu(YOKO) as caller:
        await caller.press("menu-transfer:0")
        await caller.call.ended()
        assert "this is accounts" in caller.log


async def test_without_the_door_the_caller_is_told(pbx, dial):
    await pbx.dialplan(
        f"{dialplan(Place('', '127.0.0.1:9', '', ''))}[from-trunk]\nexten => 200,1,Goto(itflow-balance,s,1)\n"
    )
    async with Caller(pbx, None, dial(f"<sip:{ALICE}@trunk.example>", "200")) as caller:
        await caller.call.ended()
        assert caller.said == ["unavailable"]


STEPS = {
    "welcome": [],
    "enter-client": [],
    "unknown-client": ["enter-client:77#"],
    "enter-pin": ["enter-client:1#"],
    "wrong-pin": ["enter-client:1#", "enter-pin:4712#"],
    "balance-is": ["enter-client:1#", "enter-pin:4711#"],
    "digits/hundred": ["enter-client:1#", "enter-pin:4711#"],
    "menu-transfer": ["enter-client:1#", "enter-pin:4711#"],
}


@pytest.mark.parametrize("step", STEPS)
async def test_a_hang_up_at_any_step_leaves_nothing(menu, step, caplog):
    caplog.set_level(logging.DEBUG)
    tasks = asyncio.all_tasks()
    async with menu(UNKNOWN) as caller:
        await caller.press(*STEPS[step], f"{step}:")
        await caller.call.hang_up()
        await until(lambda: caller.door.server.calls == 0)
        await until(lambda: "hung up" in caplog.text)
        assert step in caller.said
        assert "goodbye" not in caller.said
        assert not any(pin in text for pin in ("4711", "4712") for text in (caplog.text, caller.log))
        # What Asterisk keeps in the call record of a caller who hangs up here.
        assert SECRET not in next(line for line in caller.log.splitlines() if "AGI(" in line)
    await until(lambda: asyncio.all_tasks() <= tasks)
