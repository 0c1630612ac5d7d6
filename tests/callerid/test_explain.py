"""A technician reads why a number has its name, or none."""

from __future__ import annotations

import pytest
from rich.console import Console

from bridge.callerid import explain
from bridge.cli.explained import render
from tests.callerid.people import SNAPSHOT, Asker

URL = "https://itflow.example.com/"

# What is sent, and what the steps say, in this order.
EXPLAINED = {
    "a hit": (
        "0221 1000001",
        [
            ("Asked from", "Region DE, the trunk's way with foreign numbers unknown, all clients."),
            ("Read as", "+492211000001 (national number of DE)."),
            ("Found", "+492211000001 belongs to:"),
            ("Decided", "Rule 1: one contact has this number."),
        ],
        ["Ada Müller"],
        "Ada Müller",
    ),
    "a shared line": (
        "tel:+49-221-2000000;ext=99",
        [
            ("Asked from", "Region DE"),
            ("Read as", "+492212000000, extension 99 (plus sign and country code 49)."),
            ("Found", "+492212000000 belongs to:"),
            ("Decided", "Rule 2: several people of one client share this number"),
        ],
        ["Bert Shared", "Cora Shared"],
        "Anker GmbH",
    ),
    "a main line": (
        "+492216000042",
        [
            ("Asked from", "Region DE"),
            ("Read as", "+492216000042 (plus sign"),
            ("Found", "+492216000042 is +4922160000 and 42 behind it, where numbering is open."),
            ("Decided", "Rule 5: nobody has this number, but it extends a main line. Its owner's name is shown."),
        ],
        ["Rosa Durchwahl", "Zentrale"],
        "Birke AG",
    ),
    "a clash of two readings": (
        "442079460000",
        [
            ("Asked from", "Region DE"),
            ("Read as", "+49442079460000 (national number of DE)."),
            ("Read as", "+442079460000 (country code 44 without a plus sign)."),
            ("Found", "+49442079460000 belongs to:"),
            ("Found", "+442079460000 belongs to:"),
            ("Decided", "The number can be read in two ways, and each belongs to somebody else"),
        ],
        ["Quirin Foreign-Like", "Lea Lead"],
        "",
    ),
    "a withheld number": (
        "Anonymous <anonymous@anonymous.invalid>",
        [
            ("Asked from", "Region DE"),
            ("Read as", "No number: a word, or an empty text, that stands for a withheld number."),
            ("Decided", "The caller hides the number."),
        ],
        [],
        "",
    ),
}


@pytest.mark.parametrize("case", EXPLAINED)
def test_every_step_is_told(case: str) -> None:
    sent, steps, people, name = EXPLAINED[case]
    explanation = explain(SNAPSHOT, Asker(), sent, itflow_url=URL)
    assert [step.title for step in explanation.steps] == [title for title, _ in steps]
    for step, (_, beginning) in zip(explanation.steps, steps, strict=True):
        assert step.text.startswith(beginning)
    assert [row.name for step in explanation.steps for row in step.rows] == people
    assert explanation.name == name


@pytest.mark.parametrize("case", EXPLAINED)
def test_a_terminal_shows_every_step(case: str) -> None:
    sent, steps, people, name = EXPLAINED[case]
    console = Console(width=400)
    with console.capture() as capture:
        console.print(render(explain(SNAPSHOT, Asker(), sent, itflow_url=URL)))
    text = capture.get()
    for shown in (*(beginning for _, beginning in steps), *people, name or "no name"):
        assert shown in text


def test_rows_have_links_into_itflow() -> None:
    explanation = explain(SNAPSHOT, Asker(), "+492211000001", itflow_url=URL)
    (row,) = explanation.steps[2].rows
    assert row.url == "https://itflow.example.com/agent/contact_details.php?client_id=1&contact_id=1"
    assert row.client_url == "https://itflow.example.com/agent/client_overview.php?client_id=1"
    (row,) = explain(SNAPSHOT, Asker(), "+492211000001").steps[2].rows
    assert row.url == row.client_url == ""


def test_what_a_key_may_not_see_is_not_explained() -> None:
    explanation = explain(SNAPSHOT, Asker(clients=frozenset({2})), "+492211000001")
    assert not [row for step in explanation.steps for row in step.rows]
    assert explanation.steps[0].text.endswith("1 client only.")
