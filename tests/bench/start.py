"""How long a command takes that has little to do: in turns with a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from bridge.access.keys import Keys, Options
from bridge.settings import load
from bridge.storage import Database
from tests.bench.figure import Figure, at_most
from tests.callerid.people import CLIENTS, ENTRIES
from tests.commands import PROGRAM, environment
from tests.mirrored import mirrored

ROUNDS = 20
NOTHING = "python -c pass"
# What each may take, as a multiple of a Python that does nothing.
COMMANDS: Mapping[str, tuple[Sequence[str], float]] = {
    "itflow-bridge --version": (("--version",), 10),
    "itflow-bridge --help": (("--help",), 20),
    "itflow-bridge keys list": (("keys", "list"), 30),
    "itflow-bridge lookup 2125550101": (("lookup", "2125550101"), 40),
}


def measure() -> Iterator[Figure]:
    """Medians of wall time, and each command's divided by that of nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bridge.db"
        _furnish(path)
        variables = environment({"CONFIG": "/dev/null", "STORAGE_PATH": path})
        programs: dict[str, Sequence[str]] = {NOTHING: (sys.executable, "-c", "pass")}
        programs |= {name: (*PROGRAM, *words) for name, (words, _) in COMMANDS.items()}
        taken_s: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(ROUNDS):
            for name, words in programs.items():
                begun = time.perf_counter()
                subprocess.run(words, env=variables, check=True, capture_output=True)
                taken_s[name].append(time.perf_counter() - begun)
    nothing_s = median(taken_s[NOTHING])
    for name, times in taken_s.items():
        yield Figure(f"time of `{name}`", f"{median(times) * 1e3:.0f} ms")
    for name, (_, goal) in COMMANDS.items():
        yield at_most(f"time of `{name}` ÷ `{NOTHING}`", median(taken_s[name]) / nothing_s, goal, digits=1)


def _furnish(path: Path) -> None:
    """A key, and a mirror that knows whom is asked for."""
    database = Database(path)
    Keys(database, load()).add("pbx", Options())
    mirrored(database, ENTRIES, CLIENTS)
    database.close()
