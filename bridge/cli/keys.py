"""``itflow-bridge keys``: make, list, rotate and revoke the bridge's keys."""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.options import Allow, Config, Json, features, network_of
from bridge.errors import BadParameter

if TYPE_CHECKING:
    from bridge.access.key import Key
    from bridge.access.uses import Use

app = typer.Typer(help="Make, list, rotate and revoke keys.", no_args_is_help=True)

_COLUMNS = (
    *("name", "opens", "clients", "networks", "made", "expires", "state"),
    *("last used (UTC)", "last refused (UTC)", "settings of its own"),
)
_STDIN = Path("-")
_GRACE = {"d": "days", "h": "hours", "m": "minutes"}

KeyText = Annotated[
    str | None,
    typer.Option(
        help="An existing secret to take over, such as the old script's API key. Other users of this machine see it "
        "in the list of processes; --key-file hides it.",
    ),
]
KeyFile = Annotated[
    Path | None, typer.Option(help="File with the secret to take over in its first line; - reads standard input.")
]
Weak = Annotated[bool, typer.Option("--weak", help="Take over a secret although it can be guessed.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A name for lists and logs, such as pbx.")],
    allow: Allow = None,
    client: Annotated[list[int] | None, typer.Option(help="Id of a client the key may see. Without: all.")] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="Where the key may be used, such as 192.0.2.0/24. Without: anywhere.")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="Last day, such as 2027-12-31.")] = None,
    key: KeyText = None,
    key_file: KeyFile = None,
    weak: Weak = False,
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
    from bridge.access.keys import Keys, Options
    from bridge.cli.common import database, errors, settings_in_use

    settings = dict(_setting(text) for text in own or [])
    for setting, value in {"numbers.region": region, "numbers.trunk": trunk, "callerid.label": label}.items():
        if value is not None:
            settings[setting] = str(value)
    options = Options(
        features=features(allow),
        clients=frozenset(client) if client else None,
        networks=tuple(network_of(text) for text in network or []),
        settings=settings,
    )
    taken = _taken_over(key, key_file, weak=weak)
    loaded = settings_in_use(config)
    with database(loaded, writes=True, fresh=True) as opened:
        secret = Keys(opened, loaded).add(name, options, expires_at=_end_of(expires), secret=taken)
    errors.print(
        f"The key {name} is made; a bridge that runs on this file takes it within a second. "
        "Keep the secret, it cannot be shown again:",
    )
    typer.echo(secret)


@app.command("list")
def list_keys(as_json: Json = False, config: Config = None) -> None:
    """Show all keys, never their secrets. A running bridge stores their uses every few seconds."""
    from bridge.access.keys import Keys, last_minute
    from bridge.cli.common import database, settings_in_use
    from bridge.cli.listing import Listing

    table = Listing(*_COLUMNS)
    loaded = settings_in_use(config)
    with database(loaded) as opened:
        keys = Keys(opened, loaded)
        uses, replaced = keys.uses.all(), keys.replaced_until()
        for key in keys.all():
            table.add_row(
                key.name,
                ", ".join(sorted(key.features)),
                "all" if key.clients is None else ", ".join(map(str, sorted(key.clients))),
                ", ".join(map(str, key.networks)) or "anywhere",
                f"{key.created_at:%Y-%m-%d}",
                last_minute(key)[:10] or "never",
                _state(key, replaced.get(key.name), uses.get((key.name, "replaced"))),
                _last(uses.get((key.name, "used"))),
                _last(uses.get((key.name, "refused"))),
                ", ".join(f"{name}={value}" for name, value in key.own.items()),
            )
        for name, reason in keys.unreadable.items():
            table.add_row(name, *[""] * 5, f"cannot be read, opens nothing: {reason}", *[""] * 3)
    table.show(as_json=as_json)


@app.command()
def rotate(
    name: Annotated[str, typer.Argument(help="The key's name.")],
    grace: Annotated[str, typer.Option(help="How long the old secret still works: 7d, 12h, 30m or 0.")] = "7d",
    key: KeyText = None,
    key_file: KeyFile = None,
    weak: Weak = False,
    config: Config = None,
) -> None:
    """Give a key a new secret and print it; the old one still works for a while."""
    from bridge.access.keys import Keys
    from bridge.cli.common import database, errors, settings_in_use

    taken, lasting = _taken_over(key, key_file, weak=weak), _duration(grace)
    loaded = settings_in_use(config)
    with database(loaded, writes=True) as opened:
        secret = Keys(opened, loaded).rotate(name, lasting, taken)
    until = dt.datetime.now(dt.UTC) + lasting
    errors.print(
        f"The old secret of the key {name} works until {until:%Y-%m-%d %H:%M} UTC; itflow-bridge keys list shows "
        "whether somebody still uses it. Keep the new one, it cannot be shown again:",
    )
    typer.echo(secret)


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The key's name.")], config: Config = None) -> None:
    """Refuse a key from now on."""
    from bridge.access.keys import Keys
    from bridge.cli.common import database, errors, settings_in_use

    loaded = settings_in_use(config)
    with database(loaded, writes=True) as opened:
        Keys(opened, loaded).revoke(name)
    errors.print(f"The key {name} is refused from now on; a running bridge follows within a second.")


def _state(key: Key, replaced_until: dt.datetime | None, last: Use | None) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if not key.live(dt.datetime.now(dt.UTC)):
        return "expired"
    if replaced_until is None:
        return "live"
    return f"live; old secret until {replaced_until:%Y-%m-%d %H:%M}, last used: {_last(last)}"


def _last(use: Use | None) -> str:
    if use is None:
        return "never"
    at = dt.datetime.fromtimestamp(use.at, dt.UTC)
    return f"{at:%Y-%m-%d %H:%M} from {use.address or 'an unknown address'}, {use.times} in all"


def _taken_over(key: str | None, key_file: Path | None, *, weak: bool) -> str | None:
    from bridge.access.strength import weakness

    if key is not None and key_file is not None:
        raise BadParameter("Give --key or --key-file, not both.")
    if key_file is not None:
        try:
            text = sys.stdin.readline() if key_file == _STDIN else key_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadParameter(f"--key-file {key_file}: it cannot be read: {error}") from error
        key = text.partition("\n")[0].strip()
    if key and not weak and (reason := weakness(key)):
        raise BadParameter(
            f"This secret can be guessed: {reason}. Leave --key out to have a good one made; or, to take it over all "
            "the same, add --weak, and --network to say from where alone it may be used."
        )
    return key


def _duration(text: str) -> dt.timedelta:
    match = re.fullmatch(r"(\d{1,4})([dhm]?)", text)
    if not match or (match[1] != "0" and not match[2]):
        raise BadParameter(f"--grace {text}: give days, hours or minutes, such as 7d, 12h or 30m, or 0")
    return dt.timedelta(**{_GRACE[match[2] or "d"]: int(match[1])})


def _end_of(day: str | None) -> dt.datetime | None:
    if day is None:
        return None
    try:
        last = dt.date.fromisoformat(day)
    except ValueError as error:
        raise BadParameter(f"--expires {day}: give the last day as YYYY-MM-DD") from error
    end = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), dt.UTC)
    if end <= dt.datetime.now(dt.UTC):
        raise BadParameter(f"--expires {day}: that day is over (UTC); give the last day on which the key is good")
    return end


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadParameter(f"--set {text}: give SECTION.NAME=VALUE, such as callerid.label={{client}}")
    return name, value
