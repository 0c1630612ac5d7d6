"""What makers' phones send finds who was typed, or who calls; the sources stand beside each filter."""

from __future__ import annotations

import asyncio
import re
import tomllib
from pathlib import Path

import pytest

from bridge.ldap.setup import recipes
from tests.ldap.test_clients import BASE, search, tool, values
from tests.ldap.world import Wire, world

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
async def test_a_setup_text_followed_word_for_word_finds(tmp_path, command, maker):
    """What it prints is typed into a client: server, port, DN, password, base, filters and attributes."""
    async with world(tmp_path, base="dc=example,dc=com") as here:
        port = here.ports["ldap"]
        settings = {"LDAP_PORT": port, "LDAP_BASE": "dc=example,dc=com", "HTTP_PUBLIC_URL": "http://127.0.0.1:8080"}
        text = await asyncio.to_thread(command, "setup", f"{maker}-ldap", NUMBERS_REGION="DE", **settings)
        here.keys.load()
        assert "LDAP is off" not in text
        typed = [line.strip() for line in text.splitlines() if line.startswith("      ")]
        assert f"127.0.0.1:{port}" in typed or {"127.0.0.1", str(port)} <= set(typed)
        (dn,) = (value for value in typed if value == "cn=phone")
        (password,) = (value for value in typed if re.fullmatch(r"[0-9a-f]{32}", value))
        (base,) = (value for value in typed if value == "dc=example,dc=com")
        # Where a phone puts its filters together of attributes, the recipe says what comes of them.
        asked = [_sent(value) for value in typed if _PLACE.search(value)] or list(recipes()[maker].filters)
        assert {one.replace("*", "") for one in asked} <= {one.replace("*", "") for one in recipes()[maker].filters}
        attributes = {word for value in typed for word in re.findall(r"\b(?:cn|sn|o|telephoneNumber|mobile)\b", value)}
        for one in asked:
            filter_ = one.replace("VALUE", "03055501001" if "telephoneNumber" in one else "muster")
            words = ("-H", f"ldap://127.0.0.1:{port}", "-D", dn, "-w", password, "-b", base, "-z", "50")
            code, found = await tool(
                "ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", *words, filter_, *sorted(attributes)
            )
            assert code == 0, found
            assert "+493055501001" in values(found, "telephoneNumber"), filter_


_PLACE = re.compile(r"(%|#|\$VALUE)\*?\)")


def _sent(typed: str) -> str:
    """What a phone sends for a filter that was typed: the star behind its place is the phone's or the user's."""
    name = "telephoneNumber" not in typed
    return _PLACE.sub("VALUE*)" if name else "VALUE)", typed[typed.index("(") :])


def test_a_setup_text_says_that_ldap_is_off(command):
    assert "LDAP is off: set ldap.port" in command("setup", "yealink-ldap")
