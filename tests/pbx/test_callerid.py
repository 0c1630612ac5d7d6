"""Inbound SIP calls on a real Asterisk: what the called phone receives in its INVITE."""

import asyncio
import re
from base64 import b64decode
from pathlib import Path
from urllib.parse import quote

import pytest

from bridge.callerid import safe
from bridge.cli.setup import SYSTEMS, Place, dialplan
from tests.agi.world import ALICE, BERND, EVE, HOSTILE, SECRET, UNKNOWN, YOKO
from tests.pbx.bridge import FAULTS, failing, refusing

RINGS_WITHIN_S = 1.5
NAMES = {ALICE: "Alice O'Neil", BERND: "Jörg Müller", YOKO: "山田洋子", EVE: safe(HOSTILE, 60)}

FIELD = re.compile(r"^ +([A-Z]\w+(?: \w+)?)  +(.+)$", re.MULTILINE)  # of a recipe for a web page
PLACEHOLDERS = {"[NUMBER]": '${STRREPLACE(CALLERID(num),"+",%2B)}', "[NAME]": "${CALLERID(name)}"}

WAYS = {
    "curl": "Gosub(itflow-callerid,s,1)",
    "agi": "AGI(agi://127.0.0.1:{agi}/callerid,{key})",
    "freepbx": "Gosub(cidlookup,cidlookup_1,1)",
}


def freepbx(url, key):
    """The generated dialplan."""
    recipe = SYSTEMS["freepbx"].text(Place(url, "", key, ""))
    field = dict(FIELD.findall(recipe))
    query = field["Query"]
    assert len(query) <= 100
    for placeholder, value in PLACEHOLDERS.items():
        query = query.replace(placeholder, value)
    text = (Path(__file__).parent / "freepbx.conf").read_text(encoding="utf-8")
    text = text.replace("SERVER", f"{field['Host']}:{field['Port']}")
    return text.replace("QUERYPATH", field["Path"]).replace("QUERY", query)


@pytest.fixture
def lookup(pbx, phone, dial):
    """Makes a call and returns the INVITE that the phone got."""

    async def made(number, name="Trunk Name", *, way="curl", url="", second="", agi=0, key=SECRET):
        plan = dialplan(Place(url, "", key, "")).replace("Set(ITFLOW_URL2=)", f"Set(ITFLOW_URL2={second})")
        await pbx.dialplan(
            f"{plan}{freepbx(url, key)}[from-trunk]\n"
            f"exten => 100,1,{WAYS[way].format(agi=agi, key=key)}\n"
            " same => n,Verbose(1,facts ${ITFLOW_CLIENT_ID} ${ITFLOW_LANGUAGE} ${ITFLOW_VIP} ${ITFLOW_CLIENT})\n"
            " same => n,Dial(PJSIP/phone,10,b(itflow-ring^s^1))\n"
        )
        async with dial(f'"{name}" <sip:{number}@trunk.example>') as call:
            invite = await phone.invited(call)
            await call.hang_up()
            return invite, (invite.at - (await call.invite()).at).total_seconds()

    return made


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", NAMES)
async def test_the_phone_shows_the_right_name(lookup, http, door, way, number):
    invite, _ = await lookup(number, way=way, url=http, agi=door.port)
    assert invite.shown == NAMES[number]
    assert f"sip:{number}@" in invite.header("From")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["Trunk Name", "Trünk, Näme", "日本"])
@pytest.mark.parametrize("number", [UNKNOWN, "anonymous"])
async def test_an_unknown_or_withheld_caller_keeps_the_name_of_the_trunk(lookup, http, door, way, name, number):
    invite, _ = await lookup(number, name, way=way, url=http, agi=door.port)
    assert invite.shown == name


@pytest.mark.parametrize("way", ["curl", "agi"])
@pytest.mark.parametrize(
    ("number", "facts"), [(BERND, "facts 2 en  Müller GmbH\n"), (EVE, "facts 4 en  Eve's 19\" Racks, Ltd\n")]
)
async def test_the_dialplan_knows_the_client(pbx, lookup, http, door, way, number, facts):
    since = len(pbx.log())
    await lookup(number, way=way, url=http, agi=door.port)
    assert facts in pbx.log()[since:]


