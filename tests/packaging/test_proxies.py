"""docs/proxies.md: its lines, in a real nginx and a real Caddy, take the prefix off and keep keys out of the logs."""

import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from bridge.directory.mirror import Mirror
from bridge.http.state import MIRROR
from bridge.service import make_app, serving
from bridge.settings import load
from tests.counterparts import lacking
from tests.service.conftest import START_TIMEOUT_S

PAGE = Path(__file__).parents[2] / "docs" / "proxies.md"
COMPOSED = Path(__file__).parents[2] / "packaging" / "image" / "Caddyfile"
KEY = "key-that-no-log-may-hold"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture
async def bridge(tmp_path):
    """The application behind the proxy, with no mirror: every caller-ID answer is the trunk's name."""
    made = load(
        overrides={
            "itflow": {"url": "http://127.0.0.1:9", "api_key": "KEY"},
            "http": {"host": "127.0.0.1", "port": 0, "trusted_proxies": "127.0.0.1"},
            "agi": {"enabled": False},
            "storage": {"path": tmp_path / "bridge.db"},
        }
    )
    async with serving(make_app(made, {MIRROR: Mirror()})) as url:
        yield url


def lines_for(program: str) -> str:
    (block,) = re.findall(rf"## {program}\n.*?```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(block)


def nginx(upstream: str, port: int, folder: Path) -> list[str]:
    """The page's lines; plain HTTP in place of TLS, other ports and places."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if not program:
        lacking("No nginx here; Debian: apt install nginx-light")
    lines = [line for line in lines_for("nginx").splitlines() if "ssl_certificate" not in line]
    text = "\n".join(lines).replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    text = text.replace("http://127.0.0.1:8080/", f"{upstream}/").replace("/var/log/nginx", str(folder))
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/main.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{text}\n}}\n"
    )
    subprocess.run([program, "-t", "-q", "-c", str(config)], check=True)
    return [program, "-c", str(config)]


def caddy(upstream: str, port: int, folder: Path) -> list[str]:
    """The page's lines; plain HTTP in place of TLS, other ports, and no door for its administration."""
    text = lines_for("Caddy").replace("bridge.example.com", f"http://127.0.0.1:{port}")
    return run_caddy(text.replace("127.0.0.1:8080", upstream.removeprefix("http://")), folder)


def composed(upstream: str, port: int, folder: Path) -> list[str]:
    """The Caddy of compose.yaml, likewise."""
    text = COMPOSED.read_text().replace("{$BRIDGE_HOST}", f"http://127.0.0.1:{port}")
    return run_caddy(text.replace("bridge:8080", upstream.removeprefix("http://")), folder)


def run_caddy(text: str, folder: Path) -> list[str]:
    program = shutil.which("caddy") or lacking("No caddy here; Debian: apt install caddy")
    config = folder / "Caddyfile"
    config.write_text(re.sub(r"^{\n", "{\n\tadmin off\n", text, count=1, flags=re.MULTILINE))
    return [program, "run", "--config", str(config), "--adapter", "caddyfile"]


@pytest.fixture(
    params=[(nginx, "/itflow-bridge"), (caddy, "/itflow-bridge"), (composed, "")], ids=lambda one: one[0].__name__
)
def proxied(request, tmp_path):
    """Starts the proxy in front of an upstream and gives its address once it answers; what it says goes to a log."""

    configured, prefix = request.param

    @contextmanager
    def start(upstream):
        port = free_port()
        words = configured(upstream, port, tmp_path)
        places = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        with (tmp_path / "said.log").open("w") as said:
            process = subprocess.Popen(words, stdout=said, stderr=said, env={**os.environ, **places})
            try:
                listening(port, process)
                yield f"http://127.0.0.1:{port}{prefix}"
            finally:
                process.terminate()
                process.wait()

    return start


def listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens there."""
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)  # each try may come from the very port that is tried, and then takes it from the proxy
    raise RuntimeError("the proxy does not start")


def holding_a_secret(folder: Path) -> list[str]:
    logs = {path.name: path.read_text() for path in folder.glob("*.log")}
    assert logs
    return [name for name, text in logs.items() if KEY in text or "2125550101" in text]


async def test_the_prefix_is_taken_off_and_no_log_holds_a_key(proxied, bridge, tmp_path):
    timeout = aiohttp.ClientTimeout(total=START_TIMEOUT_S)
    with proxied(bridge) as url:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            async with session.get(f"{url}/healthz") as answer:
                assert answer.status == 200
            async with session.get(f"{url}/api.php?api_key={KEY}&cid=2125550101&name=Trunk") as answer:
                assert await answer.text() == "Trunk"
            async with session.get(f"{url}/phonebook/yealink/{KEY}/book.xml") as answer:
                assert answer.status == 401
            async with session.get(f"{url}/metrics", headers={"Forwarded": "for=127.0.0.1"}) as answer:
                assert answer.status == 401  # whoever comes through the proxy is not of this machine
    assert holding_a_secret(tmp_path) == []


async def test_no_log_holds_a_key_while_the_bridge_is_down(proxied, tmp_path):
    with proxied(f"http://127.0.0.1:{free_port()}") as url:
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {KEY}"}
            async with session.get(f"{url}/api.php?api_key={KEY}&cid=2125550101", headers=headers) as answer:
                assert answer.status == 502
    assert holding_a_secret(tmp_path) == []
