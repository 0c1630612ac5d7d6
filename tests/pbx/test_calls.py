"""Calls on a real Asterisk, followed by its manager, and dialled by it."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager, suppress

import pytest
import pytest_asyncio

from bridge.access.setup import Place, dialplan
from bridge.calls.ami.client import connected
from bridge.calls.ami.dial import Originator
from bridge.calls.ami.line import Line
from bridge.calls.call import State, call_of
from bridge.calls.event import Cause, Event
from bridge.cli import findings
from bridge.errors import AmiRefused, AmiUnreachable, BadParameter
from bridge.settings import AmiSection, load
from bridge.tasks import running
from tests.pbx.asterisk import kill, start
from tests.pbx.cable import Cable
from tests.pbx.drill import drill, faults, play
from tests.pbx.office import DID, SECRET, open_office
from tests.pbx.process import Gaps
from tests.pbx.scenes import SCENES, Stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(installed):
    async with open_office(installed) as made:
        yield made


pytestmark = pytest.mark.asyncio(loop_scope="module")


class Book:
    """Every event that was told, and the calls they come to."""

    def __init__(self):
        self.events = []

    async def take(self, events):
        self.events += events

    def calls(self):
        by_call: dict[str, list[Event]] = {}
        for event in self.events:
            by_call.setdefault(event.call_id, []).append(event)
        return [call_of(events) for events in by_call.values()]

    def up(self):
        return [call for call in self.calls() if call.state is not State.ENDED]


def section(port, **settings):
    return AmiSection(host="127.0.0.1", port=port, dial_context="internal", **{"secret": SECRET, **settings})


@asynccontextmanager
async def following(port, book, **settings):
    line = Line(section(port, **settings), book.take, book.up())
    async with running(line.run(), "line"):
        await up(line)
        yield line


async def up(line, old=None):
    """Wait for a connection that is another than the old one."""

    def new():
        with suppress(AmiUnreachable):
            return line.connection is not old

    await asyncio.wait_for(_poll(new), 20)


async def _poll(condition):
    while not (found := condition()):  # noqa: ASYNC110 - another process sets no event
        await asyncio.sleep(0.01)
    return found


async def test_every_kind_of_call_at_once_is_in_the_log_right_and_once(office):
    book = Book()
    async with following(office.port, book):
        played = await play(office, [*SCENES] * 2, at_once=6, seed=1)
        await asyncio.wait_for(_poll(lambda: not book.up()), 10)
    assert faults(played, book.calls(), Gaps()) == []


class Slow(Book):
    """What a disk is that takes a second for everything."""

    async def take(self, events):
        await asyncio.sleep(1)
        await super().take(events)


async def test_a_slow_disk_moves_no_times(office):
    book = Slow()
    async with following(office.port, book):
        played = await play(office, ["answered", "blind transfer", "queue", "parked"], at_once=4, seed=3)
        await asyncio.wait_for(_poll(lambda: len(book.calls()) == len(played) and not book.up()), 20)
    assert faults(played, book.calls(), Gaps()) == []


async def test_a_bridge_that_is_killed_and_cut_off_loses_nothing_and_writes_each_thing_once(office, tmp_path):
    async with drill(office, tmp_path, [*SCENES] * 3, at_once=12, seed=2, rest_s=3, pause_s=(0.3, 1.5)) as report:
        assert len(report.gaps.times) >= 2
        assert report.firm.notes()
        assert report.firm.opened()
        assert report.faults() == []


PRINTED = Place("http://127.0.0.1:8080", "127.0.0.1:4573", "KEY", "", "printed-secret")


@asynccontextmanager
async def manager(office, text):
    """The office's manager has another user for a while."""
    path = office.pbx.folder / "manager.conf"
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before.partition('[itflow]')[0]}{text}", encoding="utf-8")
    await office.pbx.rx("manager reload")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")
        await office.pbx.rx("manager reload")


def printed():
    """The user of ``setup asterisk``, as somebody copies it: without the two characters that make it a comment."""
    lines = dialplan(PRINTED).partition("---- manager.conf ----\n")[2].splitlines()
    return "".join(f"{line[2:]}\n" for line in lines)


async def heard(office, book, **settings):
    """Play a queue's call and click-to-dial; what became of them."""
    async with following(office.port, book, **settings) as line:
        await SCENES["queue"](Stage(office, "3125559000"))
        await SCENES["attended transfer"](Stage(office, "3125559001"))
        await asyncio.wait_for(_poll(lambda: not book.up()), 10)
        await clicked(office, line, book, **settings)


