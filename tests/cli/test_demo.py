"""The demo: each command that it prints gives a sensible answer."""

import re
import subprocess
import urllib.request


def test_every_printed_command_answers(started):
    with started("demo", "--port", "0", until="/readyz") as printed:
        commands = re.findall(r"^curl '(.*)'$", printed, re.MULTILINE)
        assert len(commands) > 10
        for url in commands:
            with urllib.request.urlopen(url) as answer:
                body = answer.read().decode()
            assert answer.status == 200
            assert body or "incoming_call" in url, url


def test_the_state_of_the_demo_can_be_looked_into(started):
    with started("demo", "--port", "0", until="--explain") as printed:
        (line,) = re.findall(r"^BRIDGE_STORAGE_PATH=.*--explain$", printed, re.MULTILINE)
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
        assert "entries" in done.stderr
