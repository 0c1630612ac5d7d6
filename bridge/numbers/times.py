"""What time it is where a number is."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers


def local_time(number: str, now: dt.datetime) -> dt.datetime | None:
    """The time where a number belongs; None where it does not tell.

    A number that is not of one place, such as a mobile one, belongs to every zone of its country: the time is told
    only where all of them have the same.

    Args:
        number: An identity; only E.164 tells.
        now: Aware.
    """
    from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number  # noqa: PLC0415 - large; one page needs it

    if not number.startswith("+"):
        return None
    try:
        zones = time_zones_for_number(phonenumbers.parse(number))
        times = [now.astimezone(ZoneInfo(zone)) for zone in zones if zone != UNKNOWN_TIMEZONE]
    except (phonenumbers.NumberParseException, ZoneInfoNotFoundError):
        return None
    return times[0] if len({time.utcoffset() for time in times}) == 1 else None
