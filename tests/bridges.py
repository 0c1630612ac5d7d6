"""The real application over parts of a test's own."""

from typing import Any

from aiohttp import web

from bridge.access.keys import Keys
from bridge.directory.mirror import Mirror
from bridge.http.state import KEYS, MIRROR, STORAGE
from bridge.service import make_app
from bridge.settings import Settings, load
from bridge.storage import Database

NOBODY = "http://127.0.0.1:9/"  # the discard port: nobody answers


def settings(database: Database, **sections: Any) -> Settings:
    """Settings for a bridge.db: an ITFlow that is never there, a free port, no FastAGI; and a test's own."""
    given: dict[str, Any] = {
        "itflow": {"url": NOBODY, "api_key": "KEY"},
        "http": {"host": "127.0.0.1", "port": 0},
        "agi": {"enabled": False},
        "storage": {"path": database.path},
    }
    return load(overrides=given | sections)


def application(made: Settings, database: Database, keys: Keys, mirror: Mirror) -> web.Application:
    """The application with these parts; the others are its own, and live as long as it runs."""
    return make_app(made, {STORAGE: database, KEYS: keys, MIRROR: mirror})
