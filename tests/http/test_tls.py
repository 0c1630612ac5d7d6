"""TLS of our own: real handshakes, and certificates that change while the bridge serves."""

from __future__ import annotations

import asyncio
import logging
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bridge.errors import SettingsError
from bridge.http.front import TIMES, Times
from bridge.http.listening import listening
from bridge.http.tls import Certificate, certified
from bridge.settings import HttpSection, load

PAIRS = Path(__file__).parents[1] / "data/http/tls"


def put(folder: Path, *, cert: str, key: str) -> None:
    """Install a pair as a renewal does: new files under the old names."""
    for name, source in (("cert.pem", f"{cert}.pem"), ("key.pem", f"{key}.key")):
        shutil.copy(PAIRS / source, folder / "new")
        (folder / "new").replace(folder / name)


def section(folder: Path) -> HttpSection:
    return HttpSection(host="127.0.0.1", port=0, tls_cert=folder / "cert.pem", tls_key=folder / "key.pem")


async def shown(port: int) -> str:
    """Which of the two certificates a client sees, and that it is answered over it."""
    for name in ("one", "two"):
        trust = ssl.create_default_context(cafile=str(PAIRS / f"{name}.pem"))
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
        except ssl.SSLCertVerificationError:
            continue
        writer.write(b"GET /x HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
        return name
    raise AssertionError("neither")


@asynccontextmanager
async def serving(folder: Path, times: Times = TIMES) -> AsyncIterator[tuple[int, Certificate]]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="x")

    app = web.Application()
    app.router.add_get("/x", answer)
    certificate = Certificate(folder / "cert.pem", folder / "key.pem")
    async with listening(app, section(folder), tls=certificate.door, times=times) as (_, port):
        yield port, certificate


async def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    put(tmp_path, cert="one", key="one")
    async with serving(tmp_path) as (port, certificate):
        assert await shown(port) == "one"
        put(tmp_path, cert="two", key="two")
        assert await shown(port) == "one"
        certificate.look()
        assert await shown(port) == "two"


@pytest.mark.parametrize(("cert", "key"), [("two", "one"), ("two", "locked")])
async def test_a_pair_that_does_not_fit_is_told_and_the_one_of_before_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, cert: str, key: str
) -> None:
    put(tmp_path, cert="one", key="one")
    async with serving(tmp_path) as (port, certificate):
        put(tmp_path, cert=cert, key=key)
        certificate.look()
        certificate.look()
        assert await shown(port) == "one"
        assert caplog.text.count("The certificate of before stays in use") == 1
        (tmp_path / "key.pem").unlink()
        certificate.look()
        assert await shown(port) == "one"
        put(tmp_path, cert="two", key="two")
        certificate.look()
        assert await shown(port) == "two"


async def test_the_files_are_looked_at_again_and_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(tmp_path, cert="one", key="one")
    async with serving(tmp_path) as (port, certificate):
        with caplog.at_level(logging.INFO, "bridge.http.tls"):
            async with certificate.looking(every_s=0.01), asyncio.timeout(10):
                put(tmp_path, cert="two", key="two")
                while "is used from now on" not in caplog.text:  # noqa: ASYNC110 - the log cannot tell us
                    await asyncio.sleep(0.01)
        assert await shown(port) == "two"


async def test_a_handshake_has_no_more_time_than_a_head(tmp_path: Path) -> None:
    put(tmp_path, cert="one", key="one")
    async with serving(tmp_path, Times(head_s=0.2)) as (port, _), asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x16\x03\x01")
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    ("cert", "key", "fault"),
    [
        ("one", "two", "is not the key of"),
        ("one", "locked", "the key without a password"),
        ("none", "one", "cannot be read: No such file"),
    ],
)
async def test_a_pair_that_cannot_be_used_is_told_at_the_start(cert: str, key: str, fault: str) -> None:
    given = HttpSection(tls_cert=PAIRS / f"{cert}.pem", tls_key=PAIRS / f"{key}.key")
    with pytest.raises(SettingsError, match=f"http\\.tls_cert and http\\.tls_key.*{fault}"):
        async with certified(given):
            pass


async def test_no_certificate_is_no_tls() -> None:
    async with certified(HttpSection()) as tls:
        assert tls is None


def test_a_certificate_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_HTTP_TLS_CERT", "cert.pem")
    with pytest.raises(SettingsError, match=r"http.*set http\.tls_cert and http\.tls_key, or neither"):
        load()
