"""What PHP makes of values, and how its errors look on the wire."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from bridge.embedded.schema import Column, Fill

_TAG = re.compile(r"<(?!\s)[^>]*(?:>|\Z)")
_INTEGER = re.compile(r"\s*([+-]?\d+)")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))")
_CLOCK = re.compile(r"\d{1,3}:[0-5]\d:[0-5]\d", re.ASCII)
_GREATEST = 2**63 - 1
ROOT = "/var/www/itflow/api/v1"


class PhpFatal(Exception):
    """An uncaught exception: the script ends, and what it has not committed is lost.

    Attributes:
        line: The line of the script it is thrown in.
    """

    def __init__(self, text: str, line: int) -> None:
        super().__init__(text)
        self.line = line


def intval(value: object) -> int:
    """PHP's ``intval``: leading digits, or 0."""
    found = _INTEGER.match(str(value)) if value is not None and value is not True else None
    number = int(found[1]) if found else int(value is True)
    return max(-_GREATEST - 1, min(number, _GREATEST))


def empty(value: object) -> bool:
    """PHP's ``empty``."""
    return value in (None, "", "0", 0, False) or value == []


def strip_tags(text: str) -> str:
    """PHP's ``strip_tags``; a ``<`` that a blank follows is no tag."""
    return _TAG.sub("", text)


def fill(kind: Fill, value: object) -> str | None:
    """Turn a value of a JSON body into what ITFlow's models write into the column."""
    text = "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)
    return _FILLS[kind](text)


def blank(kind: Fill) -> str | None:
    """What a model writes for a field that the request leaves out."""
    return {"int": "0", "money": "0.00", "date": None, "lines": "< blank ><br>", "clock": "00:00:00"}.get(kind, "")


def check(column: Column, value: str | None, line: int) -> None:
    """Refuse what MariaDB's strict mode refuses.

    Raises:
        PhpFatal: The text is too long, or no date.
    """
    if value is None:
        return
    if column.kind == "str" and len(value) > column.length:
        raise PhpFatal(f"mysqli_sql_exception: Data too long for column '{column.name}' at row 1", line)
    if column.kind == "date":
        try:
            date.fromisoformat(value)
        except ValueError as error:
            table = column.name.partition("_")[0] + "s"
            raise PhpFatal(
                f"mysqli_sql_exception: Incorrect date value: '{value}' for column "
                f"`itflow`.`{table}`.`{column.name}` at row 1",
                line,
            ) from error


def encode(answer: Mapping[str, object]) -> bytes:
    """PHP's ``json_encode``: ASCII, and slashes escaped (in JSON they only stand inside strings)."""
    return json.dumps(answer, separators=(",", ":")).replace("/", "\\/").encode()


def warning(text: str, script: str, line: int) -> str:
    """A warning as ``display_errors`` shows it."""
    return f"<br />\n<b>Warning</b>:  {text} in <b>{ROOT}/{script}</b> on line <b>{line}</b><br />\n"


def fatal(error: PhpFatal, script: str) -> str:
    """A fatal error as ``display_errors`` shows it."""
    where = f"{ROOT}/{script}"
    return (
        f"<br />\n<b>Fatal error</b>:  Uncaught {error} in {where}:{error.line}\nStack trace:\n"
        f"#0 {where}({error.line}): mysqli_query()\n#1 {{main}}\n"
        f"  thrown in <b>{where}</b> on line <b>{error.line}</b><br />\n"
    )


def _clean(text: str) -> str:
    return strip_tags(text).strip()


def _money(text: str) -> str:
    found = _NUMBER.match(text)
    try:
        return str(Decimal(found[1] if found else 0).quantize(Decimal("0.01")))
    except InvalidOperation:
        return "0.00"


_FILLS: Mapping[Fill, Callable[[str], str | None]] = {
    "text": _clean,
    "raw": str,
    "six": lambda text: _clean(text)[:6],
    "lines": "{}<br>".format,
    "clock": lambda text: text if _CLOCK.fullmatch(text) else "00:00:00",
    "digits": lambda text: re.sub(r"[^0-9]", "", text),
    "int": lambda text: str(intval(text)),
    "money": _money,
    "date": lambda text: _clean(text) or None,
    "website": lambda text: re.sub(r"^https?://", "", _clean(text)),
}
