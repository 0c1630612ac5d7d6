"""What every test may use."""

from functools import partial

import pytest
from hypothesis import settings as hypothesis_settings

from tests import commands

# How long an example takes says how busy the machine is; speed belongs in tests/bench.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


def run(how, path, *words, fails=False, given="", said=False, columns=commands.WIDE, **settings):
    """Run ``itflow-bridge`` with words and input on a ``bridge.db``; its output, with ``said`` or ``fails`` its errors
    too. Settings are environment variables without the prefix."""
    done = how(words, {"CONFIG": "/dev/null", **settings, "STORAGE_PATH": path}, given, columns)
    assert (done.status != 0) == fails, f"{words}: {done.status}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr if fails or said else done.stdout


@pytest.fixture
def command(tmp_path):
    """Runs a command in this process and gives what it prints; see ``run``."""
    return partial(run, commands.here, tmp_path / "bridge.db")


@pytest.fixture
def program(tmp_path):
    """As ``command``, in a process of its own: where an event loop runs, and where the process itself counts."""
    return partial(run, commands.apart, tmp_path / "bridge.db")
