"""``itflow-bridge`` commands that serve, in processes of their own, asked over plain sockets."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


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

    def __init__(self, url: str, path: Path) -> None:
        self.url = url
        self.path = path
        self._port = urlsplit(url).port

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
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    environment |= {f"BRIDGE_{name}": value for name, value in settings.items()}
    with subprocess.Popen(
        [sys.executable, "-m", "bridge", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
    ) as process:  # fmt: skip
        printed = ""
        try:
            while not (found := re.search(until, printed)):
                line = process.stdout.readline() if process.stdout else ""
                assert line, printed
                printed += line
            # Nobody reads on, and a full pipe would stop the process.
            threading.Thread(target=process.communicate, daemon=True).start()
            yield Running(found[1], Path(settings.get("STORAGE_PATH", "")))
        finally:
            process.terminate()
