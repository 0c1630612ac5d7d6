"""What ``setup`` prints is right: its requests, sent as each phone system sends them, get the right answers."""

import asyncio
import re
import subprocess
from contextlib import asynccontextmanager, nullcontext

import aiohttp
import pytest
import typer
from lxml import etree
from typer.testing import CliRunner
from yarl import URL

from bridge.access.keys import Feature, Keys
from bridge.access.setup import SYSTEMS, Place, dialplan
from bridge.cli.setup import setup
from bridge.errors import BadParameter
from bridge.settings import load
from bridge.storage import Database
from tests.agi.world import ALICE, BERND, SECRET, UNKNOWN, VENDOR, mirror, world
from tests.pbx.bridge import FAULTS, failing, refusing, serving
from tests.pbx.test_callerid import FIELD

NAMES = {ALICE: "Alice O'Neil", BERND: "Jörg Müller", VENDOR: "Power Company", UNKNOWN: "", "anonymous": ""}


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
    (scenario,) = (one for one in template.iterfind("Scenarios/Scenario") if not one.get("Id"))
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


class Switch:
    """A FreeSWITCH that runs a recipe for one call, by what mod_cidlookup and FusionPBX's cidlookup.lua do.

    mod_cidlookup keeps the digits of the number, takes whatever body comes but UNKNOWN and UNAVAILABLE, waits for
    ``curl-timeout``, and names a caller UNKNOWN without one (FreeSWITCH a67389a, mod_cidlookup.c, do_lookup).
    """

    def __init__(self, recipe, number, name):
        self.recipe = recipe
        self.variables = {}
        self.profile = {"caller_id_number": number, "caller_id_name": name, "uuid": "u1", "destination_number": "100"}
        text = recipe[recipe.index("<configuration") : recipe.index("</configuration>") + 16]
        rows = etree.fromstring(text).iterfind("settings/param")
        self.parameters = {row.get("name", ""): row.get("value", "") for row in rows}

    def expanded(self, text):
        known = {**self.profile, **self.variables}
        return re.sub(r"\$\{(\w+)\}", lambda match: known.get(match[1], ""), text)

    async def name_of(self, number):
        """What the API ``cidlookup`` gives."""
        url = self.parameters["url"].replace("${caller_id_number}", re.sub(r"\D", "", number))
        try:
            async with asyncio.timeout(int(self.parameters["curl-timeout"]) / 1000), asked(url) as answer:
                name = (await answer.read()).decode()
        except (TimeoutError, aiohttp.ClientError):
            name = ""
        return "UNKNOWN" if name in {"", "UNKNOWN", "UNAVAILABLE"} or "${" in name else name

    async def run(self):
        """Run the route's actions; what the called phone is shown then."""
        for name, data in re.findall(r'^  <action application="(\w+)" data="(.*)"/>$', self.recipe, re.MULTILINE):
            await self.act(name, self.expanded(data))
        return self.variables.get("effective_caller_id_name") or self.profile["caller_id_name"]

    async def act(self, application, data):
        match application:
            case "set":
                name, _, value = data.partition("=")
                self.variables[name] = value
            case "set_profile_var":
                name, _, value = data.partition("=")
                self.profile[name] = value
            case "cidlookup":
                found = await self.name_of(data)
                self.variables["original_caller_id_name"] = self.profile["caller_id_name"]
                self.variables["cidlookup_source"] = "UNKNOWN" if found == "UNKNOWN" else "url"
                self.profile["caller_id_name"] = found
            case "lua":
                assert data == "cidlookup.lua u1"
                found = await self.name_of(self.profile["caller_id_number"])
                self.variables |= {"caller_id_name": found, "effective_caller_id_name": found}
            case "execute_extension":
                await self.execute(data)
            case _:
                raise AssertionError(f"FreeSWITCH has no {application} here")

    async def execute(self, destination):
        text = self.recipe[self.recipe.index("<extension") : self.recipe.index("</extension>") + 12]
        self.profile["destination_number"] = destination
        for condition in etree.fromstring(text).iterfind("condition"):
            field = str(condition.get("field"))
            value = self.expanded(field) if "$" in field else self.profile[field]
            if not re.search(str(condition.get("expression")), value):
                return
            for action in condition.iterfind("action"):
                await self.act(action.get("application"), self.expanded(action.get("data")))


@pytest.mark.parametrize("system", ["freeswitch", "fusionpbx"])
@pytest.mark.parametrize("trunk", ["Trunk", "a=b: c ? d", "UNKNOWN", ""])
@pytest.mark.parametrize("number", NAMES)
async def test_freeswitch(place, system, number, trunk):
    switch = Switch(SYSTEMS[system].text(place), number, trunk)
    assert await switch.run() == (NAMES[number] or trunk)
    assert switch.parameters["cache"] == "false"


@pytest.mark.parametrize("system", ["freeswitch", "fusionpbx"])
@pytest.mark.parametrize("fault", ["hung", "cut off", "garbage", "stopped"])
async def test_freeswitch_keeps_the_name_of_the_trunk_without_a_bridge(system, fault):
    async with failing(FAULTS[fault]) if fault != "stopped" else nullcontext(refusing()) as url:
        assert await Switch(SYSTEMS[system].text(Place(url, "", SECRET, "")), ALICE, "Trunk").run() == "Trunk"


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
    assert Keys(database, load()).open(secret, None, None) == key
    assert key.features == (SYSTEMS[system].features if system in SYSTEMS else {Feature.PHONEBOOK})
    assert key.numbers.region == "DE"
    database.close()


def test_a_key_can_give_ascii_names(run, tmp_path):
    run("superfecta", "--ascii")
    database = Database(tmp_path / "bridge.db")
    assert Keys(database, load()).all()[0].callerid.ascii
    database.close()


async def test_freepbx_comes_with_an_address_to_see_a_name_at(place):
    (url,) = re.findall(r"^ *curl '(.*)'$", SYSTEMS["freepbx"].text(place), re.MULTILINE)
    async with asked(url.replace("NUMBER", ALICE)) as answer:
        assert await answer.text() == NAMES[ALICE]


def test_a_system_that_is_none_names_those_there_are_once(run):
    told = str(run("nokia").exception)
    assert told.startswith("There is no nokia here. There are: asterisk, freepbx, ")
    assert "; and phones: grandstream, " in told
    assert told.count("nokia") == told.lower().count("there is no") == 1


def test_freepbx_comes_with_lines_for_the_file_of_settings(run, tmp_path):
    printed = run("freepbx").stdout
    lines = re.findall(r"(?m)(\[ami\]|^ +host = .*|^ +secret = .*)$", printed)
    (tmp_path / "ami.toml").write_text("\n".join(lines))
    ami = load(tmp_path / "ami.toml").ami
    assert ami.host == "(the address of the FreePBX)"
    assert ami.secret
    assert f"Manager secret   {ami.secret.get_secret_value()}\n" in printed


def test_a_new_key_is_told_to_take_a_second(run):
    assert "within a second" in " ".join(run("yealink").stderr.split())


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
