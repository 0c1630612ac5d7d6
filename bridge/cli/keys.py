"""``itflow-bridge keys``: make, list and revoke the bridge's keys."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import Annotated

import typer
from rich.table import Table

from bridge.access.keys import EVERYDAY, Feature, Key, Keys, Network, Options
from bridge.cli.common import Config, console, database, errors
from bridge.errors import BadParameter
from bridge.settings import load

app = typer.Typer(help="Make, list and revoke keys.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A name for lists and logs, such as pbx.")],
    allow: Annotated[
        list[str] | None, typer.Option(help=f"Features, with commas: {', '.join(Feature)}. Without: all but admin.")
    ] = None,
    client: Annotated[list[int] | None, typer.Option(help="Id of a client the key may see. Without: all.")] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="Where the key may be used, such as 192.0.2.0/24. Without: anywhere.")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="Last day, such as 2027-12-31.")] = None,
    key: Annotated[
        str | None, typer.Option(help="An existing secret to take over, such as the old script's API key.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="Country of its callers' national numbers.")] = None,
    trunk: Annotated[
        str | None,
        typer.Option(help="How its trunk writes foreign numbers: plus (+44), exit-code (0044) or bare (44)."),
    ] = None,
    label: Annotated[str | None, typer.Option(help="The text a phone shows, such as '{client} - {name}'.")] = None,
    own: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of its own: SECTION.NAME=VALUE of numbers, callerid, phonebook."),
    ] = None,
    config: Config = None,
) -> None:
    """Make a key and print its secret, this once."""
    settings = dict(_setting(text) for text in own or [])
    for setting, value in {"numbers.region": region, "numbers.trunk": trunk, "callerid.label": label}.items():
        if value is not None:
            settings[setting] = str(value)
    options = Options(
        features=_features(allow),
        clients=frozenset(client) if client else None,
        networks=tuple(_network(text) for text in network or []),
        settings=settings,
    )
    loaded = load(config)
    with database(loaded) as opened:
        secret = Keys(opened, loaded).add(name, options, expires_at=_end_of(expires), secret=key)
    place = loaded.storage.path.absolute()
    errors.print(
        f"The key {name} is in {place}; a bridge that runs on this file takes it within a second. "
        "Keep the secret, it cannot be shown again:",
    )
    typer.echo(secret)


@app.command("list")
def list_keys(config: Config = None) -> None:
    """Show all keys, never their secrets."""
    table = Table("name", "opens", "clients", "networks", "expires", "state", "settings of its own")
    loaded = load(config)
    now = dt.datetime.now(dt.UTC)
    with database(loaded) as opened:
        for key in Keys(opened, loaded).all():
            table.add_row(
                key.name,
                ", ".join(sorted(key.features)),
                "all" if key.clients is None else ", ".join(map(str, sorted(key.clients))),
                ", ".join(map(str, key.networks)) or "anywhere",
                f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never",
                _state(key, now),
                ", ".join(f"{name}={value}" for name, value in key.own.items()),
            )
    console.print(table)


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The key's name.")], config: Config = None) -> None:
    """Refuse a key from now on."""
    loaded = load(config)
    with database(loaded) as opened:
        Keys(opened, loaded).revoke(name)
    errors.print(f"The key {name} is refused from now on; a running bridge follows within a second.")


def _state(key: Key, now: dt.datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    return "live" if key.live(now) else "expired"


def _features(texts: list[str] | None) -> frozenset[Feature]:
    names = {name.strip() for text in texts or [] for name in text.split(",") if name.strip()}
    if unknown := sorted(names - set(Feature)):
        raise BadParameter(f"--allow {', '.join(unknown)}: there are {', '.join(Feature)}")
    return frozenset(map(Feature, names)) or EVERYDAY


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise BadParameter(f"--network {text}: give a network such as 192.0.2.0/24 or 2001:db8::/32") from error


def _end_of(day: str | None) -> dt.datetime | None:
    if day is None:
        return None
    try:
        last = dt.date.fromisoformat(day)
    except ValueError as error:
        raise BadParameter(f"--expires {day}: give the last day as YYYY-MM-DD") from error
    return dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), dt.UTC)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadParameter(f"--set {text}: give SECTION.NAME=VALUE, such as callerid.label={{client}}")
    return name, value
