"""The man page tells what ``--help`` tells, and roff finds no fault in it."""

import shutil
import subprocess

import pytest

from tests.counterparts import lacking


@pytest.fixture
def page(command):
    return command("manual")


def test_every_command_and_option_is_in_it(page, command):
    assert command("--version").startswith("itflow-bridge ")
    helped = command("keys", "add", "--help")
    options = {word for word in helped.split() if word.startswith("--")} - {"--help"}
    assert options
    for option in options:
        assert option.replace("-", "\\-") in page
    for name in ("serve", "check", "keys revoke", "journal list"):
        assert f".SS {name}" in page


def test_roff_finds_no_fault_in_it(page):
    if not shutil.which("groff"):
        lacking("No groff here; Debian: apt install groff-base")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-K", "utf8"], input=page, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "ITFLOW-BRIDGE(1)" in done.stdout
