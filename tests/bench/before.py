"""Caller ID before the mirror became plain tables, beside caller ID today: ``make bench BENCH=before``.

The older design runs as it was: its own commit, checked out, with its own dependencies, asked for the same numbers of
the same contacts. It packed the mirror into pages, read numbers by phonenumbers, answered inside aiohttp's private
parts, and remembered the last numbers; here it remembers none: callers who have not called before are measured.
"""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench.callerid import BARE_ASYNCIO, FORMS, MIDDLE, ROUNDS, SECONDS, Asked, Cost, ask, cpu_s, running
from tests.bench.callerid_servers import FIRST, name_of
from tests.bench.figure import Figure
from tests.bench.load import load, tool

COMMIT = "186a64e861111a1a45bc8fc817ca28feadfe8b00"
ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".cache" / "before" / COMMIT[:7]


def installed() -> Path:
    """The older commit with an environment of its own, made once; gives its Python.

    Raises:
        CalledProcessError: The commit is not there, as in a shallow clone, or its dependencies cannot be had.
    """
    python = KEPT / ".venv" / "bin" / "python"
    if not (KEPT / "ready").exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(KEPT, filter="data")
        subprocess.run([sys.executable, "-m", "venv", KEPT / ".venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-e", KEPT], check=True)
        (KEPT / "ready").touch()
    return python


def measure() -> Iterator[Figure]:
    """Answers a second and processor time, the two designs in turns."""
    forms = [Asked(MIDDLE, form) for form in FORMS]
    before = (str(installed()), str(Path(__file__).with_name("before_server.py")), str(MIDDLE))
    with ExitStack() as stack:
        servers = {
            "before": stack.enter_context(running(("callerid", MIDDLE), before)),
            "today": stack.enter_context(running(("callerid", MIDDLE))),
            "bare": stack.enter_context(running(BARE_ASYNCIO.server)),
        }
        wanted = [("bare", BARE_ASYNCIO), *((design, form) for form in forms for design in ("before", "today"))]
        for design, asked in wanted[1:]:
            for number in (FIRST, asked.last):
                name = ask(servers[design][0], asked.path.replace("%d", str(number)))
                assert name == name_of(number), (design, asked, number, name)
        costs: dict[tuple[str, Asked], list[Cost]] = {one: [] for one in wanted}
        for turn in range(1 + ROUNDS):
            for (design, asked), found in costs.items():
                port, process_id = servers[design]
                before_s = cpu_s(process_id)
                done = load(port, asked.path, FIRST, asked.last, seconds=SECONDS, seed=turn)
                assert not done.failed, f"{design}, {asked.name}: {done.failed} answers failed"
                if turn:
                    used_us = (cpu_s(process_id) - before_s) * 1_000_000
                    found.append(Cost(done.answers_per_s, used_us / (done.answers_per_s * SECONDS)))
    for (design, asked), found in costs.items():
        name = asked.name if design == "bare" else f"{asked.name}, {design}"
        answers = statistics.median(cost.answers_per_s for cost in found)
        used_us = statistics.median(cost.cpu_us for cost in found)
        yield Figure(f"{name} ({tool()}, random numbers)", f"{answers:,.0f} answers/s, {used_us:.0f} µs each")
    for asked in forms:
        turns = zip(costs["today", asked], costs["before", asked], strict=True)
        ratio = statistics.median(mine.answers_per_s / theirs.answers_per_s for mine, theirs in turns)
        yield Figure(f"answers/s of {asked.name}, today ÷ before", f"{ratio:.2f}")
