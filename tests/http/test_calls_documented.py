"""The events of Zammad's and sipgate's documentation, word for word, sent by the commands that stand there."""

from __future__ import annotations

import asyncio
import shlex
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lxml import etree

from bridge.access.keys import Keys, Options
from bridge.calls import State
from bridge.calls.people import Person
from bridge.calls.rows import Filters, Logged
from bridge.http.state import BOOK, KEYS, PEOPLE
from tests.counterparts import lacking
from tests.http.callerid_desk import Desk
from tests.http.whole import whole

DOCUMENTS = Path(__file__).parent.parent / "data" / "calls"
KEY = "key-of-the-phone-system-4711-0815"
BARE = {"numbers.region": "DE", "numbers.trunk": "bare"}


def commands(document: str) -> list[list[str]]:
    """The commands of a document, in its order."""
    text = "".join(line for line in (DOCUMENTS / document).read_text().splitlines(True) if not line.startswith("#"))
    return [shlex.split(command) for command in text.replace("\\\n", " ").split("\n\n") if command.strip()]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    if not shutil.which("curl"):
        lacking("There is no curl.")
    async with whole(tmp_path) as desk:
        keys: Keys = desk.app[KEYS]
        keys.add("cti", Options(settings=BARE), secret=KEY)
        desk.app[PEOPLE].add(Person(name="Emma Taylor", extensions=("101",), logins=("emma@chrispresso.com",)))
        yield desk


async def send(desk: Desk, command: list[str], path: str) -> str:
    """Run a command of a document against the bridge; what it prints."""
    here = [desk.url(path) if word.startswith(("http://", "https://")) else word for word in command]
    process = await asyncio.create_subprocess_exec(
        *here, "--silent", "--show-error", "--fail-with-body", stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate()
    assert process.returncode == 0, answer
    return answer.decode()


async def calls(desk: Desk) -> dict[str, Logged]:
    return {one.call.id: one for one in await desk.app[BOOK].read(Filters())}


async def test_zammad(desk: Desk) -> None:
    for command in commands("zammad.sh"):
        assert await send(desk, command, f"/calls/events?api_key={KEY}") == "{}"
    found = await calls(desk)
    assert len(found) == 9  # twelve examples; three are of one call, and two of another
    whole_in = found["307fa962-de8d-4ffc-817b-7f6993204159"]
    assert (whole_in.call.state, whole_in.call.from_number) == (State.ENDED, "493023125741")
    assert whole_in.party.number == "+493023125741"
    assert [(one.extension, one.outcome) for one in whole_in.call.rung] == [
        ("101", "answered"),
        ("Christopher Miller", "elsewhere"),
    ]
    assert whole_in.call.answered_by == "101"
    whole_out = found["f4ebd2be-7b9a-4d58-94c2-eb06a3c2ce76"]
    assert (whole_out.call.placed_by, whole_out.call.cause) == ("Christopher Miller", "cancel")
    assert whole_out.party.number == "+492214710334"
    assert {one.call.missed for one in found.values()} == {False}
    assert found["25641e3f-3317-4c48-80b3-fc573c7ffe2b"].call.extensions == ("101", "Christopher Miller")


@pytest.mark.parametrize(
    ("path", "onward"),
    [
        (f"/calls/events?api_key={KEY}", f"/calls/events?api_key={KEY}"),
        (f"/calls/events/sipgate?api_key={KEY}", f"/calls/events/sipgate?api_key={KEY}"),
    ],
)
async def test_sipgate_tells_on_where_the_answer_says_so(desk: Desk, path: str, onward: str) -> None:
    new_call, answer, hangup, dtmf = commands("sipgate.sh")
    document = etree.fromstring((await send(desk, new_call, path)).encode())
    assert document.tag == "Response"
    assert {document.get("onAnswer"), document.get("onHangup")} == {desk.url(onward)}
    (up,) = desk.app[BOOK].now()
    assert (up.call.state, up.call.extensions) == (State.RINGING, ("Alice", "Bob"))
    further = (document.get("onAnswer") or "").removeprefix(desk.url(""))
    assert await send(desk, answer, further) == "{}"
    assert desk.app[BOOK].now()[0].call.answered_by == "John Doe"
    assert await send(desk, dtmf, further) == "{}"
    assert await send(desk, hangup, further) == "{}"
    assert desk.app[BOOK].now() == []
    (logged,) = (await calls(desk)).values()
    assert (logged.call.cause, logged.call.to_number) == ("normalClearing", "4915791234567")


async def test_sipgate_with_the_key_as_a_password_gets_it_back_in_the_address(desk: Desk) -> None:
    new_call, *_ = commands("sipgate.sh")
    document = etree.fromstring((await send(desk, [*new_call, "--user", f"sipgate:{KEY}"], "/calls/events")).encode())
    assert document.get("onHangup") == desk.url(f"/calls/events?api_key={KEY}")
