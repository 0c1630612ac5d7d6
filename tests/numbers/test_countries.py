from pathlib import Path

import pytest

from bridge.numbers import region_coded, region_named

ITFLOW = Path(__file__).parent.parent / "data" / "numbers" / "itflow-countries.tsv"


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("DE", "DE"),
        (" de ", "DE"),
        ("Germany", "DE"),
        ("DEUTSCHLAND", "DE"),
        ("United States", "US"),
        ("USA", "US"),
        ("Vereinigtes Königreich", "GB"),
        ("Cote d'Ivoire", "CI"),
        ("日本", "JP"),
        ("Georgia", "GE"),
        ("Niger", "NE"),
        ("XX", ""),
        ("Atlantis", ""),
        ("", ""),
        ("*fi", ""),
    ],
)
def test_countries_as_people_write_them(country: str, region: str) -> None:
    assert region_named(country) == region


def test_every_country_of_itflows_list_is_known() -> None:
    rows = [row.split("\t") for row in ITFLOW.read_text(encoding="utf-8").splitlines()]
    assert {name: region_named(name) for _, name in rows} == {name: region for region, name in rows}
    assert len({region for region, _ in rows}) == len(rows) == 194


@pytest.mark.parametrize(
    ("code", "region"), [("de", "DE"), (" US ", "US"), ("uk", "GB"), ("USA", "US"), ("AQ", ""), ("001", ""), ("", "")]
)
def test_a_code_of_a_country_whose_numbers_can_be_read(code: str, region: str) -> None:
    assert region_coded(code) == region
