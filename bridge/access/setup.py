"""The exact text to paste into a phone system or a phone, with the bridge's address and a key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import NamedTuple
from xml.sax.saxutils import escape

from yarl import URL

from bridge import resources
from bridge.access.key import Feature
from bridge.errors import BadParameter, NotFound
from bridge.phonebook.formats import Formats
from bridge.phonebook.setup import setup_text

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


class Place(NamedTuple):
    """What a text is filled with.

    Attributes:
        url: Address of the bridge's HTTP door, without a slash at its end.
        agi: Host and port of its FastAGI door.
        key: A key's secret.
        itflow: Address of ITFlow, for links.
        secret: Of the user for the bridge at Asterisk's manager.
    """

    url: str
    agi: str
    key: str
    itflow: str
    secret: str = ""


class System(NamedTuple):
    """A phone system.

    Attributes:
        features: What its key must open, and no more.
        text: Makes the text.
    """

    features: frozenset[Feature]
    text: Callable[[Place], str]


def recipe(name: str) -> Callable[[Place], str]:
    """The text of a file in ``asterisk/recipes``, its ``@NAME@`` filled in."""
    return lambda place: _filled(_read(f"recipes/{name}"), place)


def dialplan(place: Place) -> str:
    """``extensions_itflow.conf`` with the values of its ``Set(NAME=…)`` lines."""
    text = re.sub(r"(?<![\w/])asterisk/", f"{resources.path('asterisk')}/", _read("extensions_itflow.conf"))
    for name, value in {"ITFLOW_URL": place.url, "ITFLOW_AGI": place.agi, "ITFLOW_KEY": place.key}.items():
        text = re.sub(rf"Set\({name}=[^)]*\)", f"Set({name}={value})", text, count=1)
    return f"{text}\n; ---- manager.conf ----\n{commented(manager(place))}"


def manager(place: Place) -> str:
    """The user for the bridge at Asterisk's manager, for ``manager.conf``."""
    return _filled(_read("manager_itflow.conf"), place)


def commented(text: str) -> str:
    """Lines of an Asterisk file that say nothing where they stand; take the first two characters away."""
    return "".join(f"; {line}\n" for line in text.splitlines())


def cidlookup(name: str) -> Callable[[Place], str]:
    """A recipe around the configuration of FreeSWITCH's mod_cidlookup."""
    return lambda place: recipe(name)(place).replace("@CONFIGURATION@", recipe("cidlookup.conf.xml")(place))


SYSTEMS: Mapping[str, System] = {
    "asterisk": System(frozenset({Feature.CALLERID, Feature.BALANCE, Feature.ASSETS, Feature.CALLS}), dialplan),
    "freepbx": System(frozenset({Feature.CALLERID}), recipe("freepbx.txt")),
    "superfecta": System(frozenset({Feature.CALLERID}), recipe("superfecta.txt")),
    "freeswitch": System(frozenset({Feature.CALLERID}), cidlookup("freeswitch.txt")),
    "fusionpbx": System(frozenset({Feature.CALLERID}), cidlookup("fusionpbx.txt")),
    "3cx": System(frozenset({Feature.CALLERID, Feature.CALLS}), recipe("3cx.xml")),
}


def system(name: str, formats: Formats) -> System:
    """A phone system, or a phone, by its name.

    Raises:
        BadParameter: There is none of this name.
    """
    if name in SYSTEMS:
        return SYSTEMS[name]
    try:
        row = formats.get(name)
    except NotFound as error:
        there = f"{', '.join(SYSTEMS)}; and phones: {', '.join(row.name for row in formats)}"
        raise BadParameter(f"There is no {name} here. There are: {there}") from error
    return System(frozenset({Feature.PHONEBOOK}), lambda place: setup_text(row, place.url, place.key))


def _filled(text: str, place: Place) -> str:
    url = URL(place.url)
    values = {
        "URL": place.url,
        "SCHEME": url.scheme.upper(),
        "HOST": url.host_subcomponent or "",
        "PORT": str(url.port),
        "PATH": url.path.lstrip("/") + "/" if url.path.strip("/") else "",
        "KEY": place.key,
        "ITFLOW": place.itflow or "https://itflow.example.com",
        "SECRET": place.secret,
        "BRIDGE": _permitted(url.host or ""),
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", escape(value) if text.startswith("<") else value)
    return text


def _permitted(host: str) -> str:
    """What stands for the bridge in a permit line: an IPv4 address, as the deny line before it is of IPv4."""
    try:
        return str(IPv4Address("127.0.0.1" if host in LOOPBACK else host))
    except ValueError:
        return "THE-ADDRESS-OF-THE-BRIDGE"


def _read(name: str) -> str:
    return (resources.path("asterisk") / name).read_text(encoding="utf-8")
