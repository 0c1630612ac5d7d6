"""Runs benchmarks and prints one Markdown table.

Every module of this folder that registers a benchmark is found by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import tests.bench
from tests.bench.registry import BENCHES


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    for module in pkgutil.iter_modules(tests.bench.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"tests.bench.{module.name}")
    if unknown := set(names) - set(BENCHES):
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}.")
    sys.stdout.write("| figure | goal | measured |\n|---|---|---|\n")
    for name in names or BENCHES:
        for row in BENCHES[name]():
            note = f" ({row.note})" if row.note else ""
            sys.stdout.write(f"| {row.figure} | {row.goal} | {row.measured}{note} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
