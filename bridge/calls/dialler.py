"""Who can make a phone dial."""

from __future__ import annotations

from typing import Protocol


class Dialler(Protocol):
    """A phone system that rings an extension and, once it is picked up, calls a number."""

    async def dial(self, extension: str, number: str, name: str) -> None:
        """Call a number from an extension; returns when the phone system has taken it on.

        Args:
            extension: Rings first.
            number: Called then, as the phone system dials it.
            name: What the extension's display shows; may be empty.

        Raises:
            BridgeError: It does not take it on; the text says why.
        """
