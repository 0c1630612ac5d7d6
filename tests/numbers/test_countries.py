import pytest

from bridge.numbers import region_named


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
