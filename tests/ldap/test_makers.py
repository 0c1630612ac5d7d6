"""What makers' phones send finds who was typed, or who calls; the sources stand beside each filter."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bridge.ldap.setup import recipes
from tests.ldap.test_clients import BASE, search, values
from tests.ldap.world import SECRET, Wire, world

ROWS = tomllib.loads((Path(__file__).parents[1] / "data/ldap/filters.toml").read_text(encoding="utf-8"))["filter"]
SETUPS = [(name, one) for name, recipe in recipes().items() for one in recipe.filters]


@pytest.mark.parametrize("row", ROWS, ids=[row["maker"] for row in ROWS])
async def test_a_filter_of_a_maker(tmp_path, row):
    assert row["source"]
    wanted = ("03055501001", "+493055501001", "00493055501001") if row.get("number") else ("mus", "MUSTER")
    async with world(tmp_path) as here:
        wire = await Wire.at(here)
        await wire.bind()
        for value in wanted:
            assert "Ada Muster" in await wire.names(row["text"].replace("VALUE", value)), value
            assert await wire.names(row["text"].replace("VALUE", "zzz")) == []
        wire.close()


@pytest.mark.parametrize(("name", "text"), SETUPS)
async def test_a_recipe_finds_what_it_says(tmp_path, name, text):
    """The filters that the set-up text makes a phone send, by OpenLDAP's ldapsearch."""
    typed = "03055501001" if "telephoneNumber" in text else "muster"
    filter_ = text.replace("(sn=VALUE*)(cn=VALUE*)", "(sn=muster*)(cn=ada*)").replace("VALUE", typed)
    async with world(tmp_path) as here:
        code, found = await search(here, *BASE, "-z", "50", filter_, "cn", "o", "telephoneNumber", "mobile")
    assert code == 0
    assert "Ada Muster" in values(found, "cn"), name


@pytest.mark.parametrize("maker", recipes())
def test_a_setup_text_binds_and_searches(command, maker):
    """Its key, base and port are those of the bridge, word for word."""
    settings = {"LDAP_PORT": 1389, "LDAP_BASE": "dc=example,dc=com", "HTTP_PUBLIC_URL": "http://192.0.2.7:8080"}
    text = command("setup", f"{maker}-ldap", **settings)
    lines = [line.strip() for line in text.splitlines()]
    assert "dc=example,dc=com" in lines
    assert "192.0.2.7" in lines or "192.0.2.7:1389" in lines
    assert [line for line in lines if re.fullmatch(r"[0-9a-f]{32}", line)]
    assert "LDAP is off" not in text
    assert SECRET not in text


def test_a_setup_text_says_that_ldap_is_off(command):
    assert "LDAP is off: set ldap.port" in command("setup", "yealink-ldap")
