"""The FastAGI server: one task a call, every one of them ended and awaited when the server stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from types import ModuleType

from cachetools import TTLCache
from prometheus_client import Counter

from bridge.access.keys import Feature, Key
from bridge.agi import balance, callerid, prompts
from bridge.agi.features import Features
from bridge.agi.protocol import Environment
from bridge.agi.session import Session
from bridge.agi.slots import Slots
from bridge.errors import BadParameter, BridgeError, HungUp, KeyMissing, KeyWrong, SettingsError, TooMany, place
from bridge.numbers import masked

log = logging.getLogger(__name__)

KEY_VARIABLE = "ITFLOW_KEY"
KEY_S = 2  # within which a connection shows its key
QUIET_S = 60  # between two warnings of one kind about one address
MAX_WARNED = 1000
_CALLS = Counter("itflow_bridge_agi_calls", "FastAGI calls by script and what came of them", ["script", "outcome"])
SCRIPTS: Mapping[str, ModuleType] = {"callerid": callerid, "balance": balance}


class Server:
    """Answers FastAGI calls."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._slots = Slots(features.settings.max_calls, features.settings.max_waiting)
        self._calls: set[asyncio.Task[None]] = set()
        self._warned: TTLCache[tuple[str, str], bool] = TTLCache(MAX_WARNED, QUIET_S)
        self._closing = False

    @property
    def calls(self) -> int:
        """Connections that are open now."""
        return len(self._calls)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, to its end."""
        task = asyncio.current_task()
        session = Session(reader, writer)
        fault = self._slots.open(session.peer)
        if task is None or fault:
            self._warn(session.peer, "slots", f"a connection was closed, because {fault}.")
            writer.close()
            return
        self._calls.add(task)
        try:
            await self._answer(session)
        except asyncio.CancelledError:
            # asyncio's streams log a cancelled call as an error of theirs; ours end here.
            if not self._closing:
                raise
        finally:
            self._calls.discard(task)
            writer.close()
            if self._closing:
                writer.transport.abort()

    async def close(self) -> None:
        """End every call."""
        self._closing = True
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _answer(self, session: Session) -> None:
        who, name = ("?", "?"), "unknown"
        try:
            environment, script, key = await self._begun(session)
            who = _names(environment)
            name = environment.script
            with self._slot():
                outcome = await script.run(session, environment, self._features, key)
            log.info("agi %s of %s for key %s: %s", *who, key.name, outcome)
            _CALLS.labels(name, "served").inc()
        except HungUp:
            _CALLS.labels(name, "hung_up").inc()
            log.info("agi %s of %s from %s: hung up", *who, session.peer)
        except BridgeError as error:
            _CALLS.labels(name, "refused").inc()
            kind = KeyWrong if isinstance(error, TooMany) else type(error)  # both are of the same guesses
            self._warn(session.peer, kind.__name__, f"{who[0]} of {who[1]}: {error}")
        except Exception as error:  # noqa: BLE001 - a fault of ours ends one call, and the dialplan goes on
            _CALLS.labels(name, "failed").inc()
            # Its text may hold what the caller typed, so only its kind and place are logged.
            log.error("agi %s of %s failed with %s:\n%s", *who, type(error).__name__, place(error))  # noqa: TRY400 - as said

    async def _begun(self, session: Session) -> tuple[Environment, ModuleType, Key]:
        """Who calls, what for, and with which key; soon, or not at all."""
        try:
            async with asyncio.timeout(KEY_S):
                environment = await session.begin()
                script = SCRIPTS.get(environment.script)
                if script is None:
                    raise BadParameter(f"There is no FastAGI script of that name; there are {', '.join(SCRIPTS)}.")
                return environment, script, await self._key(environment, session, script.FEATURE)
        except TimeoutError as error:
            raise KeyMissing(f"No key was shown within {KEY_S} seconds.") from error
        finally:
            self._slots.close(session.peer)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if fault := self._slots.begin():
            raise BadParameter(f"A call was refused, because {fault}.")
        try:
            yield
        finally:
            self._slots.end()

    def _warn(self, peer: str, kind: str, text: str) -> None:
        if (peer, kind) not in self._warned:
            self._warned[peer, kind] = True
            log.warning("agi from %s: %s", peer or "an address that has gone", text)

    async def _key(self, environment: Environment, session: Session, feature: Feature) -> Key:
        """The key in the first argument or the channel's ``ITFLOW_KEY``, else the one of the setting ``agi.key``.

        Asterisk writes arguments into its call records (``lastdata`` of a CDR), so the dialplan uses the variable.

        Raises:
            RequestError: There is none, or it does not open the feature.
        """
        keys, name = self._features.keys, self._features.settings.key
        if secret := environment.get("arg_1") or await session.get(KEY_VARIABLE):
            return keys.open(secret, feature, session.peer)
        if name is None:
            raise KeyMissing(f"Set the channel's {KEY_VARIABLE} to a key, or name one in the setting agi.key.")
        return keys.open_named(name, feature, session.peer)


@asynccontextmanager
async def listening(features: Features) -> AsyncIterator[tuple[Server, int]]:
    """Listen as the settings say; at the end every call and the socket are closed.

    Yields:
        The server and its port.

    Raises:
        SettingsError: The address cannot be listened on, or a table of prompts is wrong.
    """
    prompts.load(prompts.FALLBACK)
    server, section = Server(features), features.settings
    if section.pin.hint:
        log.warning("%s", section.pin.hint)
    try:
        listener = await asyncio.start_server(server.serve, section.host, section.port)
    except OSError as error:
        fault = f"agi.host and agi.port: cannot listen on {section.host}:{section.port}: {error.strerror}. "
        raise SettingsError([fault + "Choose another port, or BRIDGE_AGI_ENABLED=false."]) from error
    port = listener.sockets[0].getsockname()[1]
    log.info("FastAGI is answered on %s:%d.", section.host, port)
    try:
        yield server, port
    finally:
        listener.close()
        await server.close()
        await listener.wait_closed()


def _names(environment: Environment) -> tuple[str, str]:
    return environment.script, masked(environment.number)
