"""What ``setup`` prints is right: its requests, sent as each phone system sends them, get the right answers."""

import re
import subprocess
from contextlib import asynccontextmanager

import aiohttp
import pytest
import typer
from lxml import etree
from typer.testing import CliRunner
from yarl import URL

from bridge.access.keys import Feature, Keys
from bridge.cli.setup import SYSTEMS, Place, dialplan, setup
from bridge.errors import BadParameter
from bridge.settings import load
from bridge.storage import Database
from tests.agi.world import ALICE, BERND, SECRET, UNKNOWN, mirror, world
from tests.pbx.bridge import serving
from tests.pbx.test_callerid import FIELD

NAMES = {ALICE: "Alice O'Neil", BERND: "Jörg Müller", UNKNOWN: "", "anonymous": ""}


@pytest.fixture
async def place(tmp_path):
    async with world(tmp_path, mirror()) as door, serving(door) as url:
        yield Place(url, f"127.0.0.1:{door.port}", SECRET, "https://itflow.example.com")


@asynccontextmanager
async def asked(url, **headers):
    async with aiohttp.ClientSession() as session, session.get(URL(url, encoded=True), headers=headers) as answer:
        yield answer


def expanded(text, values):
    """3CX's ``[Name]``."""
    return re.sub(r"\[(\w+)\]", lambda match: str(values[match[1]]), text)


@pytest.mark.parametrize("number", NAMES)
async def test_3cx(place, number):
    template = etree.fromstring(SYSTEMS["3cx"].text(place).encode())
    (scenario,) = template.iterfind("Scenarios/Scenario")
    values = {row.get("Name", ""): row.get("Default") for row in template.iterfind("Parameters/Parameter")}
    values["Number"] = number
    headers = {row.get("Key", ""): expanded(row.text, values) for row in scenario.iterfind("Request/Headers/Value")}
    (request,) = scenario.iterfind("Request")
    async with asked(expanded(request.get("Url"), values), **headers) as answer:
        assert answer.status == 200
        found = await answer.json()
    matched = all(found.get(rule.text) not in {None, ""} for rule in scenario.iterfind("Rules/Rule"))
    assert matched == bool(NAMES[number])
    values |= {row.get("Name", ""): found[row.get("Path")] for row in scenario.iterfind("Variables/Variable")}
    if matched:
        outputs = {row.get("Type"): expanded(row.get("Value"), values) for row in scenario.iterfind("Outputs/Output")}
        assert outputs["FirstName"] == NAMES[number]
        assert outputs["PhoneBusiness"] == number
        assert outputs["ContactUrl"].startswith("https://itflow.example.com/agent/client_overview.php?client_id=")


@pytest.mark.parametrize("system", ["freeswitch", "fusionpbx"])
@pytest.mark.parametrize("number", NAMES)
async def test_freeswitch(place, system, number):
    text = SYSTEMS[system].text(place)
    configuration = etree.fromstring(text[text.index("<configuration") : text.index("</configuration>") + 16])
    parameters = {row.get("name", ""): row.get("value", "") for row in configuration.iterfind("settings/param")}
    # mod_cidlookup keeps the digits of the number, and takes whatever body comes.
    url = parameters["url"].replace("${caller_id_number}", re.sub(r"\D", "", number))
    async with asked(url, **{"User-Agent": "freeswitch-cidlookup/1.0"}) as answer:
        assert await answer.text() == NAMES[number]
    assert parameters["cache"] == "false"


@pytest.mark.parametrize("number", NAMES)
async def test_superfecta(place, number):
    field = dict(FIELD.findall(SYSTEMS["superfecta"].text(place)))
    url, expression = field["URL"].replace("$thenumber", number), field["Regular Expressions"]
    async with asked(url) as answer:
        found = re.search(expression, await answer.text())
    assert (found[1] if found else "") == NAMES[number]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_place_is_filled(system):
    text = SYSTEMS[system].text(Place("https://pbx.example.com:8443/bridge", "pbx.example.com:4573", "k" * 32, ""))
    assert not re.search(r"@[A-Z]+@", text)
    assert "k" * 32 in text
    assert "pbx.example.com" in text


@pytest.fixture
def run(tmp_path):
    (tmp_path / "bridge.toml").write_text(
        f"[storage]\npath = '{tmp_path}/bridge.db'\n[http]\npublic_url = 'http://10.0.0.5:8080'\n"
    )
    app = typer.Typer()
    app.command()(setup)
    return lambda *words: CliRunner().invoke(app, [*words, "--config", str(tmp_path / "bridge.toml")])


@pytest.mark.parametrize("system", [*SYSTEMS, "yealink"])
def test_setup_makes_a_key_of_just_the_needed_rights(run, tmp_path, system):
    printed = run(system, "--region", "DE").stdout
    assert "10.0.0.5" in printed
    database = Database(tmp_path / "bridge.db")
    (key,) = Keys(database, load()).all()
    secret = re.findall(r"\b[0-9a-f]{32}\b", printed)[0]
    assert Keys(database, load()).find(secret) == key
    assert key.features == (SYSTEMS[system].features if system in SYSTEMS else {Feature.PHONEBOOK})
    assert key.numbers.region == "DE"
    database.close()


@pytest.mark.parametrize("url", ["bridge:8080", "bridge", "ftp://bridge", "http://"])
def test_an_address_without_scheme_makes_no_key(run, tmp_path, url):
    assert isinstance(run("freepbx", "--url", url).exception, BadParameter)
    assert not (tmp_path / "bridge.db").exists()


@pytest.mark.parametrize(("url", "told"), [("http://10.0.0.5:8080", True), ("http://127.0.0.1:8080", False)])
def test_a_fastagi_door_that_asterisk_may_not_reach_is_told(run, url, told):
    assert ("agi.host" in run("asterisk", "--url", url).stderr) == told


@pytest.mark.parametrize("linked", [False, True], ids=["", "Debian's symbolic links"])
@pytest.mark.parametrize("place", ["/usr/share/asterisk/sounds", "/var/lib/asterisk/sounds"])
def test_the_dialplan_has_the_commands_that_copy_the_sounds(tmp_path, place, linked):
    sounds, stock = tmp_path / "sounds", tmp_path / "en_US_f_Allison"
    sounds.mkdir()
    if linked:
        stock.mkdir()
        (stock / "vm-goodbye.gsm").touch()
        (sounds / "en").symlink_to(stock)
    (command,) = re.findall(rf"^;.*(for l in .*{place}.*done)$", dialplan(Place("", "", "", "")), re.MULTILINE)
    for _ in range(2):  # again after an update
        subprocess.run(["sh", "-ec", command.replace(place, str(sounds))], check=True)
    for language in ("en", "de"):
        assert (sounds / language / "itflow" / "balance-is.wav").is_file()
        assert not (sounds / language / "itflow" / "itflow").exists()
    assert (sounds / "en" / "vm-goodbye.gsm").exists() == linked


@pytest.mark.parametrize("system", [*SYSTEMS, "yealink"])
def test_ipv6_addresses_stand_in_brackets(run, system):
    printed = run(system, "--url", "http://[2001:db8::1]:8080").stdout
    assert "2001:db8::1" in printed
    assert not re.search(r"(?<!\[)2001:db8::1|2001:db8::1(?!\])", printed)


def test_an_unknown_system_is_told_what_there_is(run):
    error = run("nortel").exception
    assert isinstance(error, BadParameter)
    assert "freepbx" in str(error)
    assert "yealink" in str(error)
