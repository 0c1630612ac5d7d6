"""Settings come from one table; all faults are told at once and no secret is printed."""

import pytest
from pydantic import ValidationError

from bridge.errors import SettingsError
from bridge.settings import NumbersSection, load, table


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "bridge.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_environment_comes_before_the_file(toml, monkeypatch):
    monkeypatch.setenv("BRIDGE_HTTP_PORT", "9000")
    settings = load(toml('[http]\nport = 8000\nhost = "::1"\n[sync]\nmoney_interval_s = 7\n'))
    assert (settings.http.port, settings.http.host, settings.sync.money_interval_s) == (9000, "::1", 7)


def test_the_command_line_comes_before_all(toml, monkeypatch):
    monkeypatch.setenv("BRIDGE_HTTP_PORT", "9000")
    assert load(toml("[http]\nport = 8000\n"), {"http": {"port": 7000}}).http.port == 7000


def test_the_variables_of_the_examples_are_no_stray_settings(monkeypatch):
    for name in ("BRIDGE_URL", "BRIDGE_KEY"):
        monkeypatch.setenv(name, "x")
        load()
        monkeypatch.setenv(f"{name}S", "x")
        with pytest.raises(SettingsError, match=f"{name}S: there is no such setting"):
            load()
        monkeypatch.delenv(f"{name}S")


def test_every_fault_is_told_at_once(toml, monkeypatch):
    monkeypatch.setenv("BRIDGE_HTPT_PORT", "1")
    path = toml('[http]\nport = 70000\n[sync]\nintervl_s = 3\n[numbers]\nregion = "Germany"\n')
    with pytest.raises(SettingsError) as caught:
        load(path)
    told = "\n".join(caught.value.faults)
    for part in (
        "BRIDGE_HTPT_PORT: there is no such setting; did you mean BRIDGE_HTTP_PORT?",
        "http.port (BRIDGE_HTTP_PORT)",
        "sync.intervl_s: there is no such setting; did you mean sync.interval_s?",
        "numbers.region (BRIDGE_NUMBERS_REGION): must be a two-letter country code",
    ):
        assert part in told


@pytest.mark.parametrize(
    "address", ["itflow.example.com", "192.0.2.1:8090", "itflow:8090", "ftp://itflow", "https://"]
)
@pytest.mark.parametrize("setting", ["itflow.url", "http.public_url"])
def test_an_address_that_is_none_says_how_one_looks(toml, setting, address):
    section, name = setting.split(".")
    with pytest.raises(SettingsError) as caught:
        load(toml(f'[{section}]\n{name} = "{address}"\n'))
    (told,) = caught.value.faults
    assert told.startswith(f"{setting} (BRIDGE_{section.upper()}_{name.upper()}): must be a whole address")
    assert "https://itflow.example.com" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [("[http", "is not TOML"), (None, "there is no settings file")],
)
def test_a_file_that_cannot_be_used(toml, tmp_path, text, told):
    path = tmp_path / "missing.toml" if text is None else toml(text)
    with pytest.raises(SettingsError, match=told):
        load(path)


def test_secrets_are_never_printed(monkeypatch):
    monkeypatch.setenv("BRIDGE_ITFLOW_API_KEY", "hush-hush")
    monkeypatch.setenv("BRIDGE_HTTP_PORT", "x")
    with pytest.raises(SettingsError) as caught:
        load()
    monkeypatch.setenv("BRIDGE_HTTP_PORT", "1")
    assert "hush-hush" not in f"{caught.value}{load()!r}{load()}"


def test_where_itflow_is_must_be_said():
    with pytest.raises(SettingsError) as caught:
        load().itflow.require()
    url, _ = caught.value.faults
    assert "BRIDGE_ITFLOW_URL=https://" in url
    assert 'url = "https://itflow.example.com" below [itflow]' in url


def test_the_key_may_stand_in_a_file(tmp_path, monkeypatch):
    (tmp_path / "key").write_text("from-a-file\n", encoding="utf-8")
    monkeypatch.setenv("BRIDGE_ITFLOW_URL", "https://itflow.example")
    monkeypatch.setenv("BRIDGE_ITFLOW_API_KEY_FILE", str(tmp_path / "key"))
    assert load().itflow.require() == ("https://itflow.example/", "from-a-file")
    (tmp_path / "key").unlink()
    with pytest.raises(SettingsError, match="api_key_file cannot be read"):
        load().itflow.require()


def test_every_setting_explains_itself():
    rows = list(table())
    assert all(row.help for row in rows)
    assert len({row.environment for row in rows}) == len(rows)


@pytest.mark.parametrize(("text", "region"), [("UK", "GB"), ("usa", "US"), (" de ", "DE")])
def test_a_region_as_people_write_it(text: str, region: str) -> None:
    assert NumbersSection(region=text).region == region


@pytest.mark.parametrize("text", ["XX", "EN", "Germany", "", "AQ", "001"])
def test_a_region_that_is_none_or_has_no_numbers_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match=r"two-letter country code .* of a country with numbers of its own"):
        NumbersSection(region=text)


@pytest.mark.parametrize(("word", "trunk"), [("bare", "bare"), ("international", "bare"), ("e164", "plus")])
def test_a_trunk_in_new_and_old_words(toml, word: str, trunk: str) -> None:
    assert load(toml(f'[numbers]\ntrunk = "{word}"\n')).numbers.trunk == trunk


def test_a_trunk_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("BRIDGE_NUMBERS_TRUNK", "domestic")
    with pytest.raises(SettingsError, match="'plus', 'exit-code' or 'bare'"):
        load()
