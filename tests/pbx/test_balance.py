"""The balance menu on a real Asterisk: SIP calls with RTP keys; what was spoken is read from Asterisk's own record."""

import asyncio
import json
import logging
import signal
import sys
from asyncio.subprocess import PIPE
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bridge.access.setup import Place, dialplan
from tests.agi.world import ALICE, BERND, CARLA, EVE, SECRET, SHARED, UNKNOWN, YOKO, ZOE, mirror, world
from tests.counterparts import lacking
from tests.pbx.asterisk import ROOT, until
from tests.pbx.bridge import serving

ALICE_SAID = (
    "balance-is digits/1 digits/thousand digits/2 digits/hundred digits/30 digits/4 eur-many and digits/5 eur-cents"
)


PLAN = """
[from-trunk]
exten => 200,1,Goto(itflow-balance,s,1)
exten => 201,1,Set(CHANNEL(language)=de)
 same => n,Goto(itflow-balance,s,1)
exten => 202,1,Set(CHANNEL(language)=fr)
 same => n,Goto(itflow-balance,s,1)
exten => 300,1,Verbose(1,this is accounts)
 same => n,Wait(4)
 same => n,Hangup()
"""
PASSED_A, PASSED_B, PASSED_C, FAILED = (
    f";verstat=TN-Validation-{word}" for word in ("Passed-A", "Passed-B", "Passed-C", "Failed")
)


@pytest.fixture
async def menu(pbx, dial, tmp_path):
    """Opens the menu: ``async with menu(number) as call``."""
    async with world(tmp_path, mirror(), accounts="300@from-trunk", pin="attested") as door, serving(door) as url:
        await pbx.dialplan(dialplan(Place(url, f"127.0.0.1:{door.port}", SECRET, "")) + PLAN)

        def call(number, exten="200", *headers):
            return Caller(pbx, door, dial(f'"Trunk" <sip:{number}@trunk.example>', exten, *headers))

        yield call
        await until(lambda: door.server.calls == 0)


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

    async def hears(self, said):
        """Wait until so much has been said, hang up where the menu does not, and compare."""
        await until(lambda: len(self.words) >= len(said.split()))
        await (self.call.ended() if said.endswith("goodbye") else self.call.hang_up())
        assert " ".join(self.words) == said

    @property
    def words(self):
        """What was said; some German packs have digits/1N ("ein" before "tausend"), Debian's has not."""
        return [name for name in self.said if name != "digits/1N"]

    def _heard(self, sentence, since):
        return self.said.index(sentence, since) + 1 if sentence in self.said[since:] else None


CALLS = {
    "recognised, right PIN": (
        ALICE,
        ["enter-pin:4711#", "menu-transfer:9", "menu-transfer:*", "menu-transfer:5"],
        f"welcome enter-pin {ALICE_SAID} menu-transfer menu-transfer menu-transfer goodbye",
    ),
    "credit, no PIN": (
        BERND + PASSED_A,
        [],
        "welcome balance-is minus digits/12 usd-many and digits/50 usd-cents credit menu-transfer",
    ),
    "no cents": (YOKO + PASSED_A, [], "welcome balance-is jpy-one menu-transfer"),
    "zero": (EVE + PASSED_A, [], "welcome balance-is-zero menu-transfer"),
    "uncertain": (
        SHARED + PASSED_A,
        [],
        "welcome balance-is-at-most digits/90 digits/9 gbp-many and gbp-cent uncertain menu-transfer",
    ),
    "a currency without words": (
        ZOE,
        ["enter-pin:2234#"],
        "welcome enter-pin balance-is digits/20 digits/1 letters/s letters/e letters/k menu-transfer",
    ),
    "unknown, typed client": (
        UNKNOWN,
        ["enter-client:1#", "enter-pin:4711#"],
        f"welcome enter-client enter-pin {ALICE_SAID} menu-transfer",
    ),
    "withheld, typed client": (
        "anonymous",
        ["enter-client:1#", "enter-pin:4711#"],
        f"welcome enter-client enter-pin {ALICE_SAID} menu-transfer",
    ),
    "keys during the greeting": (
        UNKNOWN,
        ["welcome:1#", "enter-pin:4711#"],
        f"welcome enter-pin {ALICE_SAID} menu-transfer",
    ),
    "a PIN during the greeting": (ALICE, ["welcome:4711#"], f"welcome {ALICE_SAID} menu-transfer"),
    "repeated": (
        YOKO + PASSED_A,
        ["menu-transfer:1"],
        "welcome balance-is jpy-one menu-transfer balance-is jpy-one menu-transfer",
    ),
}


@pytest.mark.parametrize("case", CALLS)
async def test_a_balance_is_spoken(menu, case):
    number, keys, said = CALLS[case]
    async with menu(number) as caller:
        await caller.press(*keys)
        await caller.hears(said)


