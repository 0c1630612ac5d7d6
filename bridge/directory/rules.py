"""Names for the rules by which the mirror was made, so that another version of the bridge makes it anew.

The names come from the source of the modules that hold the rules: nobody has to remember to raise a number.
"""

from __future__ import annotations

import sys
from functools import cache
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from types import ModuleType

from bridge import numbers
from bridge.directory import coding, pages
from bridge.itflow import records


@cache
def form() -> str:
    """What the bytes of a stored snapshot mean."""
    return _name(sys.byteorder, coding, pages)


@cache
def rules() -> str:
    """How rows are reduced and their numbers read."""
    return _name(metadata.version("phonenumbers"), numbers, records, coding, pages)


def _name(more: str, *modules: ModuleType) -> str:
    whole = blake2b(more.encode(), digest_size=8)
    for module in modules:
        path = Path(str(module.__file__))
        for source in sorted(path.parent.glob("*.py")) if hasattr(module, "__path__") else [path]:
            whole.update(source.read_bytes())
    return whole.hexdigest()
