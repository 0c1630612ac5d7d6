"""An embedded ITFlow in a process of its own, since commands are waited for."""

import re
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.embedded.recordings import WIRE


@pytest.fixture
def started():
    """Starts ``itflow-bridge`` with words that serve, and gives what it printed up to a pattern."""

    @contextmanager
    def start(*words, until):
        with subprocess.Popen(
            [sys.executable, "-m", "bridge", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            printed = ""
            try:
                while not re.search(until, printed):
                    line = process.stdout.readline() if process.stdout else ""
                    assert line, printed
                    printed += line
                yield printed
            finally:
                process.terminate()

    return start


@pytest.fixture
def embedded(started):
    """Starts an embedded ITFlow with the recordings' data set and gives its address."""

    @contextmanager
    def start(generation="26.02", *words):
        data = str(WIRE / "v26.02-before.json")
        serving = started(
            "embedded", "--port", "0", "--generation", generation, "--data", data,
            "--key", "KEYALL", "--key", "KEYONE=1", *words, until="key KEYONE",
        )  # fmt: skip
        with serving as printed:
            yield re.search(r"http://\S+", printed)[0]  # type: ignore[index]  # the words waited for have one

    return start
