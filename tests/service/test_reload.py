"""SIGHUP: settings are read anew, nothing that is being answered is lost, and what is wrong changes nothing."""

import asyncio
import signal
import socket
from pathlib import Path

import pytest
from yarl import URL

pytestmark = pytest.mark.parametrize("generation", ["26.02"], indirect=True)

CID = "/api.php?api_key=all&cid=2125550101"
NAME = "Alice O'Neil"
RELOADS = 5


@pytest.fixture
async def configured(serve, tmp_path):
    """Starts a bridge with a settings file; gives it and a function that writes the file and says SIGHUP."""
    path = tmp_path / "bridge.toml"

    async def start(text: str, **settings):
        path.write_text(text)
        bridge = await serve("--config", str(path), **settings)
        await bridge.ready()

        async def change(text: str, told: str) -> None:
            before = len(bridge.log)
            path.write_text(text)
            bridge.process.send_signal(signal.SIGHUP)
            await logged(bridge, told, before)

        return bridge, change

    return start


async def logged(bridge, text: str, start: int = 0) -> None:
    """Wait until a line of the log holds a text."""
    async with asyncio.timeout(20):
        while not any(text in line for line in bridge.log[start:]):  # noqa: ASYNC110 - another process cannot tell us
            await asyncio.sleep(0.02)


async def test_changed_settings_take_effect_and_the_others_are_named(configured):
    bridge, change = await configured('[callerid]\nlabel = "{name}"\n')
    assert (await bridge.ask(CID)).text == NAME
    await change('[callerid]\nlabel = "{name} ({client})"\n[agi]\npin_tries = 7\n', "agi.pin_tries")
    assert any("INFO" in line and "Changed: callerid.label." in line for line in bridge.log)
    assert any("WARNING" in line and "next start only: agi.pin_tries." in line for line in bridge.log)
    assert (await bridge.ask(CID)).text.startswith(f"{NAME} (")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[callerid]\nmax_char = 3\n", "did you mean callerid.max_chars?"),
        ("[callerid\n", "is not TOML"),
        ('[itflow]\napi_key_file = "/nowhere"\n[callerid]\nlabel = "wrong {name}"\n', "not both"),
    ],
)
async def test_a_wrong_file_changes_nothing_and_says_why(configured, text, told):
    bridge, change = await configured("")
    await change(text, "The settings of before stay in use")
    assert any("ERROR" in line and "stay in use" in line for line in bridge.log)
    assert told in "".join(bridge.log)
    assert (await bridge.ask(CID)).text == NAME
    await change('[callerid]\nlabel = "{client}"\n', "Changed: callerid.label.")
    assert (await bridge.ask(CID)).text != NAME


async def test_no_request_is_lost_by_reloads(configured, itflow):
    """Callers on connections of their own, on kept ones, and one whose answer takes its time."""
    bridge, change = await configured("", ASSETS_DEADLINE_S="20")
    itflow.faults.add("slow", "assets", "create", delay_s=2)
    asked = asyncio.Event()
    itflow.on_request = lambda seen: asked.set() if seen.function == "create" else None
    slow = asyncio.create_task(bridge.ask("/api.php?api_key=all&add_asset=LAST&client_id=1"))
    await asked.wait()
    done, answers = asyncio.Event(), []

    async def kept(path: str) -> None:
        """One connection for as many requests as it bears; a request on a connection that ended unannounced fails."""
        address = URL(bridge.url)
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
        while not done.is_set():
            writer.write(f"GET {path} HTTP/1.1\r\nHost: bridge\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:-2])
            answers.append((head.split()[1], await reader.readexactly(int(fields["Content-Length"]))))
        writer.close()

    async def fresh() -> None:
        while not done.is_set():
            answer = await bridge.ask_raw(CID)
            answers.append((str(answer.status), answer.body))

    callers = [asyncio.create_task(work) for work in (kept(CID), kept("/healthz"), kept("/readyz"), fresh())]
    for turn in range(RELOADS):
        await change(f"[callerid]\nmax_chars = {40 + turn}\n", "Changed: callerid.max_chars")
    done.set()
    done.set()
    await asyncio.gather(*callers)
    assert {status for status, _ in answers} == {"200"}
    assert len(answers) > 50
    assert {body.decode() for _, body in answers if not body.startswith(b"{")} == {NAME}
    assert (await slow).text == "Asset added!"
    assert await bridge.stop() == 0
    assert not any("ERROR" in line or "Traceback" in line for line in bridge.log)


async def test_another_itflow_and_another_key_are_asked_after_a_reload(configured, itflow_server, itflow):
    port = itflow_server.addresses[0][1]
    text = '[itflow]\nurl = "http://127.0.0.1:{}"\napi_key = "{}"\n'
    bridge, change = await configured(text.format(port, "KEYALL"), ITFLOW_URL=None, ITFLOW_API_KEY=None)
    itflow.add_key("ANOTHER")
    itflow.keys.pop("KEYALL")
    await change(text.format(port, "ANOTHER"), "Changed: itflow.api_key.")
    assert (await bridge.ask("/api.php?api_key=all&add_asset=PC&client_id=1")).text == "Asset added!"
    await bridge.until(lambda answer: answer.json["people_age_s"] < 5, "/readyz")


async def test_a_key_file_that_changes_is_read_without_a_restart(serve, itflow, tmp_path: Path):
    """ITFlow deletes its keys, as an update to 26.08 does; the operator writes a new one into the file."""
    path = tmp_path / "itflow.key"
    path.write_text("KEYALL\n")
    bridge = await serve(ITFLOW_API_KEY=None, ITFLOW_API_KEY_FILE=str(path), SYNC_INTERVAL_S="0.2")
    await bridge.ready()
    itflow.keys.clear()
    await bridge.until(lambda answer: bool(answer.json["faults"]), "/readyz")
    itflow.add_key("NEW")
    path.write_text("NEW\n")
    await logged(bridge, "is used from now on")
    assert (await bridge.ask("/api.php?api_key=all&add_asset=PC&client_id=1")).text == "Asset added!"
    await bridge.until(lambda answer: not answer.json["faults"] and answer.json["people_age_s"] < 2, "/readyz")


async def test_it_listens_on_ipv4_and_ipv6_by_default(serve):
    bridge = await serve()
    port = URL(bridge.url).port
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            socket.create_server((host, 0), family=family).close()
        except OSError:
            continue  # a machine without IPv6
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
        await writer.wait_closed()
