"""How many files and connections the process may have open at once."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Final

# What are no connections of callers: files, ITFlow, FastAGI, the child's pipes.
RESERVE: Final = 256


def descriptors() -> int:
    """How many descriptors this process may open, after raising the limit as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # some systems name a hard limit that they do not grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return soft if soft != resource.RLIM_INFINITY else 1 << 20
