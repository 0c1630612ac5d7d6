"""``itflow-bridge`` commands that serve, in processes of their own, asked over plain sockets."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.commands import environment


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Running:
    """A process that answers.

    Attributes:
        url: Its address.
        path: Its bridge.db.
    """

    def __init__(self, process: subprocess.Popen[str], url: str, printed: str, path: Path) -> None:
        self.url = url
        self.path = path
        self._process = process
        self._printed = [printed]
        self._port = urlsplit(url).port
        # A full pipe would stop the process.
        self._reader = threading.Thread(target=lambda: self._printed.extend(process.stdout or ()), daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """End it with SIGTERM, and wait."""
        self._process.terminate()
        self._process.wait(30)
        self._reader.join()

    def log(self) -> str:
        """What it has printed; all of it once it has ended."""
        return "".join(self._printed)

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        origin: str = "127.0.0.1",
    ) -> Answer:
        """One request on a connection of its own, from an address of the loopback net."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30, source_address=(origin, 0))
        try:
            connection.request(method, target, body, dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()


@contextmanager
def running(*words: str, until: str, **settings: str) -> Iterator[Running]:
    """Start a command and wait for what it prints.

    Args:
        words: Those behind ``itflow-bridge``.
        until: A pattern whose first group is the address.
        settings: Environment variables without their prefix.
    """
    own = environment({"CONFIG": "/dev/null", **settings})
    with subprocess.Popen(
        [sys.executable, "-m", "bridge", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=own,
    ) as process:  # fmt: skip
        printed = ""
        try:
            while not (found := re.search(until, printed)):
                line = process.stdout.readline() if process.stdout else ""
                assert line, printed
                printed += line
            yield Running(process, found[1], printed, Path(settings.get("STORAGE_PATH", "")))
        finally:
            process.terminate()
