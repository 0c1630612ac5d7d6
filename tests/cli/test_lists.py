"""Lists hold whole dates and names on a terminal of any width, and are JSON for programs."""

import json
import re

import pytest

NAME = "a-key-with-a-long-name-of-the-second-floor"
LISTS = [("keys", "list"), ("journal", "list"), ("phones",), ("calls",)]


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_each_is_json_for_programs(command, words):
    command("keys", "add", NAME)  # makes the file
    assert len(json.loads(command(*words, "--json"))) == (words == ("keys", "list"))


def test_json_has_the_columns_of_the_table(command):
    command("keys", "add", NAME, "--expires", "2037-12-31")
    (row,) = json.loads(command("keys", "list", "--json"))
    assert (row["name"], row["networks"]) == (NAME, "anywhere")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", row["expires"])
    assert "last_used_utc" in row


@pytest.mark.parametrize("columns", [20, 60, 80])
def test_a_narrow_terminal_cuts_no_name_no_date_and_no_heading(command, columns):
    command("keys", "add", NAME, "--expires", "2037-12-31")
    lines = command("keys", "list", columns=columns).splitlines()
    for whole in (f"name {NAME}", "expires 2037-12-31", "opens assets, balance,", "last used (UTC) never"):
        assert [line for line in lines if whole in re.sub(" +", " ", line)], whole
    assert not [line for line in lines if line.startswith("settings of its own")], "what is empty is left out"


def test_a_wide_terminal_has_a_table(command):
    command("keys", "add", NAME, "--expires", "2037-12-31")
    assert re.search(f"│ {NAME} +│.*│ 2037-12-31 │", command("keys", "list", columns=200))
