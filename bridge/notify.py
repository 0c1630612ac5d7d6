"""Tells systemd how the service stands: ``sd_notify(3)``, one datagram for each message.

Without systemd (no ``NOTIFY_SOCKET`` in the environment) nothing is said.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bridge.tasks import running

READY = "READY=1"
STOPPING = "STOPPING=1"
# Two signs of life within the time after which systemd takes the service for hung, as sd_watchdog_enabled(3) advises.
BEATS = 2


def reloading() -> str:
    """The message before a reload; systemd wants to know since when, by the machine's running time."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}"


def status(text: str) -> str:
    """A line for ``systemctl status``."""
    return f"STATUS={text}"


def tell(*messages: str) -> None:
    """Say something to systemd; a systemd that does not listen is no fault of the service."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = f"\0{path[1:]}" if path.startswith("@") else path
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
        sending.setblocking(False)
        sending.sendto("\n".join(messages).encode(), address)


def watchdog_s() -> float | None:
    """After how many seconds without a sign of life systemd kills this process; None: it does not watch."""
    microseconds, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdigit() or not int(microseconds) or (pid and pid != str(os.getpid())):
        return None
    return int(microseconds) / 1e6


@asynccontextmanager
async def watched() -> AsyncIterator[None]:
    """Give signs of life from the event loop for as long as the context lasts: a loop that hangs gives none."""
    allowed_s = watchdog_s()
    if allowed_s is None:
        yield
        return

    async def beat() -> None:
        while True:
            tell("WATCHDOG=1")
            await asyncio.sleep(allowed_s / BEATS)

    async with running(beat(), "watchdog"):
        yield
