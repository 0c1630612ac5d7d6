"""``make simulate SEEDS=10000``: many seeds, on every core, with progress. A seed that fails is printed."""

import argparse
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count, islice

from rich.console import Console
from rich.progress import track

from tests.simulation import directory, outbox

Play = Callable[[int], str]
# By the old fault that is put back in: what is played.
PLAYS: Mapping[str, tuple[Play, ...]] = {
    "": (outbox.play, directory.play),
    "time-only": (partial(outbox.play, journal=outbox.TimeOnly),),
    "wall-clock": (partial(outbox.play, wall_clock=True),),
    "floor-of-five": (partial(directory.play, judging=directory.floor_of_five),),
}


def work(seed: int, fault: str) -> str:
    """One seed; what is wrong with it."""
    return "\n".join(filter(None, (play(seed) for play in PLAYS[fault])))


def main() -> None:
    """Play the seeds, and fail if one does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed; with --seeds 1 it plays one again")
    parser.add_argument("--fault", choices=PLAYS, default="", help="an old fault put back in")
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
