"""Commands are run as users run them: in a process of their own."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def command(tmp_path):
    """Runs ``itflow-bridge`` with words and input, and gives its output; with ``said`` or ``fails`` its errors too.

    Settings are environment variables without the prefix.
    """

    def run(*words, fails=False, given="", said=False, columns=400, **settings):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
        environment |= {f"BRIDGE_{name}": str(value) for name, value in settings.items()}
        environment = {
            "BRIDGE_CONFIG": "/dev/null",
            **environment,
            "BRIDGE_STORAGE_PATH": str(tmp_path / "bridge.db"),
            "COLUMNS": str(columns),
        }
        done = subprocess.run(
            [sys.executable, "-m", "bridge", *words],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
            input=given,
        )
        assert (done.returncode != 0) == fails, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr if fails or said else done.stdout

    return run
