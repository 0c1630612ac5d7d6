"""What Asterisk's manager told of scenes in a real office, and what was so; see ``tests/pbx/record.py``."""

import datetime as dt
import json
from pathlib import Path

from bridge.calls.ami.follow import Follower
from bridge.calls.ami.messages import Parser
from bridge.calls.call import Outcome, call_of
from bridge.calls.event import Event
from tests.pbx.asterisk import ROOT
from tests.pbx.office import EXTENSIONS

FOLDER = ROOT / "tests" / "data" / "ami"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))
NOW = dt.datetime(2026, 11, 27, 20, tzinfo=dt.UTC)  # before anything was recorded
LATER = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


def extension_of(device):
    """As the default of ``ami.extensions``."""
    found = device.removeprefix("PJSIP/")[:3]
    return found if found in EXTENSIONS else ""


def follower(known=()):
    """A follower that knows that nothing is up."""
    made = Follower(extension_of, known)
    made.connected()
    made.list_begins()
    assert made.list_ends(NOW, NOW) == []
    return made


def messages(name):
    """The messages of a transcript."""
    data = Path(FOLDER / f"{name}.txt").read_bytes()
    return list(Parser().feed(b"Asterisk Call Manager/11.0.0\r\n" + data))


def truth(name):
    """The calls of a transcript, as the phones made them."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def calls_by(events):
    """The calls that events come to."""
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.call_id, []).append(event)
    return [call_of(of_one) for of_one in found.values()]


def shown(call):
    """A call in the words of the truth."""
    outcomes = {
        rung.extension: rung.outcome.value if rung.outcome is not Outcome.UNANSWERED else str(rung.cause)
        for rung in call.rung
    }
    return {
        "direction": call.direction.value,
        "caller": call.from_number,
        "called": call.to_number,
        "rung": outcomes,
        "answered_by": [talk.extension for talk in call.talks],
        "queue": call.queue,
        "missed": call.missed,
    }


def without_times(called):
    """A truth, without what is measured."""
    return {key: value for key, value in called.items() if key != "talk_s"}
