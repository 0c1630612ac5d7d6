"""The unit is one that systemd takes, and takes nearly everything away from the service."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bridge.cli.serve import EXIT_SETTINGS
from bridge.resources import path
from tests.counterparts import lacking

UNIT = path("templates/service/itflow-bridge.service")
PROGRAM = "/opt/itflow-bridge/bin/itflow-bridge"
MOST_EXPOSED = 20  # of 100


@pytest.fixture
def unit(tmp_path):
    """The unit, of a program that is on this machine."""
    if not shutil.which("systemd-analyze"):
        lacking("No systemd-analyze here; Debian: apt install systemd")
    copy = tmp_path / UNIT.name
    text = UNIT.read_text()
    assert PROGRAM in text
    copy.write_text(text.replace(PROGRAM, "/bin/true"))
    return copy


def analyzed(*words):
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def test_systemd_finds_no_fault_in_it(unit: Path):
    done = analyzed("verify", "--man=no", str(unit))
    assert (done.returncode, done.stderr) == (0, "")


def test_it_leaves_the_service_little_to_attack_with(unit: Path):
    done = analyzed("security", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(unit))
    assert done.returncode == 0, done.stdout


def test_it_does_not_start_again_with_wrong_settings():
    assert f"RestartPreventExitStatus={EXIT_SETTINGS}\n" in UNIT.read_text()
