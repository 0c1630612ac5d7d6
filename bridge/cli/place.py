"""Where the running service has its settings and its state, so that every command works on the same ``bridge.db``.

The settings are those of ``--config``, else of the environment's ``BRIDGE_CONFIG``, else of an installation
(``/etc/itflow-bridge/bridge.toml``), else of the environment and the folder alone.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.cli.console import errors
from bridge.cli.options import INSTALLED
from bridge.errors import SettingsError, StorageError
from bridge.settings import Settings, load
from bridge.storage import Database

# Where the service unit and the packages keep the state.
STATE = Path("/var/lib/itflow-bridge/bridge.db")

# The commands that texts of the bridge name; with those of two words, the group.
COMMANDS = (
    *("backup", "calls", "check", "demo", "embedded", "forget", "itflow", "journal", "keys", "lookup"),
    *("manual", "people", "phonebook", "phones", "restore", "serve", "setup", "sync"),
)
_COMMAND = re.compile(rf"itflow-bridge ((?:keys|journal|people) [a-z]+|{'|'.join(COMMANDS)})\b")


def located(config: Path | None) -> Path | None:
    """The file of settings that the running service uses too.

    Args:
        config: The one that was named; it is taken as it is.

    Raises:
        SettingsError: There is one of an installation, which this user may not read.
    """
    if config is not None or missing(INSTALLED):
        return config
    if not os.access(INSTALLED, os.R_OK):
        fault = f"The settings of this machine's bridge are in {INSTALLED}, and this user may not read them. "
        raise SettingsError(
            [fault + "Run the command with sudo, or name others with --config FILE (/dev/null: none)."]
        )
    return INSTALLED


def settings_in_use(config: Path | None, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """The settings of a command; see ``located`` and ``bridge.settings.load``.

    Raises:
        SettingsError: They cannot be read, or are wrong.
    """
    return load(located(config), overrides)


@contextmanager
def database(settings: Settings, *, writes: bool = False, fresh: bool = False) -> Iterator[Database]:
    """``bridge.db`` of these settings, closed at the end.

    Args:
        settings: See there.
        writes: Say which file it is.
        fresh: A new file may be made, where it does not stand beside an installation.

    Raises:
        StorageError: It cannot be opened, or is not there.
    """
    path = settings.storage.path.absolute()
    if missing(path):
        if not fresh:
            raise StorageError(
                f"There is no {path} (setting storage.path). Run the command in the folder where the bridge runs, or "
                "name its settings with --config FILE. In a new installation, `itflow-bridge sync` makes it."
            )
        refuse_beside(settings)
    if writes:
        errors.print(f"State: {path}")
    opened = Database(path)
    try:
        yield opened
    finally:
        opened.close()


def refuse_beside(settings: Settings) -> None:
    """Refuse to make another ``bridge.db`` than that of a bridge which is here already.

    Who sets ``storage.path`` knows where it is to be, so that is never refused.

    Raises:
        StorageError: There is another installation.
    """
    from bridge.cli.ready import readiness

    path = settings.storage.path.absolute()
    if "path" in settings.storage.model_fields_set or not missing(path):
        return
    if not missing(STATE):
        found = f"An installation keeps its state in {STATE}"
    elif (told := readiness(settings)) is not None:
        where = f", with its state in {told['path']}" if "path" in told else ""
        found = f"A bridge answers on port {settings.http.port}{where}"
    else:
        return
    raise StorageError(
        f"{found}; this command would make another one, {path}, which that bridge never sees. Name the "
        "settings of that bridge with --config FILE or BRIDGE_CONFIG, or run the command in its folder, or in its "
        "container. To have a second bridge, set storage.path (BRIDGE_STORAGE_PATH)."
    )


def program() -> str:
    """How this program is called from a shell: by its name where that finds it, else by its path."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m bridge"
    found = shutil.which(called.name)
    return called.name if found and Path(found).samefile(called) else shlex.quote(str(called.absolute()))


def pasted(text: str, config: Path | None) -> str:
    """A text whose commands can be pasted into a shell: with the program's path, and with ``--config``.

    Args:
        text: With commands such as ``itflow-bridge sync --accept``.
        config: The file of settings that was named for this command.
    """
    named = "" if config is None else f" --config {shlex.quote(str(config.absolute()))}"
    called = program()
    return _COMMAND.sub(lambda found: f"{called} {found[1]}{named}", text)


def missing(path: Path) -> bool:
    """Whether a file is surely not there; one that this user may not look for is taken to be."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
