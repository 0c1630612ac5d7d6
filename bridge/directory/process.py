"""The sync in a process of its own, so that reading 100,000 contacts takes nothing from the calls being answered.

Python runs one thread at a time, and reading rows and numbers is Python through and through; a thread would be felt.
The child pulls and stores, the parent takes the stored mirror over and answers. They share ``bridge.db`` and six
words: the parent says ``new`` (look for new rows), ``written`` (look at once), ``now`` (pull) or ``accept`` (pull and
believe), the child says ``stored``, and every few seconds ``alive``. The child ends when its standard input does, so
it never outlives the parent, however that ends; if the child dies or falls silent, another one is started. What other
processes store (an operator's ``sync``) is followed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bridge.controls import log_to_stderr
from bridge.directory.follow import NUDGE_GAP_S, Follower
from bridge.directory.mirror import Mirror
from bridge.directory.reader import Reader
from bridge.directory.sync import Sync
from bridge.errors import BridgeError
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.settings import Settings, SyncSection
from bridge.storage import Database, Watch

log = logging.getLogger(__name__)

# A child that says nothing for so long is replaced; it says twelve times as often that it is alive.
SILENCE_S = 60.0
BEATS = 12
RESTART_WAIT_S = 1.0
RESTART_WAIT_MAX_S = 60.0
# A child that lived this long did not die of its start.
SOUND_S = 60.0
STOP_S = 10.0
NICENESS = 5


@asynccontextmanager
async def following(
    settings: Settings, mirror: Mirror, watch: Watch, *, silence_s: float = SILENCE_S
) -> AsyncIterator[Follow]:
    """Keep a mirror up to date for as long as the context lasts.

    On entry the stored mirror, if there is one, is in use; ITFlow is not waited for.

    Args:
        settings: The settings.
        mirror: What features read.
        watch: Tells when something was stored, by the child or by anybody else.
        silence_s: How long the child may say nothing before it is taken for hung and replaced.

    Raises:
        SettingsError: ITFlow's address or key is not set.
        StorageError: ``bridge.db`` cannot be opened.
    """
    job = _job(settings, silence_s)
    # A connection of its own: while a large mirror is read, nobody else waits for it.
    database = await asyncio.to_thread(Database, settings.storage.path)
    try:
        follow = Follow(job, database, mirror, watch, silence_s)
        await follow.take_over()
        if not mirror.ready:
            log.warning("There is no mirror yet: every answer is empty or 503 until ITFlow has been read")
        mirror.on_nudge = follow.look_for_new
        mirror.on_written = follow.look_at_once
        mirror.on_accept = follow.accept
        watch.follow("mirror", follow.take_over)
        child = asyncio.create_task(follow.keep_child(), name="sync")
        try:
            yield follow
        finally:
            watch.unfollow("mirror")
            mirror.on_nudge = mirror.on_written = mirror.on_accept = None
            child.cancel()
            await asyncio.gather(child, return_exceptions=True)
    finally:
        database.close()


class Follow:
    """The parent's side: keeps the child alive and the mirror current; see ``following``.

    Attributes:
        process: The child, or None while there is none.
    """

    def __init__(self, job: str, database: Database, mirror: Mirror, watch: Watch, silence_s: float) -> None:
        self._job = job
        self._database = database
        self._mirror = mirror
        self._watch = watch
        self._silence_s = silence_s
        self._reader = Reader(database)
        self._nudged_at = -NUDGE_GAP_S
        self.process: Process | None = None

    def look_for_new(self) -> None:
        """Have the child look for new rows, at most every ``NUDGE_GAP_S``."""
        now = time.monotonic()
        if now - self._nudged_at >= NUDGE_GAP_S:
            self._nudged_at = now
            self._say("new")

    def look_at_once(self) -> None:
        """Have the child look for what the bridge has written."""
        self._say("written")

    def pull_now(self) -> None:
        """Have the child pull everything now."""
        self._say("now")

    def accept(self) -> None:
        """Have the child pull everything now, and believe what was doubted."""
        self._say("accept")

    def _say(self, word: str) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.write(f"{word}\n".encode())

    async def take_over(self) -> None:
        """Take the stored mirror into use, if it is another one.

        Raises:
            StorageError: It cannot be read; the one in use stays.
        """
        was_ready = self._mirror.ready
        self._mirror.swap(*await self._database.run(self._reader.read))
        people_at = self._mirror.freshness.people_at
        if self._mirror.ready and not was_ready and people_at is not None:
            rows = ", ".join(f"{count} {module}" for module, count in self._mirror.freshness.rows.items())
            log.info("Answers come from the mirror of %s: %s", people_at.at.isoformat(" ", "seconds"), rows)

    async def keep_child(self) -> None:
        """Run the child, and another one whenever it dies."""
        deaths = 0
        while True:
            started = time.monotonic()
            try:
                end = f"exit status {await self._run_child()}"
            except (OSError, _SilentError) as error:
                end = str(error)
            deaths = 0 if time.monotonic() - started > SOUND_S else deaths + 1
            wait_s = min(RESTART_WAIT_MAX_S, RESTART_WAIT_S * 2 ** max(0, deaths - 1))
            log.error("The process that pulls ITFlow ended (%s); it is started again in %.0f s", end, wait_s)
            await asyncio.sleep(wait_s)

    async def _run_child(self) -> int:
        # A session of its own: Ctrl-C is for the parent, which then ends the child in order.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bridge.directory.process", stdin=PIPE, stdout=PIPE, start_new_session=True
        )
        try:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("the child has no pipes")
            process.stdin.write(f"{self._job}\n".encode())
            self.process = process
            async with asyncio.timeout(self._silence_s) as silence:
                async for word in process.stdout:
                    silence.reschedule(asyncio.get_running_loop().time() + self._silence_s)
                    if word.strip() == b"stored":
                        self._watch.look()
                silence.reschedule(None)
            return await process.wait()
        except TimeoutError:
            process.kill()
            raise _SilentError(f"it said nothing for {self._silence_s:.0f} s") from None
        finally:
            self.process = None
            await _end(process)


class _SilentError(Exception):
    """The child hangs or was stopped."""


async def _end(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _job(settings: Settings, silence_s: float) -> str:
    """What the child must know, on one line; it goes through a pipe, because it holds ITFlow's key."""
    url, api_key = settings.itflow.require()
    return json.dumps(
        {
            "url": url,
            "api_key": api_key,
            "timeout_s": settings.itflow.timeout_s,
            "page_size": settings.itflow.page_size,
            "sync": settings.sync.model_dump(),
            "tickets_s": settings.tickets.whole_interval_s if settings.tickets.mirrored else None,
            "region": settings.numbers.region,
            "path": str(settings.storage.path.absolute()),
            "log_level": settings.log.level,
            "beat_s": silence_s / BEATS,
        }
    )