@pytest.mark.parametrize("way", ["curl", "agi"])
@pytest.mark.parametrize(("number", "ring"), [(YOKO, "<http://127.0.0.1>;info=vip"), (BERND, "")])
async def test_a_vip_rings_in_another_way(lookup, http, door, way, number, ring):
    invite, _ = await lookup(number, way=way, url=http, agi=door.port)
    assert invite.header("Alert-Info") == ring


@pytest.mark.parametrize("fault", [*FAULTS, "stopped"])
async def test_the_phone_rings_whatever_the_bridge_does(lookup, fault):
    if fault == "stopped":
        invite, took_s = await lookup(ALICE, url=refusing())
    else:
        async with failing(FAULTS[fault]) as url:
            invite, took_s = await lookup(ALICE, url=url)
    assert invite.shown == "Trunk Name"
    assert took_s < RINGS_WITHIN_S


@pytest.mark.parametrize("fault", [*FAULTS, "stopped"])
async def test_the_second_bridge_answers_for_the_first(lookup, http, fault):
    if fault == "stopped":
        invite, took_s = await lookup(ALICE, url=refusing(), second=http)
    else:
        async with failing(FAULTS[fault]) as url:
            invite, took_s = await lookup(ALICE, url=url, second=http)
    assert invite.shown == NAMES[ALICE]
    assert took_s < RINGS_WITHIN_S


async def test_the_phone_rings_with_two_hung_bridges(lookup):
    async with failing(FAULTS["hung"]) as first, failing(FAULTS["hung"]) as second:
        invite, took_s = await lookup(ALICE, url=first, second=second)
    assert invite.shown == "Trunk Name"
    assert took_s < RINGS_WITHIN_S


@pytest.mark.parametrize("way", ["curl", "agi"])
async def test_a_wrong_key_keeps_the_name_of_the_trunk(lookup, http, door, way):
    invite, _ = await lookup(ALICE, way=way, url=http, agi=door.port, key="wrong")
    assert invite.shown == "Trunk Name"


async def test_without_the_fastagi_door_the_phone_rings(lookup):
    invite, took_s = await lookup(ALICE, way="agi", agi=9)
    assert invite.shown == "Trunk Name"
    assert took_s < RINGS_WITHIN_S


async def requests_of(pbx, dial, plan):
    """The request lines and keys that a call's dialplan sends, and what the dialplan got for them."""
    seen = []

    async def serve(reader, writer):
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = re.search(r"^Authorization: Basic (.*)\r$", request, re.MULTILINE)
        seen.append((request.split("\r\n")[0], b64decode(key[1]).decode() if key else None))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nAsset added!")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    since = len(pbx.log())
    await pbx.dialplan(f"{dialplan(Place(url, '', SECRET, ''))}[from-trunk]\n{plan.replace('HERE', url)}")
    async with dial(f'"x" <sip:{ALICE}@trunk.example>') as call:
        await call.ended()
    server.close()
    await server.wait_closed()
    return seen, pbx.log()[since:]


async def test_the_key_goes_to_the_bridge_and_nowhere_else(pbx, dial):
    seen, _ = await requests_of(
        pbx,
        dial,
        "exten => 100,1,Answer()\n same => n,Gosub(itflow-callerid,s,1)\n"
        " same => n,Set(x=${CURL(HERE/another)})\n same => n,Hangup()\n",
    )
    assert seen == [
        (f"GET /callerid?format=hash&number={quote(ALICE)} HTTP/1.1", f"itflow:{SECRET}"),
        ("GET /another HTTP/1.1", None),
    ]


async def test_assets_and_inbound_calls_are_told_to_the_bridge(pbx, dial):
    seen, log = await requests_of(
        pbx,
        dial,
        "exten => 100,1,Answer()\n same => n,Gosub(itflow-incoming,s,1)\n"
        " same => n,Gosub(itflow-asset,s,1(PC & Co,7,Desktop,,M 1,,Mac (9))\n"
        " same => n,Verbose(1,result ${ITFLOW_RESULT})\n same => n,Hangup()\n",
    )
    asset = "add_asset=PC%20%26%20Co&client_id=7&type=Desktop&make=&model=M%201&serial=&os=Mac%20(9"
    assert [line for line, _ in seen] == [
        f"GET /api.php?incoming_call=&cid={quote(ALICE)} HTTP/1.1",
        f"GET /api.php?{asset} HTTP/1.1",
    ]
    assert {key for _, key in seen} == {f"itflow:{SECRET}"}
    assert "result Asset added!" in log
