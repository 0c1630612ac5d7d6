"""``itflow-bridge backup`` and ``restore``: the state, safe and back again."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.options import Config
from bridge.errors import BadParameter

if TYPE_CHECKING:
    from bridge.storage.backup import Held

NAME = "bridge-%Y%m%dT%H%M%SZ.db"
NAMES = "bridge-????????T??????Z.db"


def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The backup; in a folder, a file with the time.")],
    keep: Annotated[
        int | None, typer.Option(help="So many backups stay in the folder; older ones are deleted.", min=1)
    ] = None,
    config: Config = None,
) -> None:
    """Copy bridge.db, also while the bridge serves, check the copy, and print its name."""
    from bridge.cli.common import errors, settings_in_use
    from bridge.storage import back_up

    path = settings_in_use(config).storage.path.absolute()
    folder = target if target.is_dir() else None
    if keep is not None and folder is None:
        raise BadParameter(f"--keep is for a folder of backups, and {target} is none.")
    file = target if folder is None else folder / dt.datetime.now(dt.UTC).strftime(NAME)
    held = back_up(path, file)
    errors.print(f"State: {path}. The backup holds {_told(held)}. Of the settings and ITFlow's key, make a copy too.")
    typer.echo(str(file))
    if folder is not None and keep is not None:
        for old in sorted(folder.glob(NAMES))[:-keep]:
            old.unlink()


def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `backup` has made.")],
    config: Config = None,
) -> None:
    """Put a backup in the place of bridge.db; the bridge must not run."""
    from bridge.cli.common import errors, located, pasted, settings_in_use
    from bridge.storage import restore as put_back

    path = settings_in_use(config).storage.path.absolute()
    done = put_back(source, path)
    errors.print(f"State: {path}. It holds {_told(done.held)}.")
    if done.aside is not None:
        errors.print(f"What was there before is kept as {done.aside}.")
    if done.revoked:
        errors.print(f"Revoked since the backup, and so they stay: {', '.join(done.revoked)}.")
    text = "Now start the bridge; `itflow-bridge check` and `itflow-bridge keys list` show what it has."
    errors.print(pasted(text, located(config)))


def _told(held: Held) -> str:
    rows = {
        "keys": held.rows.get("keys", 0),
        "assets in the journal": held.rows.get("journal", 0),
        "calls": held.rows.get("calls", 0),
        "phones": held.rows.get("phones", 0),
    }
    return ", ".join(f"{count} {what}" for what, count in rows.items())
