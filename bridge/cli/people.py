"""``itflow-bridge people``: who answers calls, with which extensions."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.options import Config
from bridge.errors import BadParameter

if TYPE_CHECKING:
    from bridge.settings import Settings

app = typer.Typer(help="Who answers calls: extensions, logins and ways to sign in.", no_args_is_help=True)

_STDIN = Path("-")
Name = Annotated[str, typer.Argument(help="The person's name, as the page and notes show it.")]


@app.command()
def add(
    name: Name,
    extension: Annotated[
        list[str] | None, typer.Option(help="Extensions, with commas: 101,201. The first one is dialled from.")
    ] = None,
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
    login: Annotated[
        list[str] | None, typer.Option(help="What phone systems call this person instead: 1234567w0, 7777abc@fpbx.de")
    ] = None,
    itflow_user: Annotated[int | None, typer.Option(help="Id of the person's user in ITFlow.")] = None,
    itflow_key_file: Annotated[
        Path | None, typer.Option(help="File with the person's own ITFlow key: notes and time become theirs (26.08).")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with a password in its first line; - reads standard input.")
    ] = None,
    config: Config = None,
) -> None:
    """Add a person, or give a known one these extensions and all else anew; the password stays."""
    from bridge.calls.people import People, Person
    from bridge.cli.common import database, errors, settings_in_use

    person = Person(
        name=name,
        extensions=_split(extension),
        email=email.strip(),
        logins=_split(login),
        itflow_user_id=itflow_user,
        key_file=itflow_key_file.absolute() if itflow_key_file else None,
    )
    if itflow_key_file is not None and not itflow_key_file.is_file():
        raise BadParameter(f"--itflow-key-file {itflow_key_file}: there is no such file.")
    password = _password(password_file)
    with database(settings_in_use(config), writes=True, fresh=True) as opened:
        people = People(opened)
        people.add(person, password)
    errors.print(f"{name} is known; a running bridge follows within a second.")


@app.command("list")
def list_people(config: Config = None) -> None:
    """Show everybody."""
    from rich.table import Table

    from bridge.calls.people import People
    from bridge.cli.common import console, database, settings_in_use

    table = Table("name", "extensions", "e-mail", "logins", "ITFlow user", "own ITFlow key")
    with database(settings_in_use(config)) as opened:
        people = People(opened)
        people.load()
        for one in people.all():
            user = str(one.itflow_user_id or "")
            columns = (", ".join(one.extensions), one.email, ", ".join(one.logins), user, str(one.key_file or ""))
            table.add_row(one.name, *columns)
    console.print(table)


@app.command()
def remove(name: Name, config: Config = None) -> None:
    """Remove a person, and every way to sign in as them; the log of calls stays."""
    from bridge.calls.people import People
    from bridge.cli.common import database, errors, settings_in_use

    with database(settings_in_use(config), writes=True) as opened:
        People(opened).remove(name)
    errors.print(f"{name} is removed; a running bridge follows within a second.")


@app.command()
def link(
    name: Name,
    hours: Annotated[float, typer.Option(help="How long it works.", min=0.1, max=168)] = 1,
    config: Config = None,
) -> None:
    """Print a link that signs a person in to the page, once."""
    from bridge.calls.people import People
    from bridge.cli.common import database, errors, settings_in_use

    settings = settings_in_use(config)
    with database(settings, writes=True) as opened:
        secret = People(opened).link(name, dt.timedelta(hours=hours))
    lasting = "an hour" if hours == 1 else f"{hours:g} hours"
    errors.print(f"The link signs {name} in, once, within {lasting}. Who has it is {name}: send it on safely.")
    typer.echo(f"{_base(settings)}/sign-in?link={secret}")


def _base(settings: Settings) -> str:
    from bridge.cli.console import errors

    if settings.http.public_url is None:
        errors.print("Set http.public_url to the address under which people reach the bridge.")
    return str(settings.http.public_url or f"{settings.http.scheme}://localhost:{settings.http.port}").rstrip("/")


def _split(texts: list[str] | None) -> tuple[str, ...]:
    names = (name.strip() for text in texts or [] for name in text.split(","))
    return tuple(dict.fromkeys(filter(None, names)))


def _password(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        text = sys.stdin.readline() if path == _STDIN else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadParameter(f"--password-file {path}: it cannot be read: {error}") from error
    password = text.partition("\n")[0].rstrip("\r")
    if not password:
        raise BadParameter(f"--password-file {path}: its first line is empty.")
    return password
