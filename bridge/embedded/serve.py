"""Run the embedded ITFlow as a server of its own."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from sqlite3 import Error as SqliteError

from aiohttp import web

from bridge.embedded.faults import FaultKind
from bridge.embedded.generations import Generation
from bridge.embedded.server import EmbeddedItflow

SAMPLE = "sample"
EMPTY = "empty"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def run(
    host: str = "127.0.0.1",
    port: int = 8090,
    generation: Generation = "26.02",
    data: str = SAMPLE,
    *,
    database: str | Path = ":memory:",
    keys: Mapping[str, int] | None = None,
    display_errors: bool = False,
    dropin: bool = False,
    faults: Sequence[tuple[FaultKind, str]] = (),
    locked: Sequence[str] = (),
    say: Callable[[str], None] = _say,
    until: asyncio.Event | None = None,
) -> None:
    """Serve until cancelled, or until an event is set.

    Args:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        generation: What it pretends to be.
        data: ``sample``, ``empty``, or the path of a JSON file that holds rows by table. Left out of account
            where the database holds clients already.
        database: A file that the rows are kept in, or ``:memory:``.
        keys: The API keys it accepts, each with its client; 0 is all of them. ``demo`` if none are named.
        display_errors: Whether PHP's errors show in the answers.
        dropin: Whether the page for payments is dropped in.
        faults: What goes wrong with every request to a module; "" is all of them.
        locked: Tables that are locked as long as the server runs.
        say: Takes each line for the user: the URL, and the keys.
        until: Ends the server once it is set.

    Raises:
        OSError: The port is taken, or the data cannot be read.
        ValueError: The data is not what is described above, or there is no such generation.
        sqlite3.Error: The database cannot be opened.
    """
    itflow = EmbeddedItflow(database, generation, display_errors=display_errors, dropin=dropin)
    runner = web.AppRunner(itflow.make_app())
    try:
        _fill(itflow, data)
        accepted = keys or {"demo": 0}
        for secret, client_id in accepted.items():
            itflow.add_key(secret, client_id)
        for kind, module in faults:
            itflow.faults.add(kind, module, times=None)
        for table in locked:
            itflow.faults.lock(table)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0][1]
        say(f"ITFlow {generation} (embedded) on http://{host}:{bound}")
        for secret, client_id in accepted.items():
            say(f"  key {secret}: {f'client {client_id} only' if client_id else 'all clients'}")
        await (until or asyncio.Event()).wait()
    finally:
        await runner.cleanup()
        itflow.close()


def _fill(itflow: EmbeddedItflow, data: str) -> None:
    if data == EMPTY or itflow.connection.execute("SELECT 1 FROM clients LIMIT 1").fetchone():
        return
    if data == SAMPLE:
        itflow.load_sample()
        return
    try:
        itflow.load(json.loads(Path(data).read_text(encoding="utf-8")))
    except (AttributeError, KeyError, TypeError, ValueError, SqliteError) as error:
        raise ValueError(
            f"{data} does not hold a JSON object with lists of rows by ITFlow's tables: {error}"
        ) from error
