"""The table of modules: all that ``api/v1`` of ITFlow 25.12 to 26.08 has, read off the wire of each.

What the table cannot say (a ticket's contact, an asset's network interface, an invoice's new amount) is in
``beside.py``.
"""

from collections.abc import Mapping

from bridge.embedded.generations import Generation
from bridge.embedded.modules import client, sales, support
from bridge.embedded.modules.sales import DROPIN
from bridge.embedded.schema import Module

__all__ = ["DROPIN", "TABLES", "find"]

TABLES: Mapping[str, Module] = {module.name: module for module in (*client.MODULES, *sales.MODULES, *support.MODULES)}


def find(name: str, function: str, generation: Generation) -> Module | None:
    """The module that answers a function in a generation, if there is one."""
    module = TABLES.get(name)
    return module if module is not None and module.answers(function, generation) else None
