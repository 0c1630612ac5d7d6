"""docs/proxies.md: its lines for nginx, in a real nginx, take the prefix off and keep keys out of the logs."""

import re
import shutil
import socket
import subprocess
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


@pytest.fixture
def nginx(bridge, tmp_path):
    """A real nginx with the page's lines; plain HTTP in place of TLS, other ports and places."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if not program:
        lacking("No nginx here; Debian: apt install nginx-light")
    (block,) = re.findall(r"## nginx\n\n```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    port = free_port()
    lines = [line for line in block.splitlines() if "ssl_certificate" not in line]
    text = "\n".join(lines).replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    text = text.replace("http://127.0.0.1:8080/", f"{bridge}/").replace("/var/log/nginx", str(tmp_path))
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/main.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {tmp_path}/body; proxy_temp_path {tmp_path}/proxy;\n"
        f"fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n{text}\n}}\n"
    )
    subprocess.run([program, "-t", "-q", "-c", str(config)], check=True)
    with subprocess.Popen([program, "-c", str(config)]) as process:
        yield f"http://127.0.0.1:{port}/itflow-bridge"
        process.terminate()


async def test_the_prefix_is_taken_off_and_no_log_holds_a_key(nginx, tmp_path):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=START_TIMEOUT_S)) as session:
        while True:
            try:
                async with session.get(f"{nginx}/healthz") as answer:
                    assert answer.status == 200
                    break
            except aiohttp.ClientConnectorError:
                continue  # it is about to listen
        async with session.get(f"{nginx}/api.php?api_key={KEY}&cid=2125550101&name=Trunk") as answer:
            assert await answer.text() == "Trunk"
        async with session.get(f"{nginx}/phonebook/yealink/{KEY}/book.xml") as answer:
            assert answer.status == 401
        async with session.get(f"{nginx}/metrics") as answer:
            assert answer.status == 401  # whoever comes through the proxy is not of this machine
    logs = {path.name: path.read_text() for path in tmp_path.glob("*.log")}
    assert "401" in logs["itflow-bridge.log"]
    assert not [name for name, text in logs.items() if KEY in text or "2125550101" in text]
