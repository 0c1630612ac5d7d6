"""``bridge.db``: the one file of state, its schema and its versions.

``database`` opens it and gives transactions, ``schema`` brings a file of an older release up to date by the steps in
``steps/``, ``watch`` notices what other processes change, ``rescue`` makes a sound file of a damaged one, ``backup``
copies it and puts a copy back, ``room`` asks the disk for room. Nothing above this room knows how the file is opened.
"""

from bridge.storage.backup import back_up, restore
from bridge.storage.database import Database, memory
from bridge.storage.rescue import rescue
from bridge.storage.room import free_bytes, lack_of_room
from bridge.storage.watch import Watch

__all__ = ["Database", "Watch", "back_up", "free_bytes", "lack_of_room", "memory", "rescue", "restore"]
