"""Lists of the command line: for people a table, or a list for each row where that has no room; JSON for programs."""

from __future__ import annotations

import json
import re

import typer
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from bridge import controls
from bridge.cli.common import console


class Listing:
    """Rows under named columns.

    Args:
        columns: Their headings; in JSON the names, in small letters with underscores: ``last used (UTC)`` is
            ``last_used_utc``.
    """

    def __init__(self, *columns: str) -> None:
        self._columns = columns
        self._rows: list[tuple[str, ...]] = []

    def add_row(self, *cells: str) -> None:
        """Add a row, a text for each column."""
        self._rows.append(cells)

    def show(self, *, as_json: bool) -> None:
        """Print it to standard output."""
        if as_json:
            names = [re.sub(r"\W+", "_", column.replace("'", "")).strip("_").lower() for column in self._columns]
            rows = [dict(zip(names, row, strict=True)) for row in self._rows]
            typer.echo(controls.in_json(json.dumps(rows, ensure_ascii=False, indent=2)))
            return
        if (widths := self._widths()) is None:
            self._show_apart()
            return
        table = Table()
        for column, width in zip(self._columns, widths, strict=True):
            table.add_column(column, width=width, overflow="fold")
        for row in self._rows:
            table.add_row(*map(Text, row))
        console.print(table)

    def _widths(self) -> list[int] | None:
        """A width for each column that breaks no word, such as a date or a name; None where they have no room."""
        columns = list(zip(self._columns, *self._rows, strict=True))
        widths = [max(cell_len(word) for cell in column for word in cell.split() or [""]) for column in columns]
        spare = console.width - sum(widths) - 3 * len(widths) - 1
        if spare < 0:
            return None
        for at, column in enumerate(columns):
            more = min(max(map(cell_len, column)) - widths[at], spare)
            widths[at] += more
            spare -= more
        return widths

    def _show_apart(self) -> None:
        """Each row as a list of its own, without what is empty."""
        width = max(map(len, self._columns))
        for row in self._rows:
            lines = [f"{column:{width}}  {cell}" for column, cell in zip(self._columns, row, strict=True) if cell]
            console.print(Text("\n".join([*lines, ""])), soft_wrap=True)