async def clicked(office, line, book, name="Ada Muster", number="+1 212 555 7777", **settings):
    """Click a number; the INVITEs that the own phone and the other side got."""
    await Originator(line, section(office.port, **settings), "US").dial("107", number, name)
    own = await office.phones["107"].invited(name)
    own.answer()
    other = await office.trunk.invited("107")
    other.answer()
    await asyncio.wait_for(_poll(lambda: any(call.answered for call in book.up())), 10)
    other.hang_up()
    await asyncio.wait_for(own.over.wait(), 10)
    return own.invite, other.invite


async def test_the_printed_user_may_all_that_is_needed(office):
    book = Book()
    async with manager(office, printed()):
        await heard(office, book, secret=PRINTED.secret)
    assert [call.queue for call in book.calls()].count("support") == 1
    assert len(book.calls()) >= 3


@pytest.mark.parametrize(
    ("right", "without", "lost"),
    [
        ("read = call,agent", "read = call", "queue"),
        ("read = call,agent", "read = agent", "calls"),
        ("originate,reporting", "originate", "list"),
        ("originate,reporting", "reporting", "dial"),
    ],
)
async def test_the_printed_user_may_nothing_that_is_not_needed(office, right, without, lost):
    book = Book()
    async with manager(office, printed().replace(right, without)):
        if lost == "list":
            with pytest.raises(AmiRefused, match="Permission denied"):
                async with connected(section(office.port, secret=PRINTED.secret), nothing) as connection:
                    await connection.ask("Status")
        elif lost == "dial":
            with pytest.raises(AmiRefused, match="Permission denied"):
                await heard(office, book, secret=PRINTED.secret)
        else:
            async with following(office.port, book, secret=PRINTED.secret):
                await SCENES["queue"](Stage(office, "3125559000"))
                await SCENES["answered"](Stage(office, "3125559001"))
            # Without call, a queue alone tells of its callers.
            assert {call.queue for call in book.calls()} == ({""} if lost == "queue" else {"support"})
            assert any(call.talks for call in book.calls()) == (lost == "queue")


async def nothing(_message):
    """Nobody listens."""


async def test_a_wrong_secret_is_told_and_not_tried_again_and_again(office, caplog):
    async with Cable(office.port) as cable:
        line = Line(section(cable.port, secret="wrong"), Book().take)
        async with running(line.run(), "line"):
            await asyncio.wait_for(_poll(lambda: "manager.conf" in caplog.text), 10)
            await asyncio.sleep(1)
            assert cable.connections == 1
            with pytest.raises(AmiUnreachable):
                await line.connection.ask("Ping")
    assert "wrong" not in caplog.text


async def test_nobody_there_is_told_once(caplog):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        line = Line(section(probe.getsockname()[1]), Book().take)
        async with running(line.run(), "line"):
            await asyncio.wait_for(_poll(lambda: "ami.host, ami.port" in caplog.text), 10)
            await asyncio.sleep(1)
    assert caplog.text.count("Calls are not followed") == 1


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000, b""])
async def test_what_is_no_asterisk_is_left(answer):
    async def serve(_reader, writer):
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        with pytest.raises(AmiUnreachable):
            async with connected(section(server.sockets[0].getsockname()[1]), nothing):
                pass


async def test_a_clicked_number_rings_the_own_phone_first_with_the_name_and_calls_out_as_oneself(office):
    book = Book()
    async with following(office.port, book) as line:
        own, other = await clicked(office, line, book)
        await asyncio.wait_for(_poll(lambda: book.calls() and not book.up()), 10)
    assert '"Ada Muster" <sip:2125557777@' in own.header("From")
    assert other.start.startswith("INVITE sip:2125557777@")
    assert "2125557777" not in other.header("From")
    (call,) = book.calls()
    assert (call.direction, call.from_number, call.to_number) == ("out", "107", "2125557777")
    assert call.rung == ()
    assert call.answered_by == ""
    assert call.answered is not None


NAMES = {
    "Ada, CALLERID(num)=666": "Ada CALLERID num 666",
    "A\r\nAction: Command\r\nCommand: core stop now": "A Action Command Command core stop now",
    '"><sip:evil@example.com>': "sip evil example.com",
    "${SHELL(id)}$[1+1]": "SHELL id 1+1",
    "Jörg Müller-O'Neil & Söhne": "Jörg Müller-O'Neil & Söhne",
    "山田洋子": "山田洋子",
    "a" * 500: "a" * 60,
    ";,|^~\\": "2125557777",
}


