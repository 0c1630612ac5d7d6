"""What phone systems send, read field by field: a form or a JSON object of texts, numbers and lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from bridge.errors import BadParameter

# A form gives texts, one that is repeated a list of them; JSON gives anything.
Body = Mapping[str, object]

_QUARTER_S = 900  # every time zone is a whole number of quarter hours from UTC


def texts(body: Body, *names: str) -> tuple[str, ...]:
    """All values of the first field that is there and not empty; ``name[]`` is ``name``."""
    for name in names:
        for spelled in (name, f"{name}[]"):
            value = body.get(spelled)
            listed = value if isinstance(value, list) else [value]
            found = tuple(str(one).strip() for one in listed if isinstance(one, str | int | float))
            if any(found):
                return tuple(filter(None, found))
    return ()


def text(body: Body, *names: str) -> str:
    """The first value of the first field that is there; empty for none."""
    return next(iter(texts(body, *names)), "")


def inner(body: Body, name: str) -> Body:
    """An object in the body; empty where there is none."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def required(body: Body, *names: str) -> str:
    """The same, where nothing works without it.

    Raises:
        BadParameter: It is missing.
    """
    if found := text(body, *names):
        return found
    raise BadParameter(f"{names[0]} is missing: without it nobody can tell which call is meant.")


def seconds(value: str) -> float:
    """A duration: seconds, or hours, minutes and seconds with colons; 0 for what is none."""
    try:
        parts = [float(part) for part in value.split(":")]
    except ValueError:
        return 0.0
    found = sum(part * 60**place for place, part in enumerate(reversed(parts)))
    return found if 0 <= found < 10 * 86_400 else 0.0


def since_1970(value: str, *, micro: bool = False) -> dt.datetime | None:
    """Seconds, or microseconds, since 1970; None for 0 and what is no number."""
    if not (value.isascii() and value.isdigit() and len(value) <= 17) or not int(value):
        return None
    try:
        return dt.datetime.fromtimestamp(int(value) / (1_000_000 if micro else 1), dt.UTC)
    except (OverflowError, ValueError, OSError):
        return None


def zoned(value: str, about: dt.datetime) -> dt.datetime | None:
    """A time in ISO 8601, where need be without its zone.

    Args:
        value: Such as ``2026-11-27T12:00:00Z``; without a zone, the clock's on the phone system's wall.
        about: When it must have been by our clock: the zone is the one that comes nearest.

    Returns:
        Aware and UTC; None where it cannot be read.
    """
    try:
        found = dt.datetime.fromisoformat(value.strip())
        if found.tzinfo is not None:
            return found.astimezone(dt.UTC)
        found = found.replace(tzinfo=dt.UTC)
        return found + dt.timedelta(seconds=round((about - found).total_seconds() / _QUARTER_S) * _QUARTER_S)
    except (ValueError, OverflowError):
        return None
