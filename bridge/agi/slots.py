"""Who may hold a FastAGI connection: strangers without a key never take the places of calls."""

from __future__ import annotations

from collections import Counter

# Connections without a key yet, in units of what one address may have.
WAITING_ADDRESSES = 4


class Slots:
    """Counts connections.

    Args:
        max_calls: Calls with a key, served at once.
        max_waiting: Connections of one address that have not shown their key.
    """

    def __init__(self, max_calls: int, max_waiting: int) -> None:
        self._max_calls = max_calls
        self._max_waiting = max_waiting
        self._waiting: Counter[str] = Counter()
        self._serving = 0

    def open(self, peer: str) -> str:
        """Take a place to show a key from.

        Returns:
            Why there is none; empty where there is.
        """
        if self._waiting[peer] >= self._max_waiting:
            return f"{self._waiting[peer]} connections of it show no key (setting agi.max_waiting)"
        if self._waiting.total() >= WAITING_ADDRESSES * self._max_waiting:
            return f"{self._waiting.total()} connections show no key (setting agi.max_waiting)"
        self._waiting[peer] += 1
        return ""

    def close(self, peer: str) -> None:
        """Give that place back."""
        self._waiting[peer] -= 1
        if not self._waiting[peer]:
            del self._waiting[peer]

    def begin(self) -> str:
        """Take a place for a call that has shown its key.

        Returns:
            Why there is none; empty where there is.
        """
        if self._serving >= self._max_calls:
            return f"{self._serving} calls are being served (setting agi.max_calls)"
        self._serving += 1
        return ""

    def end(self) -> None:
        """Give that place back."""
        self._serving -= 1
