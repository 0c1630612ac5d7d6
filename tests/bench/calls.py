"""What a lookup costs a call on a real Asterisk: time in the dialplan, by CURL() and by FastAGI, against NoOp()."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge.access.setup import Place, dialplan
from tests.agi.world import ALICE, SECRET, mirror, world
from tests.bench.figure import Figure, at_most
from tests.pbx.asterisk import ROOT, Asterisk, running
from tests.pbx.bridge import serving

INSTALLED = ROOT / ".cache" / "asterisk"
LOOKUPS = 300
GOAL_MS = 20

# Asterisk's own clock has milliseconds, so many lookups are timed together.
TIMED = """
exten => {way},1,Set(CALLERID(num)={number})
 same => n,Set(i=0)
 same => n,Set(begin=${{STRFTIME(,,%s%3q)}})
 same => n(again),{application}
 same => n,Set(i=$[${{i}} + 1])
 same => n,GotoIf($[${{i}} < {lookups}]?again)
 same => n,Set(GLOBAL({way}_ms)=$[${{STRFTIME(,,%s%3q)}} - ${{begin}}])
 same => n,Set(GLOBAL({way}_name)=${{CALLERID(name)}})
"""


def measure() -> Iterator[Figure]:
    """Time 300 lookups of each kind in one call each."""
    subprocess.run([ROOT / "tests" / "pbx" / "install.sh", INSTALLED], check=True, stdout=subprocess.DEVNULL)
    yield from asyncio.run(_measure())


async def _measure() -> list[Figure]:
    with TemporaryDirectory() as folder:
        async with (
            world(Path(folder), mirror()) as door,
            serving(door) as url,
            running(INSTALLED, verbose=0) as asterisk,
        ):
            applications = {
                "noop": "NoOp()",
                "curl": "Gosub(itflow-callerid,s,1)",
                "agi": f"AGI(agi://127.0.0.1:{door.port}/callerid,{SECRET})",
            }
            timed = (
                TIMED.format(way=way, number=ALICE, application=application, lookups=LOOKUPS)
                for way, application in applications.items()
            )
            await asterisk.dialplan(f"{dialplan(Place(url, '', SECRET, ''))}[bench]\n{''.join(timed)}")
            took_ms = {way: await _timed(asterisk, way) for way in applications}
    return [
        Figure("Asterisk: a step of the dialplan that does nothing", f"{took_ms['noop']:.3f} ms"),
        at_most("Asterisk: caller ID and facts by CURL()", took_ms["curl"] - took_ms["noop"], GOAL_MS, "ms"),
        at_most("Asterisk: caller ID and facts by FastAGI", took_ms["agi"] - took_ms["noop"], GOAL_MS, "ms"),
    ]


async def _timed(asterisk: Asterisk, way: str) -> float:
    """Milliseconds for one lookup of a kind."""
    await asterisk.rx(f"channel originate Local/{way}@bench application Wait 60")
    found: dict[str, str] = {}
    async with asyncio.timeout(60):
        while f"{way}_name" not in found:
            listed = await asterisk.rx("dialplan show globals")
            found = dict(line.strip().split("=", 1) for line in listed.splitlines() if "=" in line)
            await asyncio.sleep(0.1)
    if way != "noop" and found[f"{way}_name"] != "Alice O'Neil":
        raise RuntimeError(f"The lookup by {way} gave {found[f'{way}_name']!r}.")
    return int(found[f"{way}_ms"]) / LOOKUPS
