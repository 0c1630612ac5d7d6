"""An ITFlow v1 API of our own on SQLite: the demo's back end and the tests' counterpart.

It shares no code with the rest of the bridge, so that a mistake cannot hide in both.
"""

from bridge.embedded.faults import FaultKind
from bridge.embedded.generations import GENERATIONS, Generation
from bridge.embedded.keys import ADMINISTRATOR, TECHNICIAN, Key
from bridge.embedded.schema import Level
from bridge.embedded.serve import run
from bridge.embedded.server import EmbeddedItflow

__all__ = [
    "ADMINISTRATOR",
    "GENERATIONS",
    "TECHNICIAN",
    "EmbeddedItflow",
    "FaultKind",
    "Generation",
    "Key",
    "Level",
    "run",
]
