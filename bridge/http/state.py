"""What every handler can reach, under typed keys of the application."""

from typing import Final

from aiohttp import web

from bridge.access.keys import Keys
from bridge.calls.book import CallBook
from bridge.calls.dialler import Dialler
from bridge.calls.people import People
from bridge.directory.mirror import Mirror
from bridge.followup.following import Followup
from bridge.health import Health
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
BOOK = web.AppKey("BOOK", CallBook)
PEOPLE = web.AppKey("PEOPLE", People)
# Absent where no phone system can be made to dial.
PHONE: Final[web.AppKey[Dialler]] = web.AppKey("PHONE")
HEALTH = web.AppKey("HEALTH", Health)
FOLLOWUP = web.AppKey("FOLLOWUP", Followup)
DELIVERER = web.AppKey("DELIVERER", Deliverer)
