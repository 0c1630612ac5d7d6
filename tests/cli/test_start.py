"""A command starts with what it needs: nobody waits for a web server to read the help."""

import subprocess
import sys
from typing import get_args

import pytest
from typer.testing import CliRunner

from bridge.access.setup import SYSTEMS
from bridge.cli import app, embedded, journal, setup
from bridge.embedded import FaultKind, Generation
from bridge.outbox.journal import State
from tests.commands import environment

# What takes long to import. Typer itself takes pydantic for the options of a command, and rich for its help.
HEAVY = {
    *("aiohttp", "anyascii", "argon2", "email_validator", "jinja2", "lxml", "multidict", "phonenumbers"),
    *("prometheus_client", "pydantic_settings", "sansldap", "uvloop", "yarl", "zxcvbn"),
}
SERVES = {"aiohttp", "jinja2", "lxml", "sansldap", "uvloop"}
COMPLETION = {"_ITFLOW_BRIDGE_COMPLETE": "complete_bash", "COMP_WORDS": "itflow-bridge key", "COMP_CWORD": "1"}
PROGRAM = """
import atexit, sys
atexit.register(lambda: print("\\nimported", *sys.modules))
sys.argv[0] = "itflow-bridge"
from bridge.cli import main
main()
"""


@pytest.mark.parametrize(
    ("words", "more", "told", "unneeded"),
    [
        (["--version"], {}, "itflow-bridge ", HEAVY | {"pydantic", "rich", "asyncio"}),
        (["--help"], {}, "keys", HEAVY),
        (["keys", "add", "--help"], {}, "--allow", HEAVY),
        (["serve", "--help"], {}, "SIGHUP", HEAVY),
        ([], COMPLETION, "keys", HEAVY),
        (["keys", "list"], {}, "There is no", SERVES | {"argon2", "anyascii", "zxcvbn"}),
        (["lookup", "1"], {}, "There is no", SERVES | {"argon2", "zxcvbn"}),
        (["calls"], {}, "There is no", SERVES | {"zxcvbn"}),
        (["journal", "list"], {}, "There is no", SERVES | {"argon2", "anyascii", "zxcvbn"}),
    ],
    ids=lambda value: " ".join(value) or "completion" if isinstance(value, list) else "",
)
def test_a_command_imports_what_it_needs(tmp_path, words, more, told, unneeded):
    settings = {"CONFIG": "/dev/null", "STORAGE_PATH": tmp_path / "bridge.db"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], env={**environment(settings), "COLUMNS": "400", **more},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    printed, _, imported = done.stdout.rpartition("\nimported")
    assert told in printed + done.stderr
    assert "bridge.cli" in imported.split()
    assert unneeded & set(imported.split()) == set()


def test_the_words_of_a_command_are_those_of_what_it_works_with():
    assert get_args(embedded.Generation) == get_args(Generation)
    assert tuple(FaultKind) == embedded.KINDS
    assert set(get_args(journal.State)) == set(State)
    assert tuple(SYSTEMS) == setup.NAMES


@pytest.mark.parametrize("words", [["journal", "list", "--state", "lost"], ["embedded", "--generation", "24"]])
def test_a_word_that_is_none_is_told_with_those_there_are(words):
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert ("pending" if words[0] == "journal" else "26.02") in done.stderr
