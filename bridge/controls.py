"""Control characters in other people's text: a terminal obeys them, and a line break forges a line of the log.

What counts: C0 and C1 controls but tab and line feed (ECMA-48), line and paragraph separators, the characters that
turn the writing direction (Unicode TR36, 2.8.1), and surrogates, which no UTF-8 can hold. Joiners stay: scripts need
them.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from queue import Full, Queue

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

MOST_RECORDS = 10_000
LAST_LINES_S = 2.0
STDERR = 2

_PLAIN_WORD = re.compile(r'[^\s"=]+')


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
        """The record's lines; its fields as ``name=value``, in quotation marks where a value has blanks."""
        fields = "".join(f" {name}={_word(value)}" for name, value in _fields(record).items())
        return shown(super().format(record) + fields).replace("\n", "\n    ")


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON: ``at`` (UTC), ``level``, ``logger``, ``message``, and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        line = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": shown(record.getMessage()),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    """What was logged with ``extra={"fields": …}``."""
    found: Mapping[str, object] = getattr(record, "fields", {})
    return found


def _word(value: object) -> str:
    text = str(value)
    return text if _PLAIN_WORD.fullmatch(text) else json.dumps(text, ensure_ascii=False)


class Unhurried(logging.Handler):
    """Hands records to a thread that writes them, so that no caller waits where whoever reads the log does not.

    What comes while as many wait as there is room for is dropped, and counted in the next line that is written.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: Queue[logging.LogRecord | None] = Queue(MOST_RECORDS)
        self._dropped = 0
        # A daemon: where nobody reads, it waits for ever, and the process ends all the same.
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record, or drop it."""
        if self._dropped:
            record.msg = f"{record.msg} ({self._dropped} lines before this one were dropped)"
        try:
            self._lines.put_nowait(record)
        except Full:
            self._dropped += 1
        else:
            self._dropped = 0

    def close(self) -> None:
        """Write what is left, for a while."""
        with suppress(Full):
            self._lines.put_nowait(None)
            self._thread.join(LAST_LINES_S)
        super().close()

    def _write(self) -> None:
        while (record := self._lines.get()) is not None:
            octets = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
            # Not through sys.stderr: a write that never ends would hold its lock, and the process could not end.
            with suppress(OSError):
                while octets:
                    octets = octets[os.write(STDERR, octets) :]


def log_to_stderr(level: str, form: str = "text", *, calls: bool = False, unhurried: bool = False) -> None:
    """Log to standard error from a level on, and nowhere else; for the start of a process.

    Args:
        level: The setting ``log.level``.
        form: The setting ``log.format``.
        calls: The setting ``log.calls``: a line for each caller-ID answer, whatever the level.
        unhurried: See ``Unhurried``; for the process that answers.
    """
    handler = Unhurried() if unhurried else logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else LogFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("bridge.callers").setLevel(logging.INFO if calls or level == "DEBUG" else logging.WARNING)
