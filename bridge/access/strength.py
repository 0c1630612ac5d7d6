"""How well a secret withstands guessing."""

from __future__ import annotations

MIN_CHARS = 16
# By zxcvbn's count, which knows common passwords, names, dates, keyboard runs and repetitions. Ten thousand guesses a
# second need three centuries for so many.
MIN_GUESSES = 10**14
_LONGEST_RATED = 72
_OURS = ("itflow", "bridge", "asterisk", "freepbx", "freeswitch", "3cx", "yealink", "snom", "phone", "pbx", "secret")


def weakness(secret: str) -> str:
    """Why a secret can be guessed; empty where it cannot."""
    if len(secret) < MIN_CHARS:
        return f"it has fewer than {MIN_CHARS} characters"
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists take 14 MB, and only who makes a key needs them

    if zxcvbn(secret[:_LONGEST_RATED], _OURS)["guesses"] < MIN_GUESSES:
        return "it is made of common words, repetitions or runs of characters"
    return ""
