"""The demo: each command that it prints gives a sensible answer."""

import re
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
