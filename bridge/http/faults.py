"""What is logged of a fault: its kind and its place, never its text, which may hold a number, a key or a body."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bridge.errors import place

log = logging.getLogger(__name__)

_OF_THE_CLIENT = (HttpProcessingError, web.RequestPayloadError, ConnectionError)


def aiohttp_log() -> logging.Logger:
    """A log for aiohttp's server: what clients did wrong is a line at DEBUG, what failed here a line and its place."""
    found = logging.getLogger(f"{__name__}.aiohttp")
    found.addFilter(_tersely)
    return found


def _tersely(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if error is None:
        return True
    if isinstance(error, _OF_THE_CLIENT):
        log.debug("%s: %s", record.getMessage(), type(error).__name__)
        return False
    record.msg, record.args = "%s: %s\n%s", (record.getMessage(), type(error).__name__, place(error))
    record.exc_info = record.exc_text = None
    return True
