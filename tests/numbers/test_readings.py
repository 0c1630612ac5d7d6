"""How single spellings are read: stored ones and sent ones, as tables."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from bridge import numbers
from bridge.numbers import Form, Trunk

PLUS, EXIT_CODE, BARE = Trunk.PLUS, Trunk.EXIT_CODE, Trunk.BARE


class Stored(NamedTuple):
    text: str
    expected: str  # numbers, blank between two, with ;extension
    code: str = ""
    region: str = "DE"
    extension: str = ""


STORED = [
    Stored("2125550101", "+12125550101", code="1"),
    Stored("12125550101", "+12125550101", region="US"),
    Stored("12125550101", "+12125550101", code="1"),
    Stored("(212) 555-0102", "+12125550102", region="US"),
    Stored("0221 1234567", "+492211234567"),
    Stored("0221/1234567", "+492211234567"),
    Stored("0221/12 34 567", "+492211234567"),
    Stored("02211234567", "+492211234567", code="49", region="US"),
    Stored("442079460000", "+442079460000", code="44", region="US"),
    Stored("+49 (0) 221 1234567", "+492211234567", region="US"),
    Stored("0049 (0) 221 1234567", "+492211234567"),
    Stored("011 49 221 1234567", "+492211234567", region="US"),
    Stored("00492211234567", "+492211234567", region="US"),
    Stored("2211234567", "+492211234567", code="0049", region="US"),
    Stored("0221 1234567 x12", "+492211234567;12"),
    Stored("0221 1234567 ext. 12", "+492211234567;12"),
    Stored("0221 1234567;ext=12", "+492211234567;12"),
    Stored("0221 1234567 (Durchwahl 12)", "+492211234567;12"),
    Stored("0221 1234567,12", "+492211234567;12"),
    Stored("0221 1234567 x12", "+492211234567;34", extension="34"),
    Stored("ext 12", ""),
    Stored("x12", ""),
    Stored("(Durchwahl 12)", ""),
    Stored("101 ext 12", "101;12"),
    Stored("ext 12 / 0221 1234567", "+492211234567"),
    Stored("#12", "#12"),
    Stored("492219876541", "+492219876541"),
    Stored("492219876541", "+492219876541", code="49"),
    Stored("4917612345678", "+4917612345678"),
    Stored("4917612345678", "+4917612345678", code="49", region="US"),
    Stored("4919512345678", "+4919512345678"),
    Stored("04921 123456", "+494921123456"),
    Stored("4921 123456", "+494921123456", code="49"),
    Stored("4921 123456", "+4921123456"),
    Stored("046-2220000", "+46462220000", region="SE"),
    Stored("468123455", "+468123455", region="SE"),
    Stored("468123455", "+46468123455", code="46", region="SE"),
    Stored("48 306 02 42", "483060242", region="PL"),
    Stored("48 306 02 42", "+48483060242", code="48", region="PL"),
    Stored("+48 48 306 02 42", "+48483060242", region="PL"),
    Stored("391 234 5678", "+393912345678", region="IT"),
    Stored("00555540041234", "+555540041234", region="BR"),
    Stored("0221 1234567 / 0171 1234567", "+492211234567 +491711234567"),
    Stored("0221 1234567 or 0171 1234567", "+492211234567 +491711234567"),
    Stored("555-0100, 212 555 0101", "+12125550101 5550100", region="US"),
    Stored("0221 1234567 / 68", "+492211234567"),
    Stored("０２２１　１２３４５６７", "+492211234567"),
    Stored("٠٢٢١١٢٣٤٥٦٧", "+492211234567"),
    Stored("\u202a+49 221 1234567\u202c", "+492211234567"),
    Stored("1-800-FLOWERS", "+18003569377", region="US"),
    Stored("1-800-FLOWERS", "+18003569377", code="1"),
    Stored("1-800-FLOWERS ext. 3", "+18003569377;3", region="US"),
    Stored("0221 1234567 home", "+492211234567"),
    Stored("Tel. 0221 1234567", "+492211234567"),
    Stored("06 698 12345", "+390669812345", code="39"),
    Stored("6 69812345", "+390669812345", code="39"),
    Stored("312 345 6789", "+393123456789", code="39"),
    Stored("011 15 2345-6789", "+5491123456789", region="AR"),
    Stored("11 15 2345-6789", "+5491123456789", code="54"),
    Stored("+54 9 11 2345 6789", "+5491123456789"),
    Stored("+52 1 55 1234 5678", "+525512345678"),
    Stored("044 55 1234 5678", "+525512345678", code="52"),
    Stored("5512345678", "+525512345678", region="MX"),
    Stored("442079460000", "+442079460000", code="1", region="US"),
    Stored("0221 1234567", "+492211234567", code="999"),
    Stored("0221 1234567", "+492211234567", code="n/a"),
    Stored("712345", "+376712345", region="AD"),
    Stored("101", "101"),
    Stored("101", "101", code="1"),
    Stored("*98", "*98"),
    Stored("+800 1234 5678", "+80012345678"),
    Stored("12345678", "+80012345678", code="800"),
    Stored("", ""),
    Stored("0", ""),
    Stored("n/a", ""),
    Stored("-", ""),
]


@pytest.mark.parametrize("case", STORED, ids=lambda case: f"{case.text!r} {case.code} {case.region}")
def test_stored(case: Stored) -> None:
    readings = numbers.stored(case.text, country_code=case.code, extension=case.extension, region=case.region)
    found = {f"{reading.number};{reading.extension}".rstrip(";") for reading in readings}
    assert found == set(case.expected.split())
    assert all(reading.how for reading in readings)


SENT = [
    ("+49 221 1234567", "DE", None, "+492211234567"),
    ("0049 221 1234567", "DE", None, "+492211234567"),
    ("01149 221 1234567", "DE", None, "+492211234567"),
    ("011492211234567", "US", None, "+492211234567"),
    ("0221-1234567", "DE", None, "+492211234567"),
    ("2211234567", "DE", EXIT_CODE, "+492211234567"),
    ("49222345678", "DE", None, "+49222345678 +4949222345678"),
    ("4919512345678", "DE", None, "+4919512345678"),
    ("49221123456", "DE", BARE, "+49221123456"),
    ("049222345678", "DE", None, "+4949222345678"),
    ("049221123456", "DE", None, "+4949221123456 +49221123456"),
    ("49221123456", "DE", None, "+49221123456"),
    ("049222345678", "DE", EXIT_CODE, "+4949222345678"),
    ("049221123456", "DE", EXIT_CODE, "+4949221123456 +49221123456"),
    ("00555540041234", "BR", None, "+555540041234"),
    ("0468123455", "SE", None, "+46468123455"),
    ("49222345678", "DE", EXIT_CODE, "+49222345678 +4949222345678"),
    ("12125550101", "US", EXIT_CODE, "+12125550101"),
    ("447700900131", "DE", None, "+49447700900131 +447700900131"),
    ("447700900131", "DE", BARE, "+447700900131"),
    ("447700900131", "DE", EXIT_CODE, "+49447700900131"),
    ("00447700900131", "DE", EXIT_CODE, "+447700900131"),
    ("2125550101", "US", BARE, "+12125550101"),
    ("442079460000", "DE", None, "+49442079460000 +442079460000"),
    ("442079460000", "DE", PLUS, "+49442079460000"),
    ("442079460000", "DE", BARE, "+442079460000"),
    ("442079460000", "US", EXIT_CODE, "442079460000"),
    ("442079460000", "US", None, "+442079460000"),
    ("12125550101", "US", None, "+12125550101"),
    ("2125550101", "US", None, "+12125550101"),
    ("sip:+49221123456@pbx.example.com;user=phone", "US", None, "+49221123456"),
    ("sips:+49221123456;isub=7@pbx.example.com", "US", None, "+49221123456"),
    ("tel:+49-221-123456;ext=5", "US", None, "+49221123456;5"),
    ("tel:123456;phone-context=+49221", "US", None, "+49221123456"),
    ("2065550120;phone-context=+1", "US", None, "+12065550120"),
    ("2065550120;isub=7", "US", None, "+12065550120"),
    ("tel:0221123456;phone-context=example.com", "DE", None, "+49221123456"),
    ('"Some One" <0221123456>', "DE", None, "+49221123456"),
    ("+49%20221%20123456", "US", None, "+49221123456"),
    ("+521 55 1234 5678", "MX", None, "+525512345678"),
    ("101", "DE", None, "101"),
    ("101", "DE", BARE, "101"),
    ("sip:101@pbx", "DE", None, "101"),
    ("*98", "DE", None, "*98"),
    ("#31#", "DE", None, "#31#"),
    ("15551234567890123", "US", None, "15551234567890123"),
    ("hello", "DE", None, ""),
    ("ext 12", "DE", None, ""),
    ("+", "DE", None, ""),
    ("𝟎𝟐𝟐𝟏𝟏𝟐𝟑𝟒𝟓𝟔𝟕", "DE", None, "+492211234567"),
]


@pytest.mark.parametrize(("text", "region", "trunk", "expected"), SENT)
def test_sent(text: str, region: str, trunk: Trunk | None, expected: str) -> None:
    sent = numbers.sent(text, region=region, trunk=trunk)
    assert [f"{r.number};{r.extension}".rstrip(";") for r in sent.readings] == expected.split()
    assert not sent.withheld


def test_no_more_is_read_than_itflow_can_hold() -> None:
    (reading,) = numbers.sent("0221 1234567" + " " * 200 + "9" * 8000, region="DE").readings
    assert reading.number == "+492211234567"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0",
        "anonymous",
        "Anonymous",
        "unknown",
        "Restricted",
        "private",
        "Private Number",
        "No Caller ID",
        "unavailable",
        "Anonymous <anonymous@anonymous.invalid>",
        "sip:anonymous@anonymous.invalid",
        '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x',
        '"" <>',
        "+266696687",
        "266696687",
        "ａｎｏｎｙｍｏｕｓ",
    ],
)
def test_withheld(text: str) -> None:
    assert numbers.sent(text, region="DE") == numbers.Sent((), withheld=True)


@pytest.mark.parametrize(
    ("number", "form", "region", "expected"),
    [
        ("+442079460000", Form.E164, "DE", "+442079460000"),
        ("+442079460000", Form.INTERNATIONAL, "DE", "00442079460000"),
        ("+442079460000", Form.INTERNATIONAL, "US", "011442079460000"),
        ("+442079460000", Form.NATIONAL, "GB", "02079460000"),
        ("+442079460000", Form.NATIONAL, "DE", "00442079460000"),
        ("+5491123456789", Form.NATIONAL, "AR", "0111523456789"),
        ("101", Form.INTERNATIONAL, "DE", "101"),
        ("*98", Form.NATIONAL, "DE", "*98"),
    ],
)
def test_dialled(number: str, form: Form, region: str, expected: str) -> None:
    assert numbers.dialled(number, form, region=region) == expected


def test_main_lines_only_where_numbering_is_open() -> None:
    assert list(numbers.main_lines("+492211234567", 2)) == ["+49221123456", "+4922112345"]
    assert list(numbers.main_lines("+12125550101", 2)) == []
    assert list(numbers.main_lines("101", 2)) == []


@pytest.mark.parametrize("number", ["+492211234567", "+12125550101"])
def test_a_log_never_shows_a_number_in_full(number: str) -> None:
    masked = numbers.masked(number)
    assert len(set(masked) & {"…"}) == 1
    assert sum(c.isdigit() for c in masked) <= 5
