"""The sync in a process of its own, so that reading 100,000 contacts takes nothing from the calls being answered.

Python runs one thread at a time, and reading rows and numbers is Python through and through; a thread would be felt.
The child pulls and stores, the parent takes the stored mirror over and answers. They share ``bridge.db`` and a few
words: the parent says ``new`` (look for new rows), ``written`` (look at once), ``now`` (pull) or ``accept`` (pull and
believe); the child says ``stored``, and every few seconds and after each pull which pulls fail and what it has
counted, as JSON. The child ends when its standard input does, so it never outlives the parent, however that ends; if
the child dies or falls silent, another one is started. What other processes store (an operator's ``sync``) is
followed.
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
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bridge import metrics
from bridge.controls import log_to_stderr
from bridge.directory.follow import NUDGE_GAP_S, Follower
from bridge.directory.mirror import Mirror
from bridge.directory.reader import Reader
from bridge.directory.sync import Sync
from bridge.errors import BridgeError
from bridge.itflow.client import connected
from bridge.itflow.keyfile import followed
from bridge.settings import ItflowSection, Settings, SyncSection
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
LINE_BYTES = 1 << 20  # of the child's words


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
        self._started = 0.0
        self._again = False  # the child ends because another one is to begin
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

    def apply(self, settings: Settings) -> None:
        """Take over changed settings: a child of before ends, and another one begins with the new ones.

        Raises:
            SettingsError: ITFlow's address or key is not set; the child of before goes on.
        """
        job = _job(settings, self._silence_s)
        if job != self._job:
            self._job = job
            if self.process is not None and self.process.stdin is not None:
                self._again = True
                self.process.stdin.close()

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
        puller = self._mirror.puller
        while True:
            self._started = time.monotonic()
            try:
                end = f"exit status {await self._run_child()}"
            except (OSError, _SilentError) as error:
                end = str(error)
            if self._again:
                self._again = False
                continue
            puller.ended += 1
            puller.deaths = 0 if time.monotonic() - self._started > SOUND_S else puller.deaths + 1
            wait_s = min(RESTART_WAIT_MAX_S, RESTART_WAIT_S * 2 ** max(0, puller.deaths - 1))
            log.error("The process that pulls ITFlow ended (%s); it is started again in %.0f s", end, wait_s)
            await asyncio.sleep(wait_s)

    async def _run_child(self) -> int:
        # A session of its own: Ctrl-C is for the parent, which then ends the child in order.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bridge.directory.process",
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,
            limit=LINE_BYTES,
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
                    else:
                        self._hear(json.loads(word))
                silence.reschedule(None)
            return await process.wait()
        except TimeoutError:
            process.kill()
            raise _SilentError(f"it said nothing for {self._silence_s:.0f} s") from None
        finally:
            self.process = None
            await _end(process)

    def _hear(self, told: Mapping[str, Any]) -> None:
        puller = self._mirror.puller
        puller.failing, puller.metrics = told["failing"], told["metrics"]
        if time.monotonic() - self._started > SOUND_S:
            puller.deaths = 0


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
    key_file = settings.itflow.api_key_file
    return json.dumps(
        {
            "itflow": {
                **settings.itflow.model_dump(mode="json", exclude={"api_key", "api_key_file"}),
                "url": url,
                # The child follows a file of the key by itself.
                **({"api_key_file": str(key_file.absolute())} if key_file else {"api_key": api_key}),
            },
            "sync": settings.sync.model_dump(),
            "tickets_s": settings.tickets.whole_interval_s if settings.tickets.mirrored else None,
            "region": settings.numbers.region,
            "path": str(settings.storage.path.absolute()),
            "log_level": settings.log.level,
            "log_format": settings.log.format,
            "beat_s": silence_s / BEATS,
        }
    )


async def _child(job: dict[str, Any], said: asyncio.StreamReader) -> None:
    database = Database(Path(job["path"]))
    itflow = ItflowSection(**job["itflow"])
    async with connected(itflow) as client:
        section = SyncSection(**job["sync"])
        sync = Sync(client, database, region=job["region"], max_loss=section.max_loss)
        tickets = sync.following_tickets(job["tickets_s"]) if job["tickets_s"] else None
        follower = Follower(sync, section, lambda: _say("stored"), tickets)
        tell = partial(_tell, follower)
        follower.outages.changed = tell
        task = asyncio.create_task(follower.run())
        beating = asyncio.create_task(_beat(tell, job["beat_s"]))
        listening = asyncio.create_task(_listen(said, follower))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, listening.cancel)

        async def with_key(key: str) -> None:
            client.api_key = key
            follower.pull_now()

        try:
            async with followed(itflow, with_key):
                await asyncio.wait((task, listening), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (listening, beating, task):
                one.cancel()
            results = await asyncio.gather(task, listening, return_exceptions=True)
            database.close()
        for result in results:
            if isinstance(result, Exception):
                raise result


def _say(line: str) -> None:
    try:
        print(line, flush=True)  # noqa: T201 - a word to the parent
    except BrokenPipeError:
        # The parent is gone, which the end of the standard input tells too. What is left goes nowhere, also at the end
        # of this process (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(follower: Follower) -> None:
    failing = {kind: error.__name__ for kind, error in follower.outages.failing.items()}
    _say(json.dumps({"failing": failing, "metrics": metrics.written()}))


async def _beat(tell: Callable[[], None], beat_s: float) -> None:
    """Tell the parent that this process is neither stopped nor hung, and how it goes."""
    while True:
        tell()
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
    log_to_stderr(job["log_level"], job["log_format"], unhurried=True)
    os.nice(NICENESS)
    try:
        await _child(job, said)
    except BridgeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    asyncio.run(_main())
