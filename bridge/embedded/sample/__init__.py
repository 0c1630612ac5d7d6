"""Sample data: a service firm with 41 clients in 20 countries, one CSV file for each table.

Numbers are of ranges set aside for fiction where a country has such (555-01xx, Ofcom's and the
Bundesnetzagentur's drama numbers, …), else made like an example number. They are spelled as in real
databases: with and without country code, trunk zero and punctuation.
"""

import csv
import re
from datetime import datetime, timedelta
from importlib.resources import files
from io import StringIO

_RELATIVE = re.compile(r"([+-]\d+)d(?: (\d\d:\d\d))?")


def rows() -> dict[str, list[dict[str, str | None]]]:
    """The rows by table. ``-30d`` in the files is a date 30 days ago, ``-30d 10:15`` a time on it."""
    today = datetime.now().astimezone()
    tables = {}
    for file in sorted(files(__name__).iterdir(), key=lambda each: each.name):
        if file.name.endswith(".csv"):
            lines = csv.DictReader(StringIO(file.read_text(encoding="utf-8"), newline=""))
            tables[file.name.removesuffix(".csv")] = [
                {name: _value(text, today) for name, text in row.items()} for row in lines
            ]
    return tables


def _value(text: str, today: datetime) -> str | None:
    relative = _RELATIVE.fullmatch(text)
    if relative is None:
        return text or None
    day = (today + timedelta(days=int(relative[1]))).date().isoformat()
    return f"{day} {relative[2]}:00" if relative[2] else day
