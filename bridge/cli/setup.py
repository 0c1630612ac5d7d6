"""``itflow-bridge setup SYSTEM``: the exact text to paste, with this bridge's address and a fresh key."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from typing import Annotated, NamedTuple
from xml.sax.saxutils import escape

import typer
from yarl import URL

from bridge import resources
from bridge.access.keys import Feature, Keys, Options
from bridge.cli.common import Config, database, errors
from bridge.errors import BadParameter, NotFound
from bridge.ldap import setup as ldap
from bridge.phonebook.formats import Formats
from bridge.phonebook.setup import setup_text
from bridge.settings import LdapSection, Settings, load

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


class Place(NamedTuple):
    """What a text is filled with.

    Attributes:
        url: Address of the bridge's HTTP door, without a slash at its end.
        agi: Host and port of its FastAGI door.
        key: A key's secret.
        itflow: Address of ITFlow, for links.
    """

    url: str
    agi: str
    key: str
    itflow: str


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
    return text


def cidlookup(name: str) -> Callable[[Place], str]:
    """A recipe around the configuration of FreeSWITCH's mod_cidlookup."""
    return lambda place: recipe(name)(place).replace("@CONFIGURATION@", recipe("cidlookup.conf.xml")(place))


SYSTEMS: Mapping[str, System] = {
    "asterisk": System(frozenset({Feature.CALLERID, Feature.BALANCE, Feature.ASSETS, Feature.CALLS}), dialplan),
    "freepbx": System(frozenset({Feature.CALLERID}), recipe("freepbx.txt")),
    "superfecta": System(frozenset({Feature.CALLERID}), recipe("superfecta.txt")),
    "freeswitch": System(frozenset({Feature.CALLERID}), cidlookup("freeswitch.txt")),
    "fusionpbx": System(frozenset({Feature.CALLERID}), cidlookup("fusionpbx.txt")),
    "3cx": System(frozenset({Feature.CALLERID}), recipe("3cx.xml")),
}


def setup(
    system: Annotated[str, typer.Argument(help=f"{', '.join(SYSTEMS)}, or a phone: yealink, snom, yealink-ldap, …")],
    name: Annotated[str | None, typer.Option(help="Name of the new key. Without: the system's.")] = None,
    url: Annotated[str | None, typer.Option(help="Address under which the system reaches the bridge.")] = None,
    region: Annotated[str | None, typer.Option(help="Country of its national numbers.")] = None,
    trunk: Annotated[
        str | None,
        typer.Option(help="How its trunk writes foreign numbers: plus (+44), exit-code (0044) or bare (44)."),
    ] = None,
    ascii_names: Annotated[bool, typer.Option("--ascii", help="Names in ASCII, for what breaks others.")] = False,
    config: Config = None,
) -> None:
    """Print what to paste into a phone system or a phone, with a new key that opens just what it needs."""
    settings = load(config)
    chosen = _system(system.lower(), settings)
    own = {"numbers.region": region, "numbers.trunk": trunk, "callerid.ascii": "true" if ascii_names else None}
    options = Options(chosen.features, settings={name: str(value) for name, value in own.items() if value})
    here = f"{settings.http.scheme}://{socket.gethostname()}:{settings.http.port}"
    base = (url or str(settings.http.public_url or here)).rstrip("/")
    host = URL(base).host_subcomponent or ""
    if URL(base).scheme not in {"http", "https"} or not host:
        raise BadParameter(f"{base} is no address of the bridge; it must be such as http://192.0.2.1:8080")
    with database(settings) as opened:
        key = Keys(opened, settings).add(name or system.lower(), options)
    errors.print(
        f"The key {name or system.lower()} is new and opens {', '.join(sorted(chosen.features))}. "
        f"The address is {base} (setting http.public_url, or --url)."
    )
    if chosen.text is dialplan and settings.agi.host in LOOPBACK and host not in LOOPBACK:
        own_agi = f"{_literal(settings.agi.host)}:{settings.agi.port}"
        errors.print(
            f"FastAGI is answered on {settings.agi.host} only. For an Asterisk on this machine, write ITFLOW_AGI="
            f"{own_agi} into the text; for one on another machine, set agi.host.",
            highlight=False,
            soft_wrap=True,
        )
    itflow = str(settings.itflow.url or "").rstrip("/")
    typer.echo(chosen.text(Place(base, f"{host}:{settings.agi.port}", key, itflow)))


def _literal(host: str) -> str:
    """A host as it stands in addresses: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _system(name: str, settings: Settings) -> System:
    if name in SYSTEMS:
        return SYSTEMS[name]
    maker = name.removesuffix("-ldap")
    if name != maker and maker in ldap.recipes():
        return System(frozenset({Feature.PHONEBOOK}), lambda place: _over_ldap(maker, place, settings.ldap))
    try:
        row = Formats(settings.phonebook.templates).get(name)
    except NotFound as error:
        raise BadParameter(
            f"There is no {name} here. There are: {', '.join(SYSTEMS)}; phones: {error}; "
            f"and over LDAP: {', '.join(f'{maker}-ldap' for maker in ldap.recipes())}"
        ) from error
    return System(frozenset({Feature.PHONEBOOK}), lambda place: setup_text(row, place.url, place.key))


def _over_ldap(maker: str, place: Place, section: LdapSection) -> str:
    port = section.port or 389
    door = ldap.Door(URL(place.url).host_subcomponent or "", port, section.base, place.key)
    off = f"\nLDAP is off: set ldap.port (BRIDGE_LDAP_PORT={port})." if section.port is None else ""
    return ldap.setup_text(maker, door) + off


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
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", escape(value) if text.startswith("<") else value)
    return text


def _read(name: str) -> str:
    return (resources.path("asterisk") / name).read_text(encoding="utf-8")
