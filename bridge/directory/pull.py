"""One pull of one module: what is new, changed and gone compared with what is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import aclosing

from bridge.directory.found import Found, Odd
from bridge.directory.rows import TABLES, StoredRow
from bridge.directory.store import MirrorStore
from bridge.errors import RowGarbled
from bridge.itflow.client import ItflowClient
from bridge.itflow.protocol import Row

# How many known rows a pull of new rows reads again, in case rows before them were deleted.
TAIL_OVERLAP = 20

# Told while a module is pulled: its name, the rows pulled so far, and those known before (0 on the first pull).
Progress = Callable[[str, int, int], None]


async def pull(
    client: ItflowClient, store: MirrorStore, module: str, *, source: str = "", progress: Progress | None = None
) -> Found:
    """Read a whole module of ITFlow and compare it with what is known; nothing is changed by that.

    Args:
        client: ITFlow.
        store: What is known.
        module: The module, in the mirror's words.
        source: The module to ask, where that is another one.
        progress: Told after each page.

    Raises:
        ItflowError: The module could not be read to its end.
    """
    found = Found(module, store.known(module))
    marks = store.marks(module)
    place = TABLES[module].id_place
    last = 0
    try:
        async with aclosing(client.pages(source or module, marks)) as pages:
            async for page in pages:
                mark = page.mark
                found.pages += 1
                # A page that begins before the last row was read after a step back: rows that were seen on the page
                # before may be gone from this one, and would never be missed if it stood for them.
                if last in {0, mark.first_id}:
                    found.marks[page.offset] = mark
                if page.rows is None:
                    found.same_pages += 1
                elif page.rows:
                    rows, odd = _read(module, page.rows)
                    if odd:  # looked into at every pull
                        found.marks.pop(page.offset, None)
                    found.odd += odd
                    known = store.rows(module, last, mark.last_id)
                    for one in odd:
                        known.pop(one.id, None)
                    found.new += sum(row[place] not in known for row in rows)
                    found.add([row for row in rows if known.pop(row[place], None) != row])
                    found.lost.extend(known)
                found.seen += mark.count - (1 if last else 0)
                last = max(last, mark.last_id)
                if progress is not None:
                    progress(module, found.seen, found.known.rows)
        found.lost.extend(store.ids(module, last))
    except BaseException:
        found.close()
        raise
    return found


async def pull_new(client: ItflowClient, store: MirrorStore, module: str) -> int:
    """Read the rows that are newer than all known ones, in one request as a rule.

    Returns:
        How many were added.

    Raises:
        ItflowError: They could not be read.
    """
    start = max(0, store.known(module).rows - TAIL_OVERLAP)
    added = 0
    async with aclosing(client.pages(module, start_offset=start)) as pages:
        async for page in pages:
            rows, _ = _read(module, page.rows or ())
            added += store.add(module, rows)
    return added


def _read(module: str, rows: Iterable[Row]) -> tuple[list[StoredRow], list[Odd]]:
    """What can be read of some rows, and what cannot."""
    read, odd = [], []
    table = TABLES[module]
    for row in rows:
        try:
            read.append(table.read(row))
        except RowGarbled as error:
            odd.append(Odd(error.row_id or 0, str(error), error.client_id, error.invoice_id))
    return read, odd
