"""One pull of one module: what is new, changed and gone, and whether that can be believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any, Final

from pydantic import TypeAdapter

from bridge.directory.store import Found, MirrorStore, StoredRow
from bridge.itflow import records
from bridge.itflow.client import ItflowClient
from bridge.itflow.protocol import Row

Record = records.Client | records.Contact | records.Location | records.Vendor | records.Invoice | records.Payment

RECORDS: Final[Mapping[str, type[Any]]] = {
    "clients": records.Client,
    "contacts": records.Contact,
    "locations": records.Location,
    "vendors": records.Vendor,
    "invoices": records.Invoice,
    "payments": records.Payment,
}
ADAPTERS: Final[Mapping[str, TypeAdapter[Any]]] = {module: TypeAdapter(kind) for module, kind in RECORDS.items()}

# A mirror this small may lose its rows without a doubt, as long as some are left.
LOSS_FLOOR = 5
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
    last = 0
    try:
        async with aclosing(client.pages(source or module, marks)) as pages:
            async for page in pages:
                found.marks[page.offset] = mark = page.mark
                if page.rows is None:
                    found.same_pages += 1
                elif page.rows:
                    known = store.records(module, last, mark.last_id)
                    rows = [stored(module, row) for row in page.rows]
                    found.new += sum(row[1] not in known for row in rows)
                    found.add([row for row in rows if known.pop(row[1], None) != row[4]])
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
            added += store.add(module, [stored(module, row) for row in page.rows or ()])
    return added


def doubt(found: Found, max_loss: float) -> str:
    """Why a pull is not to be believed, or nothing.

    Args:
        found: The pull.
        max_loss: The share of the known rows that may be gone.
    """
    known, lost, module = found.known.rows, len(found.lost), found.module
    if known and not found.seen:
        what = f"ITFlow shows no {module} at all, but the mirror knows {known}"
    elif lost > max(LOSS_FLOOR, max_loss * known):
        what = (
            f"{lost} of {known} known {module} are gone from ITFlow's answer (setting sync.max_loss: {max_loss:.0%})"
        )
    else:
        return ""
    return (
        f"{what}. The mirror keeps what it knows. If the rows are really gone, run `itflow-bridge sync --accept`; "
        "if not, look at the API key's clients and rights, and at ITFlow's PHP log for database errors."
    )


def stored(module: str, row: Row) -> StoredRow:
    """Reduce a row to what the bridge uses.

    Raises:
        WireGarbled: A column cannot be read.
    """
    record = records.read(RECORDS[module], row)
    # Defaults are left out: it is short, and it is the form in which the record's validators take it back.
    data = ADAPTERS[module].dump_json(record, exclude_defaults=True)
    client_id = record.id if module == "clients" else getattr(record, "client_id", 0)
    return module, record.id, client_id, record.archived, data


def load(module: str, rows: Iterable[bytes]) -> Iterable[Any]:
    """The records of stored rows."""
    adapter = ADAPTERS[module]
    return (adapter.validate_json(row) for row in rows)
