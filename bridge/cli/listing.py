"""Lists of the command line: a table for people, that cuts nothing, or JSON for programs."""

from __future__ import annotations

import json
import re

import typer
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
        table = Table()
        for column in self._columns:
            # A cell that is too wide goes on in the next line: half a date or half a key's name is of no use.
            table.add_column(column, overflow="fold")
        for row in self._rows:
            table.add_row(*map(Text, row))
        console.print(table)
