"""PINs: how a typed one is compared, and who is locked out after wrong ones."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

from cachetools import TTLCache

MAX_SUBJECTS = 10_000

# A phone's keys (ITU-T E.161), for PINs that hold letters; other characters of a PIN need not be typed.
_LETTERS = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}
_KEYS = {letter: key for key, letters in _LETTERS.items() for letter in letters}


class Lockout:
    """Counts wrong PINs by caller and by client, in memory.

    Args:
        tries: Wrong PINs before a subject is locked.
        lock_s: How long, from the last wrong PIN on.
    """

    def __init__(self, tries: int, lock_s: float) -> None:
        self._tries = tries
        self._wrong: TTLCache[str, int] = TTLCache(MAX_SUBJECTS, lock_s)

    def locked(self, subjects: Collection[str]) -> bool:
        """Whether one of the subjects is locked."""
        return any(self._wrong.get(subject, 0) >= self._tries for subject in subjects)

    def wrong(self, subjects: Collection[str]) -> None:
        """Count a wrong PIN for each subject."""
        for subject in subjects:
            self._wrong[subject] = self._wrong.get(subject, 0) + 1

    def right(self, subjects: Collection[str]) -> None:
        """Forget the wrong PINs of each subject."""
        for subject in subjects:
            self._wrong.pop(subject, None)


def keyed(pin: str) -> str:
    """A PIN as it is typed on a phone: digits, and letters by their key."""
    return "".join(_KEYS.get(c, c) for c in pin.lower() if c in _KEYS or (c.isascii() and c.isdigit()))


def matches(typed: str, pins: Collection[str]) -> bool:
    """Whether one of the PINs was typed; takes the same time for every outcome."""
    found = 0
    for pin in map(keyed, pins):
        found |= hmac.compare_digest(_digest(typed), _digest(pin)) & bool(pin)
    return bool(found)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
