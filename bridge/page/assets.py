"""The assets of a caller. The mirror holds none, so ITFlow is asked when a card is shown, which never waits for it.

``assets/read`` (every generation) gives the contact that an asset is assigned to, and has no filter for contacts. Up
to 26.07 a read can be narrowed to a client; 26.08 ignores that, so there all are read at once and kept for everybody.
Small pages, one reading at a time: whoever asks for a name meanwhile does not feel it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from aiohttp import web
from cachetools import TTLCache

from bridge.errors import BridgeError, RowGarbled
from bridge.itflow.client import ItflowClient
from bridge.itflow.protocol import Row
from bridge.itflow.records import Asset, read

log = logging.getLogger(__name__)

PAGE_SIZE = 200
DEADLINE_S = 10.0  # for all pages together
KEPT_S = 300.0
KEPT_CLIENTS = 500
AGAIN_S = 60.0  # after ITFlow has failed

Kept = Mapping[int, Sequence[Asset]]


class Assets:
    """What ITFlow has told of clients' assets within the last minutes.

    Args:
        client: Makes who asks ITFlow, with the key that is in use by then.
        whole: Whether this ITFlow cannot narrow a read to one client.
        kept_s: How long an answer counts.
        again_s: How long ITFlow is left alone after it has failed.
    """

    def __init__(
        self,
        client: Callable[[], ItflowClient],
        whole: Callable[[], bool],
        *,
        kept_s: float = KEPT_S,
        again_s: float = AGAIN_S,
    ) -> None:
        self._client = client
        self._whole = whole
        self._again_s = again_s
        self._kept: TTLCache[int, Kept] = TTLCache(KEPT_CLIENTS, kept_s)
        self._not_before = 0.0
        self._turn = asyncio.Lock()

    def known(self, client_id: int) -> Sequence[Asset] | None:
        """A client's assets, from memory; None where they are not known now."""
        kept = self._kept.get(self._place(client_id))
        return None if kept is None else kept.get(client_id, ())

    async def ask(self, client_id: int) -> Sequence[Asset]:
        """A client's assets; none where ITFlow does not tell them.

        Takes no longer than ``DEADLINE_S`` for each reading that others have begun before, and one of its own.
        """
        async with self._turn:
            if self.known(client_id) is None and time.monotonic() >= self._not_before:
                await self._read(self._place(client_id))
        return self.known(client_id) or ()

    def _place(self, client_id: int) -> int:
        return 0 if self._whole() else client_id

    async def _read(self, place: int) -> None:
        found = defaultdict[int, list[Asset]](list)
        try:
            async with asyncio.timeout(DEADLINE_S):
                async with aclosing(self._client().pages("assets", **_narrowed(place))) as pages:
                    async for page in pages:
                        for asset in filter(None, map(_asset, page.rows or ())):
                            found[asset.client_id].append(asset)
        except (BridgeError, TimeoutError) as error:
            self._not_before = time.monotonic() + self._again_s
            slow = f"ITFlow does not list them within {DEADLINE_S:.0f} s"
            said = slow if isinstance(error, TimeoutError) else str(error)
            log.info("Cards show no assets for %.0f s: %s", self._again_s, said)
        else:
            self._kept[place] = dict(found)


ASSETS = web.AppKey("ASSETS", Assets)


def _narrowed(client_id: int) -> dict[str, Any]:
    return {"client_id": client_id} if client_id else {}


def _asset(row: Row) -> Asset | None:
    """One that is in use and can be told; None for others."""
    try:
        asset = read(Asset, row)
    except RowGarbled:
        return None
    return None if asset.archived or not asset.name else asset


def of_contact(assets: Sequence[Asset], contact_id: int, name: str) -> list[Asset]:
    """The assets of a contact: those assigned to them, then those assigned to nobody that carry their whole name.

    Args:
        assets: Those of the contact's client.
        contact_id: The contact.
        name: The contact's name.
    """
    named = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE) if name else None
    own = [one for one in assets if one.contact_id == contact_id]
    return own + [one for one in assets if not one.contact_id and named and named.search(one.name)]
