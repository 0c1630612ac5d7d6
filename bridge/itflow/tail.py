"""The end of a module that cannot be filtered: v1 gives rows by id and counts none, so the end is felt for.

A firm may have 100,000 tickets. Halving the offset finds the place of a row in some thirty requests of one row each;
reading all of them takes a hundred pages and 150 MB.
"""

from __future__ import annotations

from contextlib import aclosing

from bridge.itflow.client import ItflowClient
from bridge.itflow.protocol import Row, row_id

FIRST_STEP = 64
# Rows before the place that are read again: earlier ones may be deleted meanwhile, which moves it up.
OVERLAP = 20


async def last_id(client: ItflowClient, module: str) -> int:
    """The highest id there is; 0 without rows.

    Raises:
        ItflowError: It cannot be read.
    """
    count = await _first_offset(client, module, None)
    while count:
        if row := await _row_at(client, module, count - 1):
            return row_id(module, row) or 0
        count -= 1  # one was deleted meanwhile
    return 0


async def rows_after(client: ItflowClient, module: str, after: int) -> list[Row]:
    """The rows with ids above one.

    Raises:
        ItflowError: They cannot be read.
    """
    start = max(0, await _first_offset(client, module, after) - OVERLAP)
    while True:
        found: list[Row] = []
        async with aclosing(client.pages(module, start_offset=start)) as pages:
            async for page in pages:
                found.extend(page.rows or ())
        first = row_id(module, found[0]) if found else None
        if not start or (first is not None and first <= after):
            return [row for row in found if (row_id(module, row) or 0) > after]
        start = max(0, start - 10 * OVERLAP)


async def _first_offset(client: ItflowClient, module: str, after: int | None) -> int:
    """How many rows have ids up to one; with None, how many there are."""

    async def beyond(offset: int) -> bool:
        row = await _row_at(client, module, offset)
        return row is None or (after is not None and (row_id(module, row) or 0) > after)

    low, high = 0, FIRST_STEP
    while not await beyond(high):
        low, high = high + 1, 2 * high
    while low < high:
        middle = (low + high) // 2
        if await beyond(middle):
            high = middle
        else:
            low = middle + 1
    return low


async def _row_at(client: ItflowClient, module: str, offset: int) -> Row | None:
    answer = await client.call(module, "read", {"limit": 1, "offset": offset})
    return answer.rows[0] if answer.rows else None