async def _child(job: dict[str, Any], said: asyncio.StreamReader) -> None:
    database = Database(Path(job["path"]))
    async with open_session() as session:
        client = ItflowClient(
            session, job["url"], job["api_key"], timeout_s=job["timeout_s"], page_size=job["page_size"]
        )
        section = SyncSection(**job["sync"])
        sync = Sync(client, database, region=job["region"], max_loss=section.max_loss)
        tickets = sync.following_tickets(job["tickets_s"]) if job["tickets_s"] else None

        def told() -> None:
            print("stored", flush=True)  # noqa: T201 - a word to the parent

        follower = Follower(sync, section, told, tickets)
        task = asyncio.create_task(follower.run())
        beating = asyncio.create_task(_beat(job["beat_s"]))
        listening = asyncio.create_task(_listen(said, follower))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, listening.cancel)
        try:
            await asyncio.wait((task, listening), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (listening, beating, task):
                one.cancel()
            results = await asyncio.gather(task, listening, return_exceptions=True)
            database.close()
        for result in results:
            if isinstance(result, Exception):
                raise result


async def _beat(beat_s: float) -> None:
    """Tell the parent that this process is neither stopped nor hung."""
    while True:
        print("alive", flush=True)  # noqa: T201 - a word to the parent
        await asyncio.sleep(beat_s)


async def _listen(said: asyncio.StreamReader, follower: Follower) -> None:
    """Follow the parent's words until there is no parent any more."""
    words = {
        b"new": follower.look_for_new,
        b"written": follower.look_at_once,
        b"now": follower.pull_now,
        b"accept": follower.accept,
    }
    async for line in said:
        words[line.strip()]()


async def _main() -> None:
    said = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(said), sys.stdin)
    line = await said.readline()
    if not line:
        return
    job = json.loads(line)
    log_to_stderr(job["log_level"])
    os.nice(NICENESS)
    try:
        await _child(job, said)
    except BridgeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    asyncio.run(_main())
