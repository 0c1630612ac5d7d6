"""``make simulate SEEDS=10000``: many seeds, on every core, with progress. A seed that fails is printed."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import count, islice
from typing import Any

from rich.console import Console
from rich.progress import track

from tests.simulation import directory, outbox

FAULTS: dict[str, dict[str, Any]] = {
    "": {},
    "time-only": {"journal": outbox.TimeOnly},
    "wall-clock": {"wall_clock": True},
}


def work(seed: int, fault: str) -> str:
    """One seed; what is wrong with it."""
    found = [outbox.play(seed, **FAULTS[fault]), "" if fault else directory.play(seed)]
    return "\n".join(filter(None, found))


def main() -> None:
    """Play the seeds, and fail if one does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed; with --seeds 1 it plays one again")
    parser.add_argument("--fault", choices=FAULTS, default="", help="an old fault put back in")
    options = parser.parse_args()
    seeds = list(islice(count(options.first), options.seeds))
    failed: list[str] = []
    console = Console()
    with ProcessPoolExecutor() as pool:
        results = pool.map(work, seeds, [options.fault] * len(seeds), chunksize=4)
        for done, wrong in enumerate(track(results, "Simulating", len(seeds), console=console), 1):
            if not console.is_terminal and done % 500 == 0:
                console.print(f"{done} seeds, {len(failed)} violations")
            if wrong:
                failed.append(wrong)
                console.print(wrong, soft_wrap=True)
    console.print(f"{len(seeds)} seeds, {len(failed)} violations")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
