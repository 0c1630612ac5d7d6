"""The demo: each command that it prints gives a sensible answer."""

import re
import urllib.error
import urllib.request


def test_every_printed_command_answers(started):
    with started("demo", "--port", "0", until="/readyz") as printed:
        commands = re.findall(r"^curl '(.*)'$", printed, re.MULTILINE)
        assert len(commands) > 10
        base = commands[0].partition("/api.php")[0]
        wait_for_the_mirror(base)
        for url in commands:
            with urllib.request.urlopen(url) as answer:
                body = answer.read().decode()
            assert answer.status == 200
            assert body or "incoming_call" in url, url


def wait_for_the_mirror(base):
    while True:
        try:
            with urllib.request.urlopen(f"{base}/readyz") as answer:
                if b'"money_age_s": null' not in answer.read():
                    return
        except urllib.error.HTTPError:
            continue
