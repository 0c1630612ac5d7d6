"""Runs the benches and prints their figures as a Markdown table.

A bench is a module of this package with ``measure() -> Iterator[Figure]``; its name stands in ``BENCHES``, or in
``ASKED_FOR`` where it runs only when it is named.
"""

import sys
from importlib import import_module

from rich.box import MARKDOWN
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.bench.figure import Figure

BENCHES = ("callerid", "calls", "card", "directory", "flood", "ldap", "page", "phonebook", "start")
ASKED_FOR = ("before",)  # it checks another commit out and installs it


def main() -> None:
    """Measure what the command line names, or everything."""
    names = sys.argv[1:] or BENCHES
    if wrong := set(names) - {*BENCHES, *ASKED_FOR}:
        sys.exit(f"There is no bench {', '.join(sorted(wrong))}. There are: {', '.join(BENCHES + ASKED_FOR)}.")
    figures: list[Figure] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("")
        for name in names:
            for figure in import_module(f"tests.bench.{name}").measure():
                figures.append(figure)
                progress.update(task, description=figure.name)
    table = Table("figure", "measured", "goal", "", box=MARKDOWN)
    for figure in figures:
        table.add_row(figure.name, figure.measured, figure.goal, {True: "met", False: "missed", None: ""}[figure.met])
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
