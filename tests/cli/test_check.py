"""check --json, its exit status, and what it says of a new installation."""

import json
import os
import subprocess
import sys
from contextlib import suppress

import pytest

from bridge.access.keys import Keys, Options
from bridge.clock import Moment
from bridge.settings import load
from bridge.storage import Database
from tests.commands import here

LONG_AGO = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def check(tmp_path, embedded):
    """Runs ``check --json`` over a good ITFlow; gives the exit status and the findings by what they are about."""
    with embedded() as url:

        def run(**settings):
            given = {"CONFIG": "/dev/null", "STORAGE_PATH": tmp_path / "bridge.db", "HTTP_PORT": 1}
            itflow = {"ITFLOW_URL": url, "ITFLOW_API_KEY": "KEYALL"}
            done = here(["check", "--json"], {**given, **itflow, **settings})
            told = json.loads(done.stdout)
            return done.status, told, {found["what"]: found for found in told["findings"]}

        yield run


def test_a_new_installation_is_told_what_comes_next(check, tmp_path):
    status, told, found = check()
    assert (status, told["status"]) == (0, "ok")
    assert {what for what, one in found.items() if one["state"] == "advice"} == {
        "storage",
        "keys",
        "service",
        "region",
    }
    assert "-m bridge keys add --config /dev/null pbx" in found["keys"]["advice"]
    assert not (tmp_path / "bridge.db").exists()


def pulled(path, at):
    database = Database(path)
    Keys(database, load()).add("pbx", Options())
    with database.write() as connection:
        for module in ("clients", "locations", "contacts", "vendors", "invoices", "payments"):
            connection.execute("INSERT INTO mirror_modules (module, rows, pulled_at) VALUES (?, 7, ?)", (module, at))
    database.close()


def test_a_mirror_that_is_current_works(check, tmp_path):
    pulled(tmp_path / "bridge.db", str(Moment.now()))
    status, told, found = check()
    assert (status, told["status"], told["rows"]["contacts"]) == (0, "ok", 7)
    assert found["mirror"]["state"] == "works"
    assert "7 contacts" in found["mirror"]["advice"]


def test_a_stale_mirror_never_works(check, tmp_path):
    pulled(tmp_path / "bridge.db", LONG_AGO)
    status, told, found = check()
    assert (status, told["status"]) == (3, "stale")
    assert found["mirror"]["state"] == "stale"
    assert found["mirror of invoices"]["state"] == "stale"


def test_a_doubt_is_told_by_the_exit_status(check, tmp_path):
    pulled(tmp_path / "bridge.db", str(Moment.now()))
    database = Database(tmp_path / "bridge.db")
    with database.write() as connection:
        connection.execute("UPDATE mirror_modules SET doubt = 'Half is gone.' WHERE module = 'contacts'")
    database.close()
    status, told, found = check()
    assert (status, told["status"], found["mirror of contacts"]["advice"]) == (3, "doubtful", "Half is gone.")


@pytest.mark.parametrize("end", ["expires_at", "revoked_at"])
def test_keys_that_open_nothing_never_work(check, tmp_path, end):
    pulled(tmp_path / "bridge.db", str(Moment.now()))
    database = Database(tmp_path / "bridge.db")
    with database.write() as connection:
        connection.execute(f"UPDATE keys SET {end} = ?", (LONG_AGO,))
    database.close()
    status, told, found = check()
    assert (status, told["status"], found["keys"]["state"]) == (1, "failing", "does not work")


def test_a_file_that_is_none_never_works(check, tmp_path):
    (tmp_path / "bridge.db").write_bytes(b"not a database, " * 99)
    status, told, found = check()
    assert (status, told["status"], found["storage"]["state"]) == (1, "failing", "does not work")


def test_it_says_in_a_terminal_whom_it_waits_for(tmp_path):
    terminal, errors = os.openpty()
    settings = {"CONFIG": "/dev/null", "STORAGE_PATH": tmp_path / "bridge.db", "HTTP_PORT": 1, "ITFLOW_API_KEY": "KEY"}
    given = {f"BRIDGE_{name}": str(value) for name, value in {**settings, "ITFLOW_URL": "http://127.0.0.1:9"}.items()}
    words = [sys.executable, "-m", "bridge", "check"]
    environment = {**os.environ, **given, "TERM": "xterm", "COLUMNS": "200"}
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=errors) as process:
        os.close(errors)
        said = b""
        with suppress(OSError):  # the terminal is gone with the process
            while got := os.read(terminal, 4096):
                said += got
        os.close(terminal)
        assert process.wait() == 1
    assert b"ITFlow is asked; it has 10 s for each answer." in said
