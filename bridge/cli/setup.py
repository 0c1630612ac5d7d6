"""``itflow-bridge setup SYSTEM``: the exact text to paste, with this bridge's address and a fresh key."""

from __future__ import annotations

import secrets
import shlex
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.options import Config
from bridge.errors import BadParameter, NotFound, NotReady

if TYPE_CHECKING:
    from bridge.access.key import Key
    from bridge.settings import Settings
    from bridge.storage import Database

NAMES = ("asterisk", "freepbx", "superfecta", "freeswitch", "fusionpbx", "3cx")


def setup(
    name_of_system: Annotated[
        str, typer.Argument(metavar="SYSTEM", help=f"{', '.join(NAMES)}, or a phone: yealink, snom, yealink-ldap, …")
    ],
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
    from yarl import URL

    from bridge.access.keys import Keys, Options
    from bridge.access.setup import LOOPBACK, Place, dialplan, system
    from bridge.cli.common import database, errors, pasted, settings_in_use
    from bridge.ldap.setup import over_ldap
    from bridge.phonebook.formats import Formats

    settings = settings_in_use(config)
    asked_for, formats = name_of_system.lower(), Formats(settings.phonebook.templates)
    chosen = over_ldap(asked_for, settings.ldap) or system(asked_for, formats)
    own = {"numbers.region": region, "numbers.trunk": trunk, "callerid.ascii": "true" if ascii_names else None}
    options = Options(chosen.features, settings={name: str(value) for name, value in own.items() if value})
    here = f"{settings.http.scheme}://{socket.gethostname()}:{settings.http.port}"
    base = (url or str(settings.http.public_url or here)).rstrip("/")
    host = URL(base).host_subcomponent or ""
    if URL(base).scheme not in {"http", "https"} or not host:
        raise BadParameter(f"{base} is no address of the bridge; it must be such as http://192.0.2.1:8080")
    with database(settings, writes=True, fresh=True) as opened:
        keys = Keys(opened, settings)
        key = keys.add(name or name_of_system.lower(), options)
        too_long = _too_long(opened, name_of_system.lower(), keys.named(name or name_of_system.lower()), settings)
    errors.print(
        f"The key {name or name_of_system.lower()} is new and opens {', '.join(sorted(chosen.features))}; "
        "a bridge that runs takes it within a second. "
        f"The address is {base} (setting http.public_url, or --url)."
    )
    check = pasted(
        f"itflow-bridge check; itflow-bridge keys revoke {shlex.quote(name or name_of_system.lower())}", config
    )
    errors.print("To see whether all works, and to take the key back: " + check.replace("; ", " and "))
    if chosen.text is dialplan and settings.agi.host in LOOPBACK and host not in LOOPBACK:
        own_agi = f"{_literal(settings.agi.host)}:{settings.agi.port}"
        errors.print(
            f"FastAGI is answered on {settings.agi.host} only. For an Asterisk on this machine, write ITFLOW_AGI="
            f"{own_agi} into the text; for one on another machine, set agi.host.",
            highlight=False,
            soft_wrap=True,
        )
    itflow = str(settings.itflow.url or "").rstrip("/")
    typer.echo(chosen.text(Place(base, f"{host}:{settings.agi.port}", key, itflow, secrets.token_urlsafe(24))))
    if too_long:
        errors.print(f"\n{too_long}")


def _too_long(opened: Database, name: str, key: Key, settings: Settings) -> str:
    """What to do where a phone has no room for the book of today; empty where it has, and before the first sync."""
    from bridge.cli.common import stored_snapshot
    from bridge.cli.overflow import advice
    from bridge.phonebook.formats import Formats

    if name in NAMES:
        return ""
    with suppress(NotReady, NotFound):  # what is asked for by LDAP is no book
        return advice(stored_snapshot(opened), Formats(settings.phonebook.templates).get(name), key)
    return ""


def _literal(host: str) -> str:
    """A host as it stands in addresses: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host
