"""What every handler can reach, under typed keys of the application."""

from aiohttp import web

from bridge.access.keys import Keys
from bridge.assets.delivery import Deliverer
from bridge.directory.mirror import Mirror
from bridge.settings import Settings
from bridge.storage import Database

SETTINGS = web.AppKey("SETTINGS", Settings)
STORAGE = web.AppKey("STORAGE", Database)
MIRROR = web.AppKey("MIRROR", Mirror)
KEYS = web.AppKey("KEYS", Keys)
DELIVERER = web.AppKey("DELIVERER", Deliverer)
