"""keys add, list, revoke, as an operator uses them."""

import pytest


def test_a_key_is_made_listed_and_revoked(command):
    secret = command("keys", "add", "pbx", "--allow", "callerid,calls", "--client", "1", "--region", "de").strip()
    assert len(secret) == 32
    listed = command("keys", "list")
    assert secret not in listed
    for part in ("pbx", "callerid, calls", "numbers.region=de", "live"):
        assert part in listed
    command("keys", "revoke", "pbx")
    assert "revoked" in command("keys", "list")


@pytest.mark.parametrize("word", ["exit-code", "national"])
def test_the_forms_of_a_trunk_have_kept_their_old_words(command, word):
    command("keys", "add", "pbx", "--trunk", word)
    assert f"numbers.trunk={word}" in command("keys", "list")


def test_an_old_secret_is_taken_over(command):
    assert command("keys", "add", "old", "--key", "the-old-script-key-0123456789abcd").strip().endswith("89abcd")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--allow", "calerid"], "--allow calerid: there are callerid, phonebook"),
        (["--expires", "tomorrow"], "YYYY-MM-DD"),
        (["--network", "here"], "192.0.2.0/24"),
        (["--set", "callerid.label"], "SECTION.NAME=VALUE"),
        (["--set", "http.port=1"], "numbers, callerid, phonebook"),
        (["--region", "Germany"], "two-letter country code"),
        (["--region", "AQ"], "a country with numbers of its own"),
        (["--trunk", "domestic"], "'plus', 'exit-code' or 'bare'"),
        (["--key", ""], "secret to take over is empty"),
    ],
)
def test_what_is_wrong_is_told_and_no_key_is_made(command, words, told):
    assert told in command("keys", "add", "wrong", *words, fails=True)
    assert "wrong" not in command("keys", "list")
