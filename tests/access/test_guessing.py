"""A stranger guesses keys at full speed, against a real bridge: a phone system elsewhere does not notice."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.access.keys import Keys, Options
from bridge.directory.entries import Entry, Kind, Label, Phone
from bridge.settings import load
from bridge.storage import Database
from tests.access.running import Running, running
from tests.mirrored import mirrored

SECRET = "b7a1e4c09d2f4458a6d1c3e50f9b7d21"
STRANGER, PBX, PROXY = "127.0.0.66", "127.0.0.9", "127.0.0.77"
GUESSES = 200


@pytest.fixture
def bridge(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    """A bridge with one key and one contact, and no ITFlow; a test may give it settings."""
    database = Database(tmp_path / "bridge.db")
    mirrored(database, [Entry(Kind.CONTACT, 1, 0, "Ann", (Phone("+12125550101", Label.WORK),))])
    Keys(database, load()).add("pbx", Options(), secret=SECRET)
    database.close()
    settings = {"ITFLOW_URL": "http://127.0.0.1:1", "ITFLOW_API_KEY": "x", "AGI_PORT": "0"}
    settings |= getattr(request, "param", {})
    with running(
        "serve", "--port", "0", until=r"answers on (http://\S+)", STORAGE_PATH=str(tmp_path / "bridge.db"), **settings
    ) as started:
        while started.ask("GET", "/readyz").status != 200:
            time.sleep(0.05)  # another process cannot tell us
        yield started


def guess(bridge: Running, path: str, count: int = GUESSES) -> Counter[tuple[int, bool, bytes]]:
    """What a stranger gets for so many different keys: status, whether it is told to wait, and what a phone shows."""
    got: Counter[tuple[int, bool, bytes]] = Counter()
    for number in range(count):
        answer = bridge.ask("GET", path.format(f"guess-{number}"), origin=STRANGER)
        waits = 0 < int(answer.headers.get("retry-after", "0")) <= 66
        got[answer.status, waits, answer.body if "json" not in answer.headers["content-type"] else b""] += 1
    return got


def test_everything_but_caller_id_is_told_to_wait(bridge: Running) -> None:
    got = guess(bridge, "/balance?api_key={}&client_id=1")
    assert got[401, False, b""] in {10, 11}
    assert got[401, False, b""] + got[429, True, b""] == GUESSES


@pytest.mark.parametrize("path", ["/api.php?api_key={}&cid=2125550101", "/callerid?api_key={}&number=2125550101"])
def test_caller_id_is_answered_at_once_and_empty(bridge: Running, path: str) -> None:
    assert guess(bridge, path) == {(401, False, b""): GUESSES}


@pytest.mark.parametrize("origin", [PBX, STRANGER])
def test_a_phone_system_is_never_slowed_not_even_behind_the_same_address(bridge: Running, origin: str) -> None:
    stop = threading.Event()

    def guess_on() -> None:
        while not stop.is_set():
            guess(bridge, "/phonebook/yealink?api_key={}", 20)

    stranger = threading.Thread(target=guess_on)
    stranger.start()
    try:
        for _ in range(200):
            answer = bridge.ask("GET", f"/api.php?api_key={SECRET}&cid=2125550101", origin=origin)
            assert (answer.status, answer.body) == (200, b"Ann")
    finally:
        stop.set()
        stranger.join()


def test_the_log_and_metrics_tell_and_the_list_shows(bridge: Running) -> None:
    guess(bridge, "/balance?api_key={}&client_id=1", 50)
    bridge.ask("GET", f"/api.php?api_key={SECRET}&cid=2125550101", origin=PBX)
    metrics = bridge.ask("GET", "/metrics").body.decode()
    counted = re.findall(r'^itflow_bridge_wrong_keys_total\{slowed="\w+"\} (\S+)', metrics, re.MULTILINE)
    assert sum(map(float, counted)) == 50
    bridge.stop()
    assert bridge.log().count("A wrong key came from 127.0.0.66.") == 1
    assert "guess-" not in bridge.log()
    # What gathered in memory was stored at the end.
    database = Database(bridge.path)
    use = Keys(database, load()).uses.all()["pbx", "used"]
    database.close()
    assert (use.address, use.times) == (PBX, 1)
    assert dt.datetime.now(dt.UTC).timestamp() - use.at < 60
    listed = subprocess.run(
        [sys.executable, "-m", "bridge", "keys", "list"],
        env={"BRIDGE_STORAGE_PATH": str(bridge.path), "COLUMNS": "400"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "from 127.0.0.9, 1 in all" in listed.stdout


def test_different_keys_in_one_request_are_refused_and_the_error_says_why(bridge: Running) -> None:
    for headers, target in (
        ({"Authorization": "Bearer other"}, f"/balance?client_id=1&api_key={SECRET}"),
        ({"Authorization": f"Bearer {SECRET}"}, "/balance?client_id=1&api_key=other"),
        ({"Authorization": "Bearer other"}, f"/phonebook/yealink/{SECRET}/book.xml"),
    ):
        answer = bridge.ask("GET", target, headers)
        assert answer.status == 401
        assert b"different keys in different places" in answer.body
    same = bridge.ask("GET", f"/phonebook/yealink?api_key={SECRET}", {"Authorization": f"Bearer {SECRET}"})
    assert same.status == 200


@pytest.mark.parametrize("bridge", [{"HTTP_TRUSTED_PROXIES": f"{PROXY}/32"}], indirect=True)
def test_behind_a_trusted_proxy_its_clients_are_counted_and_not_the_proxy(bridge: Running) -> None:
    def ask(client: str, secret: str, origin: str = PROXY) -> int:
        target = f"/balance?api_key={secret}&client_id=1"
        return bridge.ask("GET", target, {"X-Forwarded-For": client}, origin=origin).status

    assert [ask("203.0.113.5", "wrong") for _ in range(12)][9:] == [401, 429, 429]
    assert ask("203.0.113.6", "wrong") == 401
    assert [ask(f"198.51.100.{n}", "wrong", STRANGER) for n in range(12)][9:] == [401, 429, 429]
    assert ask("203.0.113.5", SECRET) not in {401, 403, 429}
    bridge.stop()
    assert "A wrong key came from 203.0.113.5." in bridge.log()
    assert "A wrong key came from 127.0.0.66." in bridge.log()
    assert "198.51.100." not in bridge.log()
