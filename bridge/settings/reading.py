"""Settings are read from the environment and a file, and every fault in them is told at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from bridge.errors import SettingsError
from bridge.settings.whole import ENVIRONMENT_PREFIX, Settings, table

# Variables of the command line and of docs/examples, which are no settings.
NO_SETTINGS = frozenset({"BRIDGE_CONFIG", "BRIDGE_URL", "BRIDGE_KEY"})
_ADDRESS = "must be a whole address that begins with https:// or http://, such as https://itflow.example.com"


def load(path: Path | None = None, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Read the settings.

    Args:
        path: A TOML file, or none.
        overrides: Values of the command line by section and name; they come before environment and file.

    Raises:
        SettingsError: The file cannot be read, or settings are wrong; every fault is listed.
    """

    class FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    if path is not None and (path.is_dir() or not path.exists()):
        raise SettingsError([f"there is no settings file {path}"])
    faults = list(_stray_environment())
    sections: dict[str, Any] = {name: dict(values) for name, values in (overrides or {}).items()}
    try:
        settings = FileSettings(**sections)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([*faults, f"{path} is not TOML: {error}"]) from error
    except UnicodeError as error:
        raise SettingsError([*faults, f"{path} is not UTF-8 ({error}); save it in that encoding"]) from error
    except OSError as error:
        raise SettingsError([*faults, f"{path} cannot be read: {error.strerror}"]) from error
    except ValidationError as error:
        raise SettingsError([*faults, *_explained(error)]) from error
    if faults:
        raise SettingsError(faults)
    return settings


def _explained(error: ValidationError) -> Iterator[str]:
    """A line for each fault, naming the setting both ways and never its value."""
    names = [row.name for row in table()]
    for fault in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in fault["loc"][:2])
        if fault["type"] == "extra_forbidden":
            near = get_close_matches(name, names, n=1)
            yield f"{name}: there is no such setting" + (f"; did you mean {near[0]}?" if near else "")
        else:
            variable = f"{ENVIRONMENT_PREFIX}{name.replace('.', '_').upper()}"
            # The library's own words for a wrong address do not say that https:// was left out.
            told = _ADDRESS if fault["type"].startswith("url_") else fault["msg"].removeprefix("Value error, ")
            yield f"{name} ({variable}): {told}"


def _stray_environment() -> Iterator[str]:
    """Variables with our prefix that name no section; pydantic-settings passes those over in silence."""
    for variable in sorted(os.environ.keys() - NO_SETTINGS):
        section = variable.removeprefix(ENVIRONMENT_PREFIX).split("_")[0].lower()
        if variable.startswith(ENVIRONMENT_PREFIX) and section not in Settings.model_fields:
            near = get_close_matches(variable, [row.environment for row in table()], n=1)
            yield f"{variable}: there is no such setting" + (f"; did you mean {near[0]}?" if near else "")
