"""What an operator sees when the bridge starts, and when it cannot."""

import re
import socket

import pytest

pytestmark = pytest.mark.parametrize("generation", ["26.02"], indirect=True)

KEY_IN_PATH = "key-in-path-key-in-path-key-0001"


@pytest.fixture
def busy_port():
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"HTTP_PORT": "busy", "HTTP_HOST": "127.0.0.1"}, "http.host and http.port: cannot listen on 127.0.0.1:"),
        ({"HTTP_HOST": "no host"}, "http.host and http.port: cannot listen on no host:"),
        ({"STORAGE_PATH": "/dev/null/bridge.db"}, "setting storage.path"),
    ],
)
async def test_what_keeps_it_from_starting_is_one_line(serve, busy_port, setting, told):
    with pytest.raises(RuntimeError) as failed:
        await serve(**{name: value.replace("busy", str(busy_port)) for name, value in setting.items()})
    assert told in str(failed.value)
    assert "Traceback" not in str(failed.value)
    assert str(failed.value).strip().splitlines()[-1].startswith(told.partition(":")[0].partition("setting")[0])


async def test_a_second_bridge_answers_although_the_first_has_the_port_for_fastagi(serve, busy_port):
    bridge = await serve(AGI_PORT=str(busy_port))
    await bridge.ready()
    assert (await bridge.ask("/api.php?api_key=all&cid=2125550101")).text == "Alice O'Neil"
    assert any("ERROR" in line and "agi.port" in line for line in bridge.log)
    assert await bridge.stop() == 0


async def test_the_log_tells_the_state_and_no_key(serve, itflow_server, command):
    command("keys", "add", "phone", "--key", KEY_IN_PATH)
    empty = await serve(ITFLOW_URL="http://127.0.0.1:1")
    assert (await empty.ask(f"/phonebook/yealink/{KEY_IN_PATH}/book.xml")).status == 503
    await empty.stop()
    assert any("There is no mirror yet" in line for line in empty.log)
    assert any("GET /phonebook/" in line for line in empty.log)
    first = await serve()
    await first.ready()
    await first.stop()
    await itflow_server.cleanup()
    again = await serve()
    await again.until(lambda answer: bool(answer.json["faults"]), "/readyz")
    await again.stop()
    for bridge in (first, again):
        assert sum(bool(re.search(r"INFO .*mirror of 20.*: 8 clients, 18 contacts", line)) for line in bridge.log) == 1
    assert not any(
        secret in line for bridge in (empty, first, again) for line in bridge.log for secret in (KEY_IN_PATH, "KEYALL")
    )