# What the trunk says, whether a contact of the client has a PIN: what the caller hears who types 4711 for a PIN.
TRUST = {
    (PASSED_A, ALICE): f"welcome enter-pin {ALICE_SAID} menu-transfer",
    (PASSED_A, CARLA): f"welcome enter-pin {ALICE_SAID} menu-transfer",
    (PASSED_A, YOKO): "welcome balance-is jpy-one menu-transfer",
    (PASSED_B, ALICE): f"welcome enter-pin {ALICE_SAID} menu-transfer",
    (PASSED_B, YOKO): "welcome enter-pin wrong-pin enter-pin",
    (PASSED_C, ALICE): "welcome unavailable transfer",
    (PASSED_C, YOKO): "welcome unavailable transfer",
    (FAILED, ALICE): "welcome unavailable transfer",
    (FAILED, YOKO): "welcome unavailable transfer",
    ("", ALICE): f"welcome enter-pin {ALICE_SAID} menu-transfer",
    ("", CARLA): f"welcome enter-pin {ALICE_SAID} menu-transfer",
    ("", YOKO): "welcome enter-pin wrong-pin enter-pin",
}


@pytest.mark.parametrize("asserted", [False, True], ids=["From", "P-Asserted-Identity"])
@pytest.mark.parametrize(("verstat", "number"), TRUST)
async def test_who_hears_a_balance(menu, verstat, number, asserted):
    headers = [f"P-Asserted-Identity: <sip:{number}{verstat}@trunk.example>"] if asserted else []
    said = TRUST[verstat, number]
    async with menu(number if asserted else f"{number}{verstat}", "200", *headers) as caller:
        if "enter-pin" in said:
            await caller.press("enter-pin:4711#")
        await caller.hears(said)


async def test_a_caller_who_hides_the_number_is_unknown(menu):
    headers = [f"P-Asserted-Identity: <sip:{YOKO}{PASSED_A}@trunk.example>", "Privacy: id"]
    async with menu("anonymous", "200", *headers) as caller:
        await until(lambda: "enter-client" in caller.said)
        await caller.call.hang_up()


GERMAN = (
    "welcome enter-pin balance-is digits/thousand digits/2 digits/hundred digits/4-and digits/30 "
    "eur-many and digits/5 eur-cents menu-transfer"
)
# What this Asterisk has not; the channel; the sounds that are heard in their language.
SOUNDS = {
    "all, German": ((), "201", "de", GERMAN),
    "all, French": ((), "202", "en", f"welcome enter-pin {ALICE_SAID} menu-transfer"),
    "no German": (("de",), "201", "en", f"welcome enter-pin {ALICE_SAID} menu-transfer"),
    "no German sentences": (("de/itflow",), "201", "en", f"welcome enter-pin {ALICE_SAID} menu-transfer"),
    "no German numbers": (("de/digits",), "201", "en", f"welcome enter-pin {ALICE_SAID} menu-transfer"),
    "a German word": (("de/itflow/eur-many.wav",), "201", "en", f"welcome enter-pin {ALICE_SAID} menu-transfer"),
    "German only": (("en",), "201", "de", GERMAN),
    "German only, English channel": (("en",), "200", "", ""),
    "no sounds": (("en", "de"), "200", "", ""),
    "no English sentences": (("en/itflow",), "200", "", ""),
    "no English numbers": (("en/digits",), "200", "en", "welcome enter-pin unavailable transfer"),
    "an English word": (("en/itflow/eur-many.wav",), "200", "en", "welcome enter-pin unavailable transfer"),
    "a question": (("en/itflow/enter-pin.wav",), "200", "en", f"welcome {ALICE_SAID} menu-transfer"),
    "the greeting": (("en/itflow/welcome.wav",), "200", "en", f"enter-pin {ALICE_SAID} menu-transfer"),
}


@pytest.fixture
def sounds(pbx):
    """Takes sounds away, or makes them unreadable, for a while."""
    folder: Path = pbx.folder / "data" / "sounds"
    taken: list[Any] = []

    def away(names, unreadable):
        for name in names:
            place, kept = folder / name, pbx.folder / f"away-{len(taken)}"
            place.rename(kept)
            taken.append((place, kept))
            if unreadable and place.suffix:
                # Also for root, as whom this may run, a folder is no sound.
                place.mkdir()

    yield away
    for place, kept in taken:
        if place.exists():
            place.rmdir()
        kept.rename(place)


# Of the cases without single files, "unreadable" would be the same as "missing".
FILES = {case for case, (away, *_) in SOUNDS.items() if any(name.endswith(".wav") for name in away)}


