"""What a phone number is.

A number has one identity here, whoever wrote it: E.164 with the plus sign (``+12125550101``, ITU-T E.164), or
the bare digits of a number that only means something inside one phone system (``101``, ``*98``).

``spelling`` takes texts apart and knows no country, ``tables`` compiles what phonenumbers knows of countries, ``plan``
mends it, ``countries`` knows their names, ``reading`` turns texts into numbers, ``writing`` goes the way back,
``times`` knows what time it is where a number is.
"""

from bridge.numbers.countries import region_coded, region_named
from bridge.numbers.plan import aliases, is_e164, main_lines, region_of
from bridge.numbers.reading import RULES, Reading, Sent, Trunk, sent, stored
from bridge.numbers.times import local_time
from bridge.numbers.writing import Form, dialled, international, masked, national

__all__ = [
    "RULES",
    "Form",
    "Reading",
    "Sent",
    "Trunk",
    "aliases",
    "dialled",
    "international",
    "is_e164",
    "local_time",
    "main_lines",
    "masked",
    "national",
    "region_coded",
    "region_named",
    "region_of",
    "sent",
    "stored",
]
