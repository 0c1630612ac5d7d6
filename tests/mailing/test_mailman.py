"""The list as a real Mailman takes it, where one is installed (``pip install mailman``)."""

import os
import shutil
import subprocess

import pytest

from bridge import mailing
from tests.counterparts import lacking
from tests.mailing.test_mailing import hostile

MAILMAN = os.environ.get("MAILMAN") or shutil.which("mailman")


@pytest.fixture(autouse=True)
def installed():
    if MAILMAN is None:
        lacking("needs Mailman: pip install mailman")


CONFIGURATION = """
[mailman]
layout: here
[paths.here]
var_dir: {var}
[mta]
incoming: mailman.mta.null.NullMTA
"""


def test_syncmembers_takes_exactly_the_addresses_of_the_list(tmp_path):
    configuration = tmp_path / "mailman.cfg"
    configuration.write_text(CONFIGURATION.format(var=tmp_path / "var"), encoding="utf-8")
    environment = os.environ | {"MAILMAN_CONFIG_FILE": str(configuration)}

    def mailman(*words, **more):
        done = subprocess.run(
            [str(MAILMAN), "--run-as-root", *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            **more,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    mailman("create", "clients@lists.example")
    document = mailing.lines(mailing.rfc5322(hostile()))
    mailman("syncmembers", "--no-welcome-msg", "-", "clients@lists.example", input=document)
    members = mailman("members", "clients@lists.example").splitlines()
    # Mailman shows names without quotes; the address is what it would send to.
    shown = sorted(member.rpartition("<")[2].rstrip(">") for member in members)
    assert shown == sorted(one.email for one in hostile())
    assert "Nothing to do" in mailman("syncmembers", "-", "clients@lists.example", input=document)
