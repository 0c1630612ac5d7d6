"""The rules as a table: what is sent, what is shown, and which rule said so."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from bridge.callerid import Result, Rule, lookup
from bridge.numbers import Trunk
from bridge.settings import CalleridSection, NumbersSection
from tests.callerid.people import SNAPSHOT, Asker

HIT, MISS, AMBIGUOUS, WITHHELD = Result.HIT, Result.MISS, Result.AMBIGUOUS, Result.WITHHELD
US = {"region": "US"}
CLIENT_2 = frozenset({2})


class Case(NamedTuple):
    """One call.

    Attributes:
        callerid, numbers: Settings that differ from the defaults (region DE, trunk unknown).
    """

    why: str
    sent: str
    result: Result
    rule: Rule
    name: str = ""
    callerid: dict[str, Any] = {}  # noqa: RUF012 - never changed
    numbers: dict[str, Any] = {}  # noqa: RUF012 - never changed
    clients: frozenset[int] | None = None


CASES = [
    Case("1: one contact", "+492211000001", HIT, Rule.CONTACT, "Ada Müller"),
    Case("1: nationally written", "0221 1000001", HIT, Rule.CONTACT, "Ada Müller"),
    Case("1: in the key's label", "+492211000001", HIT, Rule.CONTACT, "Anker GmbH - Ada Müller",
         {"label": "{client} - {name}"}),
    Case("1: all fields of a label", "+492211000001", HIT, Rule.CONTACT, "Ada Müller, Head of IT: 0221 1000001",
         {"label": "{name}, {title}: {number}"}),
    Case("1: a label beside an empty field", "+492215000000", HIT, Rule.CONTACT, "Otto Nobody",
         {"label": "{client} - {name}"}),
    Case("1: a contact without a name", "+492215000001", HIT, Rule.CONTACT, "Anker GmbH"),
    Case("1: the same number twice at one contact", "+12125550101", HIT, Rule.CONTACT, "Hank Cedar"),
    Case("1: an internal extension is not stretched", "101", HIT, Rule.CONTACT, "Short Dial"),
    Case("1: an unknown extension stays unknown", "102", MISS, Rule.UNKNOWN),
    Case("1: an Argentine mobile without its 9", "+541123456789", HIT, Rule.CONTACT, "Ida Argentina"),
    Case("1: an Argentine mobile without its 9, by the extension", "tel:+541134567890;ext=6", HIT, Rule.CONTACT,
         "Julia Argentina"),
    Case("1: a prefix of Mexico that has ended", "+5215512345678", HIT, Rule.CONTACT, "Maria Mexico"),
    Case("2: two contacts of one client", "+492212000000", HIT, Rule.CLIENT, "Anker GmbH"),
    Case("2: a label is for people", "+492212000000", HIT, Rule.CLIENT, "Anker GmbH", {"label": "{client} - {name}"}),
    Case("2: an exact extension decides", "tel:+492212000000;ext=13", HIT, Rule.CONTACT, "Cora Shared"),
    Case("2: an extension that nobody has does not", "tel:+492212000000;ext=99", HIT, Rule.CLIENT, "Anker GmbH"),
    Case("2: a location and a contact of one client", "+492217000000", HIT, Rule.CLIENT, "Anker GmbH"),
    Case("3: two clients", "+492213000000", AMBIGUOUS, Rule.TWO, "Anker GmbH / Birke AG"),
    Case("3: two clients, none wanted", "+492213000000", AMBIGUOUS, Rule.CROWD, "", {"several_clients": "none"}),
    Case("3: three clients", "+492214000000", AMBIGUOUS, Rule.CROWD),
    Case("3: two contacts of no client", "+492219000000", AMBIGUOUS, Rule.TWO, "Nora Nobody / Nils Nobody"),
    Case("3: two vendors of clients", "+492218000002", AMBIGUOUS, Rule.TWO, "Alpha Supplies / Beta Supplies"),
    Case("4: a location", "+492216000000", HIT, Rule.LOCATION, "Anker GmbH, Werk Köln"),
    Case("4: a vendor of several clients", "+492218000000", HIT, Rule.VENDOR, "Telekom"),
    Case("4: a vendor of no client", "+492218000001", HIT, Rule.VENDOR, "Stadtwerke"),
    Case("5: behind a main line", "+492216000042", HIT, Rule.MAIN_LINE, "Birke AG"),
    Case("5: the extension is somebody's", "+492216000077", HIT, Rule.MAIN_LINE, "Rosa Durchwahl"),
    Case("5: too many digits behind it", "+49221600001234", MISS, Rule.UNKNOWN, "", {"main_line_digits": 3}),
    Case("5: switched off", "+492216000042", MISS, Rule.UNKNOWN, "", {"main_line_digits": 0}),
    Case("5: an exact hit comes first", "+492216000000", HIT, Rule.LOCATION, "Anker GmbH, Werk Köln"),
    Case("5: no extension behind a mobile", "+49151234567891", MISS, Rule.UNKNOWN),
    Case("5: not in closed numbering", "+121255501991", MISS, Rule.UNKNOWN),
    Case("5: a main line of two clients", "+4922170000123", AMBIGUOUS, Rule.TWO, "Anker GmbH / Birke AG"),
    Case("5: not behind the 0 of a switchboard", "+492218111155", MISS, Rule.UNKNOWN),
    Case("6: a lead's main line", "+493077000012", HIT, Rule.MAIN_LINE, "Maybe Ltd"),
    Case("6: leads left out, their main lines too", "+493077000012", MISS, Rule.UNKNOWN, "", {"leads": False}),
    Case("6: a lead", "+442079460000", HIT, Rule.CONTACT, "Lea Lead"),
    Case("6: leads left out", "+442079460000", MISS, Rule.UNKNOWN, "", {"leads": False}),
    Case("7: a key's clients come before rule 1", "+492211000001", MISS, Rule.UNKNOWN, clients=CLIENT_2),
    Case("7: a key's clients come before rule 3", "+492213000000", HIT, Rule.CONTACT, "Emil Both", clients=CLIENT_2),
    Case("7: rows of no client are for unlimited keys", "+492218000001", MISS, Rule.UNKNOWN, clients=CLIENT_2),
    Case("7: a key's clients come before rule 5", "+492216000042", MISS, Rule.UNKNOWN, clients=frozenset({1})),
    Case("7: a key's clients come before two readings", "442079460000", HIT, Rule.CONTACT, "Lea Lead",
         clients=frozenset({4})),
    Case("two readings, both somebody's", "442079460000", AMBIGUOUS, Rule.TWO_READINGS),
    Case("two readings, the trunk decides", "442079460000", HIT, Rule.CONTACT, "Lea Lead",
         numbers={"trunk": Trunk.BARE}),
    Case("two readings, another trunk decides", "442079460000", HIT, Rule.CONTACT, "Quirin Foreign-Like",
         numbers={"trunk": Trunk.PLUS}),
    Case("two readings, leads left out", "442079460000", HIT, Rule.CONTACT, "Quirin Foreign-Like", {"leads": False}),
    Case("two readings, one is nobody's", "12125550101", HIT, Rule.CONTACT, "Hank Cedar"),
    Case("withheld", "anonymous", WITHHELD, Rule.WITHHELD),
    Case("withheld: nothing", "", WITHHELD, Rule.WITHHELD),
    Case("not a number", "hello", MISS, Rule.UNKNOWN),
    Case("region of the key", "(212) 555-0101", HIT, Rule.CONTACT, "Hank Cedar", numbers=US),
    Case("ASCII, as Germans do", "+492211000001", HIT, Rule.CONTACT, "Ada Mueller", {"ascii": True}),
    Case("length", "+492211000001", HIT, Rule.CONTACT, "Ada M", {"max_chars": 5}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_rule(case: Case) -> None:
    asker = Asker(
        case.clients,
        NumbersSection.model_validate({"region": "DE", **case.numbers}),
        CalleridSection.model_validate(case.callerid),
    )
    verdict = lookup(SNAPSHOT, asker, case.sent)
    assert (verdict.result, verdict.rule, verdict.name) == (case.result, case.rule, case.name)


def test_every_rule_decides_a_case() -> None:
    assert {case.rule for case in CASES} == set(Rule)


@pytest.mark.parametrize(
    ("sent", "client_id"),
    [("+492211000001", 1), ("+492216000000", 1), ("+492212000000", 1), ("+492218000000", 0), ("+492213000000", 0)],
    ids=["contact", "location", "client", "vendor", "two"],
)
def test_which_client_is_calling(sent: str, client_id: int) -> None:
    assert lookup(SNAPSHOT, Asker(), sent).client_id == client_id
