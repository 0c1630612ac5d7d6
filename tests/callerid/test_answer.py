"""One rule of an answer for every interface: fallback, early pull, counter, and never an error."""

import pytest
from prometheus_client import REGISTRY

from bridge import callerid
from bridge.callerid import Interface
from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from bridge.settings import NumbersSection
from tests.callerid.people import SNAPSHOT, Asker

ADA = "+492211000001"
NOBODY = "+492219999999"


class Broken:
    """A key whose settings cannot be read any more."""

    name = "pbx"
    clients = None
    callerid = Asker().callerid

    @property
    def numbers(self) -> NumbersSection:
        raise ZeroDivisionError(NOBODY)


def mirror(snapshot: Snapshot | None = SNAPSHOT) -> tuple[Mirror, list[str]]:
    """A mirror, and the nudges that it got."""
    nudges: list[str] = []
    made = Mirror(snapshot)
    made.on_nudge = lambda: nudges.append("new")
    return made, nudges


@pytest.mark.parametrize("interface", Interface)
@pytest.mark.parametrize(
    ("number", "fallback", "result", "name", "nudged"),
    [
        (ADA, "Trunk", "hit", "Ada Müller", 0),
        (NOBODY, "Trunk", "miss", "Trunk", 1),
        (NOBODY, "", "miss", "", 1),
        ("anonymous", "Trunk", "withheld", "Trunk", 0),
        (NOBODY * 99, "a\x00b${c}", "miss", "a b{c}", 1),
    ],
)
def test_every_interface_is_told_the_same(
    interface: Interface, number: str, fallback: str, result: str, name: str, nudged: int
) -> None:
    def counted() -> float:
        labels = {"interface": interface.value, "feature": "callerid", "result": result}
        return REGISTRY.get_sample_value("itflow_bridge_answers_total", labels) or 0

    held, nudges = mirror()
    before = counted()
    answer = callerid.answer(held, Asker(), number, fallback, interface=interface)
    assert (answer.result, answer.name, len(nudges)) == (result, name, nudged)
    assert counted() == before + 1


def test_without_a_mirror_there_is_the_fallback_and_a_reason() -> None:
    answer = callerid.answer(mirror(None)[0], Asker(), ADA, "Trunk")
    assert (answer.result, answer.name) == ("fault", "Trunk")
    assert "itflow-bridge" in answer.reason


def test_a_fault_is_an_answer_and_the_log_has_no_number(caplog: pytest.LogCaptureFixture) -> None:
    answer = callerid.answer(mirror()[0], Broken(), NOBODY, "Trunk")
    assert (answer.result, answer.name, answer.reason) == ("fault", "Trunk", "ZeroDivisionError")
    assert NOBODY not in caplog.text
    assert "2219999999" not in caplog.text


def test_facts_are_there_where_they_are_wanted() -> None:
    held, _ = mirror()
    assert callerid.answer(held, Asker(), ADA).facts == {}
    assert callerid.answer(held, Asker(), ADA, with_facts=True).facts["e164"] == ADA
