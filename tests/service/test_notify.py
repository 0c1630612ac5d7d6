"""What systemd hears: a socket of our own in its place, as ``sd_notify(3)`` describes it."""

import asyncio
import signal
import socket

import pytest

from tests.service.conftest import START_TIMEOUT_S, NotStarted

pytestmark = pytest.mark.parametrize("generation", ["26.02"], indirect=True)


class Supervisor:
    """Receives datagrams as systemd does."""

    def __init__(self, path):
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)

    async def heard(self, wanted, timeout_s=START_TIMEOUT_S):
        """Wait for a message that begins so; what came before it is passed over."""
        async with asyncio.timeout(timeout_s):
            while True:
                message = (await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode()
                if message.startswith(wanted):
                    return message

    def drain(self):
        while True:
            try:
                self._socket.recv(4096)
            except BlockingIOError:
                return

    def close(self):
        self._socket.close()


@pytest.fixture
def supervisor(tmp_path, monkeypatch):
    """In place of systemd, with a watchdog of half a second."""
    made = Supervisor(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", made.path)
    monkeypatch.setenv("WATCHDOG_USEC", "500000")
    yield made
    made.close()


async def test_it_tells_the_start_reloads_and_the_end(serve, supervisor):
    bridge = await serve()
    assert f"answers on {bridge.url}" in await supervisor.heard("READY=1")
    bridge.process.send_signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in await supervisor.heard("RELOADING=1")
    await supervisor.heard("READY=1")
    await asyncio.gather(bridge.stop(), supervisor.heard("STOPPING=1"))


async def test_a_loop_that_hangs_gives_no_sign_of_life(serve, supervisor):
    bridge = await serve()
    await supervisor.heard("WATCHDOG=1")
    bridge.process.send_signal(signal.SIGSTOP)
    supervisor.drain()
    with pytest.raises(TimeoutError):
        await supervisor.heard("WATCHDOG=1", timeout_s=1)
    bridge.process.send_signal(signal.SIGCONT)
    await supervisor.heard("WATCHDOG=1")


@pytest.mark.parametrize(
    ("setting", "status"),
    [
        ({"CALLERID_MAX_CHARS": "0"}, 78),
        ({"ITFLOW_API_KEY": ""}, 78),
        ({"ITFLOW_API_KEY": None, "ITFLOW_API_KEY_FILE": "/dev/null"}, 78),
        ({"HTTP_PORT": "busy"}, 1),
        ({"STORAGE_PATH": "/dev/null/bridge.db"}, 1),
    ],
)
async def test_the_exit_status_tells_whether_another_start_may_help(serve, setting, status):
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(NotStarted) as failed:
            await serve(**{name: port if value == "busy" else value for name, value in setting.items()})
    assert failed.value.status == status, str(failed.value)
    assert "Traceback" not in str(failed.value)
