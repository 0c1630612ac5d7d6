"""What it costs to start a command that has little to do: in turns with a Python that does nothing.

Ratios are of processor time, which others on the machine disturb less than the time that passes.
"""

from __future__ import annotations

import resource
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
from tests.bench.figure import Figure
from tests.callerid.people import CLIENTS, ENTRIES
from tests.commands import PROGRAM, environment
from tests.mirrored import mirrored

ROUNDS = 10
NOTHING = "python -c pass"
COMMANDS: Mapping[str, Sequence[str]] = {
    "itflow-bridge --version": ("--version",),
    "itflow-bridge --help": ("--help",),
    "itflow-bridge keys list": ("keys", "list"),
    "itflow-bridge lookup 2125550101": ("lookup", "2125550101"),
}


def measure() -> Iterator[Figure]:
    """Medians of the time that passes and of processor time, and each command's divided by that of nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bridge.db"
        _furnish(path)
        variables = environment({"CONFIG": "/dev/null", "STORAGE_PATH": path})
        programs: dict[str, Sequence[str]] = {NOTHING: (sys.executable, "-c", "pass")}
        programs |= {name: (*PROGRAM, *words) for name, words in COMMANDS.items()}
        passed_s: dict[str, list[float]] = {name: [] for name in programs}
        worked_s: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(ROUNDS):
            for name, words in programs.items():
                begun, used_s = time.perf_counter(), _used_s()
                subprocess.run(words, env=variables, check=True, capture_output=True)
                passed_s[name].append(time.perf_counter() - begun)
                worked_s[name].append(_used_s() - used_s)
    for name in programs:
        yield Figure(f"time of `{name}`", f"{median(passed_s[name]) * 1e3:.0f} ms")
    for name in programs:
        yield Figure(f"processor time of `{name}`", f"{median(worked_s[name]) * 1e3:.0f} ms")
    for name in COMMANDS:
        ratio = median(worked_s[name]) / median(worked_s[NOTHING])
        yield Figure(f"processor time of `{name}` ÷ `{NOTHING}`", f"{ratio:.1f}")


def _used_s() -> float:
    """Processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _furnish(path: Path) -> None:
    """A key, and a mirror that knows whom is asked for."""
    database = Database(path)
    Keys(database, load()).add("pbx", Options())
    mirrored(database, ENTRIES, CLIENTS)
    database.close()
