"""Control characters in other people's text: a terminal obeys them, and a line break forges a line of the log.

What counts: C0 and C1 controls but tab and line feed (ECMA-48), line and paragraph separators, the characters that
turn the writing direction (Unicode TR36, 2.8.1), and surrogates, which no UTF-8 can hold. Joiners stay: scripts need
them.
"""

from __future__ import annotations

import logging
import re

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def without(text: str) -> str:
    """Text without control characters; tabs and line feeds stay."""
    return _CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """Text without control characters, tabs and line breaks."""
    return _LINE_CONTROLS.sub("", text)


def shown(text: str) -> str:
    r"""Text whose control characters are written as in Python: ``\x1b``; tabs and line feeds stay."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


def in_json(document: str) -> str:
    """JSON whose control characters are escaped, also those that JSON lets stand (RFC 8259, 7)."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


class LogFormatter(logging.Formatter):
    """Writes a record so that nothing in it moves a cursor or passes for another record: its lines are indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record's lines."""
        return shown(super().format(record)).replace("\n", "\n    ")


def log_to_stderr(level: str) -> None:
    """Log to standard error from a level on, and nowhere else; for the start of a process."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
