"""The FastAGI server: one task a call, every one of them ended and awaited when the server stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import ModuleType

from bridge.access.keys import Feature, Key
from bridge.agi import balance, callerid, prompts
from bridge.agi.features import Features
from bridge.agi.protocol import Environment
from bridge.agi.session import Session
from bridge.errors import BadParameter, BridgeError, HungUp, KeyMissing, SettingsError
from bridge.numbers import masked

log = logging.getLogger(__name__)

KEY_VARIABLE = "ITFLOW_KEY"
SCRIPTS: Mapping[str, ModuleType] = {"callerid": callerid, "balance": balance}


class Server:
    """Answers FastAGI calls."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._calls: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def calls(self) -> int:
        """Calls being served now."""
        return len(self._calls)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, to its end."""
        task = asyncio.current_task()
        if task is None or self.calls >= self._features.settings.max_calls:
            log.warning("A FastAGI call was refused: %d are being served (setting agi.max_calls).", self.calls)
            writer.close()
            return
        self._calls.add(task)
        try:
            await self._answer(Session(reader, writer))
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
        environment = None
        try:
            environment = await session.begin()
            script = SCRIPTS.get(environment.script)
            if script is None:
                raise BadParameter(f"There is no FastAGI script of that name; there are {', '.join(SCRIPTS)}.")
            key = await self._key(environment, session, script.FEATURE)
            outcome = await script.run(session, environment, self._features, key)
            log.info("agi %s of %s for key %s: %s", *_names(environment), key.name, outcome)
        except HungUp:
            log.info("agi %s of %s: hung up", *_names(environment))
        except BridgeError as error:
            log.warning("agi %s of %s: %s", *_names(environment), error)

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


def _names(environment: Environment | None) -> tuple[str, str]:
    if environment is None:
        return "?", "?"
    return environment.script if environment.script in SCRIPTS else "?", masked(environment.number)
