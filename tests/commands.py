"""Commands as users type them: in this process, where only what they print counts, else in one of their own."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

import bridge
from bridge.cli import app
from bridge.cli.console import console, errors

PROGRAM = (sys.executable, "-m", "bridge")
WIDE = 400


class Done(NamedTuple):
    """What a command came to."""

    status: int
    stdout: str
    stderr: str


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """This process's variables without any setting of the bridge, and these settings, by names without the prefix."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    return plain | {f"BRIDGE_{name}": str(value) for name, value in settings.items()}


def here(words: Sequence[str], settings: Mapping[str, object], given: str = "", columns: int = WIDE) -> Done:
    """Run a command in this process; not for what serves, nor under a running event loop."""
    variables = dict.fromkeys(os.environ) | environment(settings) | {"COLUMNS": str(columns)}
    console.width = errors.width = columns
    with pytest.MonkeyPatch.context() as patch:
        # What a command prints to be pasted begins as this program does.
        patch.setattr(sys, "argv", [str(Path(bridge.__file__).with_name("__main__.py"))])
        done = CliRunner(env=variables).invoke(app, words, given, prog_name="itflow-bridge")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def apart(
    words: Sequence[str], settings: Mapping[str, object], given: str = "", columns: int = WIDE,
    program: Sequence[str] = PROGRAM, folder: Path | None = None,
) -> Done:  # fmt: skip
    """Run a command in a process of its own."""
    done = subprocess.run(
        [*program, *words], env={**environment(settings), "COLUMNS": str(columns)}, cwd=folder, input=given,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)
