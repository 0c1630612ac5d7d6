"""PHP's ways with values."""

import pytest

from bridge.embedded import php
from bridge.embedded.schema import columns


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12", 12),
        (" 7 days", 7),
        ("-3", -3),
        ("x1", 0),
        ("", 0),
        (None, 0),
        (True, 1),
        (False, 0),
        (4.9, 4),
        ("9" * 30, 2**63 - 1),
    ],
)
def test_intval(value, number) -> None:
    assert php.intval(value) == number


@pytest.mark.parametrize(("value", "is_empty"), [("", True), ("0", True), (0, True), ("0.0", False), (" ", False)])
def test_empty(value, is_empty) -> None:
    assert php.empty(value) is is_empty


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("text", " PC & <2> x ", "PC &  x"),
        ("text", "a < b and c<d", "a < b and c"),
        ("text", 5, "5"),
        ("raw", "<p> x ", "<p> x "),
        ("lines", "x", "x<br>"),
        ("digits", "+1 (212) 555-0101 ext. 7", "121255501017"),
        ("int", "1st", "1"),
        ("int", True, "1"),
        ("money", "95.5", "95.50"),
        ("money", "none", "0.00"),
        ("date", "", None),
        ("date", "2027-01-01", "2027-01-01"),
        ("website", "https://www.example.com/", "www.example.com/"),
    ],
)
def test_fields_fill_columns(kind, value, stored) -> None:
    assert php.fill(kind, value) == stored


@pytest.mark.parametrize(
    ("column", "value", "fatal"),
    [
        ("thing_name", "n" * 200, ""),
        ("thing_name", "n" * 201, "Data too long for column 'thing_name' at row 1"),
        ("thing_code:3", "four", "Data too long for column 'thing_code' at row 1"),
        ("thing_notes", "n" * 9999, ""),
        ("thing_date", "2027-02-28", ""),
        ("thing_date", "2027-02-30", "Incorrect date value: '2027-02-30' for column `itflow`.`things`"),
        ("thing_date", None, ""),
    ],
)
def test_mariadb_is_strict(column, value, fatal) -> None:
    (_, checked) = columns(f"thing_id {column}")
    if not fatal:
        php.check(checked, value, 17)
        return
    with pytest.raises(php.PhpFatal) as caught:
        php.check(checked, value, 17)
    assert fatal in str(caught.value)
