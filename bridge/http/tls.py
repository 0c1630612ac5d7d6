"""TLS of our own: certificate and key are taken anew when their files change, for connections from then on.

What renews certificates (certbot, acme.sh) writes one file after the other, so a pair that does not fit is never
taken: the one in use stays until a good one is there.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bridge.errors import SettingsError
from bridge.settings import HttpSection
from bridge.tasks import running

log = logging.getLogger(__name__)

LOOK_S = 5.0

# What tells a changed file: a renewal may keep the name, the size, or both.
_Stamp = tuple[tuple[int, int, int], ...]


class Certificate:
    """A certificate and its key, as the files hold them.

    Attributes:
        door: The context to listen with; it hands every new connection to the newest good pair.

    Raises:
        SettingsError: The pair cannot be used.
    """

    def __init__(self, cert: Path, key: Path) -> None:
        self._cert = cert
        self._key = key
        self._stamp = self._now()
        self._newest = self._read()
        self.door = self._read()
        # Called in every handshake, also where the client names no server.
        self.door.sni_callback = self._choose

    def look(self) -> None:
        """Take the files anew if they have changed; a bad pair is told once and not taken."""
        stamp = self._now()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._newest = self._read()
        except SettingsError as error:
            log.warning("%s The certificate of before stays in use.", error)
        else:
            log.info("The certificate in %s is used from now on.", self._cert)

    @asynccontextmanager
    async def looking(self, every_s: float = LOOK_S) -> AsyncIterator[None]:
        """Look again and again as long as the context lasts."""

        async def look() -> None:
            while True:
                await asyncio.sleep(every_s)
                await asyncio.to_thread(self.look)

        async with running(look(), "certificate"):
            yield

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._newest

    def _now(self) -> _Stamp:
        found = []
        for path in (self._cert, self._key):
            with suppress(OSError):
                status = path.stat()
                found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        return tuple(found)

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(self._cert, self._key, password=b"")
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                fault = f"http.tls_cert and http.tls_key: {self._key} is not the key of {self._cert}."
            else:
                fault = (
                    f"http.tls_cert and http.tls_key: {self._cert} must be a certificate and {self._key} its key, "
                    "both in PEM, the key without a password."
                )
            raise SettingsError([fault]) from error
        except OSError as error:
            fault = f"http.tls_cert and http.tls_key: {self._cert} or {self._key} cannot be read: {error.strerror}."
            raise SettingsError([fault]) from error
        return context


@asynccontextmanager
async def certified(section: HttpSection) -> AsyncIterator[ssl.SSLContext | None]:
    """The context to listen with, kept up to date; None where no certificate is set.

    Raises:
        SettingsError: The pair cannot be used.
    """
    if section.tls_cert is None or section.tls_key is None:
        yield None
        return
    certificate = Certificate(section.tls_cert, section.tls_key)
    async with certificate.looking():
        yield certificate.door
