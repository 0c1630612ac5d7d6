"""What every handler can reach, under typed keys of the application."""

from aiohttp import web

from bridge.access.calls import CallLog
from bridge.access.keys import Keys
from bridge.directory.mirror import Mirror
from bridge.itflow.client import ItflowClient
from bridge.outbox.delivery import Deliverer
from bridge.reload import InUse
from bridge.settings import Settings
from bridge.storage import Database, Watch

SETTINGS = web.AppKey("SETTINGS", Settings)  # those of the start
IN_USE = web.AppKey("IN_USE", InUse)
STORAGE = web.AppKey("STORAGE", Database)
WATCH = web.AppKey("WATCH", Watch)
ITFLOW = web.AppKey("ITFLOW", ItflowClient)
MIRROR = web.AppKey("MIRROR", Mirror)
KEYS = web.AppKey("KEYS", Keys)
CALLS = web.AppKey("CALLS", CallLog)
DELIVERER = web.AppKey("DELIVERER", Deliverer)