@pytest.mark.parametrize(
    ("case", "unreadable"), [*((case, False) for case in SOUNDS), *((case, True) for case in sorted(FILES))]
)
async def test_the_menu_goes_on_whatever_sounds_there_are(menu, sounds, case, unreadable, caplog, pbx):
    if not (pbx.folder / "data" / "sounds" / "de" / "digits").exists():
        lacking("this Asterisk has no German numbers (Debian: asterisk-prompt-de)")
    away, exten, language, said = SOUNDS[case]
    sounds(away, unreadable)
    async with menu(ALICE, exten) as caller:
        await until(lambda: any(f"{sign}itflow/enter-pin" in caller.log for sign in ("Playing '", "Unable to open ")))
        await caller.call.dial("4711#")
        if said:
            await caller.hears(said)
        else:
            await caller.call.ended()
            assert caller.said == []
            assert "hung up" not in caplog.text
        amount = caller.log.partition("Playing 'itflow/balance-is")[2].splitlines()
        heard = [line for line in amount if "Playing '" in line and "sample_offset 2" not in line]
        assert all(f"(language '{language}')" in line for line in heard)
    told = [record.getMessage() for record in caplog.records if "cannot play the sound file" in record.getMessage()]
    assert len(told) == len(set(told))
    assert bool(told) == (language != "de" and any(name.startswith("en") for name in away))


async def test_three_wrong_pins_lock_out(menu):
    wrong = ["enter-pin:1#", "enter-pin:2#", "enter-pin:3#"]
    async with menu(ALICE) as caller:
        await caller.press(*wrong)
        await caller.hears("welcome enter-pin wrong-pin enter-pin wrong-pin enter-pin wrong-pin locked transfer")
    async with menu(ALICE) as caller:
        await caller.hears("welcome locked transfer")


async def test_the_call_goes_on_at_the_accounts_department(menu):
    async with menu(YOKO + PASSED_A) as caller:
        await caller.press("menu-transfer:0")
        await caller.call.ended()
        assert "this is accounts" in caller.log
        # The watch leaves a call alone that has left the menu, and ends.
        assert "ChannelRedirect" not in caller.log
        await until(lambda: 'Hangup("Local/w' in caller.log)


async def test_a_call_leaves_one_call_record_without_the_key(menu, pbx):
    before = len(pbx.records())
    async with menu(ALICE) as caller:
        await caller.press("enter-pin:4711#")
        await until(lambda: "menu-transfer" in caller.said)
        await caller.call.hang_up()
        await until(lambda: 'Hangup("Local/w' in caller.log)
    # A second call ends after both ends of the first one's watch have.
    async with menu(ALICE) as caller:
        await caller.call.hang_up()
    await until(lambda: sum("Trunk" in line for line in pbx.records()[before:]) == 2)
    assert len(pbx.records()) == before + 2
    assert not any(SECRET in line or "4711" in line for line in pbx.records())


async def test_without_the_door_the_caller_is_told(pbx, dial):
    await pbx.dialplan(dialplan(Place("http://127.0.0.1:9", "127.0.0.1:9", "", "")) + PLAN)
    async with Caller(pbx, None, dial(f"<sip:{ALICE}@trunk.example>", "200")) as caller:
        await caller.call.ended()
        assert caller.said == ["unavailable"]


HELD_S = 3

# When the bridge stops: what the caller has heard by then, the keys that are pressed after it.
HANGS = {
    "before the call": ("", ""),
    "in the greeting": ("welcome", ""),
    "before the PIN": ("enter-pin", ""),
    "during the PIN": ("enter-pin", "47"),
    "after the PIN": ("enter-pin", "4711#"),
    "while the balance is spoken": ("balance-is", ""),
    "in the menu": ("menu-transfer", ""),
}


@pytest.mark.parametrize("case", HANGS)
async def test_a_bridge_that_hangs_holds_no_call(pbx, dial, tmp_path, case):
    (heard, keys), loop = HANGS[case], asyncio.get_running_loop()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.pbx.outside", tmp_path, cwd=ROOT, stdout=PIPE
    )
    try:
        assert process.stdout is not None
        place = json.loads(await process.stdout.readline())
        await pbx.dialplan(dialplan(Place(place["url"], place["agi"], SECRET, "")) + PLAN)
        if not heard:
            process.send_signal(signal.SIGSTOP)
        async with Caller(pbx, None, dial(f'"Trunk" <sip:{ALICE}@trunk.example>', "200")) as caller:
            if heard:
                await caller.press(
                    *(["enter-pin:4711#"] if heard in ("balance-is", "menu-transfer") else []), f"{heard}:"
                )
                process.send_signal(signal.SIGSTOP)
            stopped_at = loop.time()
            await caller.call.dial(keys)
            await until(lambda: "unavailable" in caller.said)
            held_s = loop.time() - stopped_at
            await caller.call.ended()
            assert caller.said[-1] == "unavailable"
        assert held_s < HELD_S
    finally:
        process.kill()
        await process.wait()


STEPS = {
    "welcome": [],
    "enter-client": [],
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