@pytest.mark.parametrize("name", NAMES)
async def test_no_name_reaches_anything_but_the_display(office, name):
    async with following(office.port, Book()) as line:
        await Originator(line, section(office.port), "US").dial("107", "2125557777", name)
        own = await office.phones["107"].invited(NAMES[name])
        own.answer()
        other = await office.trunk.invited("107")
        assert other.invite.start.startswith("INVITE sip:2125557777@")
        own.hang_up()
        await asyncio.wait_for(other.over.wait(), 10)
        await line.connection.ask("Ping")


NO_NUMBERS = (
    *("", "anonymous", "*72", "*98", "#1", "12&PJSIP/trunk", "2125557777@evil", "abc", "2125557777\r\nX: 1", "१२३"),
    *("2125557777,1", "2125557777;x", "sip:1@example.com", "${EXTEN}", "2125557777w2", "+", "-", "1" * 41),
)
NO_EXTENSIONS = ("", "107&PJSIP/108", "107@x", "../107", "107\r\nA: b", "107,1", "१०७", "x" * 40, "107/108", "107;1")


@pytest.mark.parametrize(
    ("extension", "number"),
    [*(("107", number) for number in NO_NUMBERS), *((extension, "2125557777") for extension in NO_EXTENSIONS)],
)
async def test_what_is_no_number_or_no_extension_is_not_dialled(extension, number):
    made = section(5038)
    with pytest.raises(BadParameter):
        await Originator(Line(made, Book().take), made, "US").dial(extension, number, "")


async def test_a_phone_that_is_not_there_is_told(office):
    async with following(office.port, Book()) as line:
        with pytest.raises(AmiRefused, match="PJSIP/199"):
            await Originator(line, section(office.port), "US").dial("199", "2125557777", "")


@pytest.mark.parametrize(
    ("number", "form", "prefix", "dialled"),
    [
        ("+1 (212) 555-7777", "national", "", "2125557777"),
        ("+1 (212) 555-7777", "e164", "", "+12125557777"),
        ("+44 20 7946 0000", "international", "9", "9011442079460000"),
        ("tel:+44-20-7946-0000", "national", "", "011442079460000"),
        ("101", "national", "9", "101"),
    ],
)
async def test_numbers_are_dialled_in_the_form_that_is_set(number, form, prefix, dialled):
    made = section(5038, dial_form=form, dial_prefix=prefix)
    assert Originator(Line(made, Book().take), made, "US").number(number) == dialled


async def test_check_tells_what_the_user_may(office):
    settings = load(overrides={"ami": section(office.port).model_dump()})
    assert [state for _, state, _ in await findings.asterisk(settings)] == [findings.State.GOOD]
    for right, state in (("originate", findings.State.PARTLY), ("reporting", findings.State.BAD)):
        kept = {"originate": "reporting", "reporting": "originate"}[right]
        async with manager(office, printed().replace("originate,reporting", kept)):
            made = section(office.port, secret=PRINTED.secret)
            ((_, told, advice),) = await findings.asterisk(load(overrides={"ami": made.model_dump()}))
        assert told is state
        assert "originate,reporting" in advice


async def test_a_number_that_the_context_does_not_dial_is_told(office):
    async with following(office.port, Book()) as line:
        with pytest.raises(AmiRefused, match=r"ami\.dial_context"):
            await Originator(line, section(office.port), "US").dial("107", "12", "")


async def test_asterisk_that_starts_anew_leaves_no_call_up(installed):
    """And the bridge goes on with the new one."""
    book = Book()
    async with open_office(installed) as office, following(office.port, book) as line:
        stage = Stage(office, "3125559000")
        stage.call(DID)
        await stage.rung("102")
        await asyncio.wait_for(_poll(lambda: [rung for call in book.up() for rung in call.rung]), 10)
        old = line.connection
        await kill(office.pbx)
        await start(office.pbx)
        await up(line, old)
        (call,) = book.calls()
        assert call.cause is Cause.LOST
        assert not book.up()
        for phone in (*office.phones.values(), office.trunk):
            phone.dialogs.clear()
        # Asterisk names a call by its second and a count that begins anew: within one second it would be the old name.
        await asyncio.wait_for(_poll(lambda: time.time() > int(call.id.partition(".")[0]) + 1), 10)
        await SCENES["answered"](Stage(office, "3125559001"))
        await asyncio.wait_for(_poll(lambda: len(book.calls()) == 2 and not book.up()), 10)
        assert [call.answered_by for call in book.calls()] == ["", "102"]
