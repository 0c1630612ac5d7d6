"""compose.yaml: compose takes it, and asks for what it needs; the proxy's file is one that Caddy takes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.counterparts import lacking

TOP = Path(__file__).parents[2]
NEEDED = {"ITFLOW_URL": "https://itflow.example.com", "BRIDGE_HOST": "bridge.example.com"}


def config(**variables: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("docker-compose") or lacking("No docker-compose here; Debian: apt install docker-compose")
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **variables}
    words = [program, "--file", str(TOP / "compose.yaml"), "config"]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


def test_compose_takes_it():
    done = config(**NEEDED)
    assert done.returncode == 0, done.stderr
    assert "read_only: true" in done.stdout


@pytest.mark.parametrize("lacked", NEEDED)
def test_it_asks_for_what_it_needs(lacked):
    done = config(**{name: value for name, value in NEEDED.items() if name != lacked})
    assert done.returncode
    assert lacked in done.stderr
