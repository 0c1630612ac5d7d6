"""Inbound SIP calls on a real Asterisk: what the called phone receives in its INVITE."""

import asyncio
import re
from base64 import b64decode
from contextlib import nullcontext, suppress
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from bridge.access.setup import SYSTEMS, Place, dialplan
from bridge.callerid import safe
from tests.agi.names import NUMBERS, hostile
from tests.agi.world import ALICE, BERND, EVE, HOSTILE, SECRET, UNKNOWN, YOKO, world
from tests.pbx import bridge
from tests.pbx.asterisk import DESK
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

    async def made(number, name="Trunk Name", *headers, way="curl", url="", second="", agi=0, key=SECRET):
        plan = dialplan(Place(url, "", key, "")).replace("Set(ITFLOW_URL2=)", f"Set(ITFLOW_URL2={second})")
        await pbx.dialplan(
            f"{plan}{freepbx(url, key)}[from-trunk]\n"
            f"exten => 100,1,{WAYS[way].format(agi=agi, key=key)}\n"
            " same => n,Verbose(1,facts ${ITFLOW_CLIENT_ID} ${ITFLOW_LANGUAGE} ${ITFLOW_VIP} ${ITFLOW_CLIENT})\n"
            " same => n,Dial(PJSIP/phone,10,b(itflow-ring^s^1))\n"
        )
        async with dial(f'"{name}" <sip:{number}@trunk.example>', "100", *headers) as call:
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


# Whose newest ticket somebody has, and who is rung then; the others go on to the dialplan's own Dial().
AGENTS = {BERND: 'agent 201 7 Tina "T" & Co\n', ALICE: "agent   \n", UNKNOWN: "agent   \n"}


@pytest.mark.parametrize("way", ["curl", "agi"])
@pytest.mark.parametrize("number", AGENTS)
async def test_the_person_of_the_newest_ticket_is_rung_first(pbx, phone, dial, http, door, way, number):
    plan = dialplan(Place(http, "", SECRET, ""))
    await pbx.dialplan(
        f"{plan}[agents]\nexten => 201,1,Dial(PJSIP/phone,10,b(agent^s^1))\n"
        "[agent]\nexten => s,1,Set(PJSIP_HEADER(add,Alert-Info)=agent)\n same => n,Return()\n"
        f"[from-trunk]\nexten => 100,1,{WAYS[way].format(agi=door.port, key=SECRET)}\n"
        " same => n,Verbose(1,agent ${ITFLOW_AGENT_EXTENSION} ${ITFLOW_TICKET_ID} ${ITFLOW_AGENT})\n"
        " same => n,Gosub(itflow-agent,s,1(10,Local/,@agents))\n"
        " same => n,Dial(PJSIP/phone,10)\n"
    )
    since = len(pbx.log())
    async with dial(f"<sip:{number}@trunk.example>", "100") as call:
        invite = await phone.invited(call)
        await call.hang_up()
    assert AGENTS[number] in pbx.log()[since:]
    assert invite.header("Alert-Info") == ("agent" if number == BERND else "")


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


PRIVATE = [f'P-Asserted-Identity: "Trunk" <sip:{YOKO}@trunk.example>', "Privacy: id"]


async def test_of_a_caller_who_hides_the_number_nothing_reaches_the_phone(pbx, lookup, http):
    since = len(pbx.log())
    invite, _ = await lookup("anonymous", "Anonymous", *PRIVATE, url=http)
    assert "facts    \n" in pbx.log()[since:]
    assert "山田" not in invite.text
    assert invite.header("Alert-Info") == ""
    # The same call without Privacy has it all, so it is that header that counts.
    invite, _ = await lookup("anonymous", "Anonymous", PRIVATE[0], url=http)
    assert invite.shown == NAMES[YOKO]
    assert invite.header("Alert-Info") == "<http://127.0.0.1>;info=vip"


async def test_of_a_caller_who_hides_the_number_fastagi_tells_nothing(pbx, lookup, door):
    since = len(pbx.log())
    invite, _ = await lookup("anonymous", "Anonymous", *PRIVATE, way="agi", agi=door.port)
    assert "facts    \n" in pbx.log()[since:]
    assert "山田" not in invite.text


@pytest.mark.parametrize("verifying", [False, True], ids=["trunk", "Asterisk verifies"])
@pytest.mark.parametrize(("verstat", "told"), [(";verstat=TN-Validation-Passed-A", "verified"), ("", "")])
async def test_the_dialplan_knows_whether_the_network_vouches(pbx, dial, http, verifying, verstat, told):
    plan = dialplan(Place(http, "", SECRET, ""))
    plan = plan.replace("\n;same", "\n same") if verifying else plan
    await pbx.dialplan(
        f"{plan}[from-trunk]\nexten => 100,1,Gosub(itflow-callerid,s,1)\n"
        " same => n,Verbose(1,named ${CALLERID(name)} vouched <${ITFLOW_ATTESTATION}>)\n same => n,Answer()\n"
    )
    since = len(pbx.log())
    async with dial(f'"x" <sip:{ALICE}{verstat}@trunk.example>') as call:
        await call.ended()
    assert f"named Alice O'Neil vouched <{told}>\n" in pbx.log()[since:]
    assert "STIR/SHAKEN results" not in pbx.log()[since:]


GOT = re.compile(r"got (\S+) (\S*) (?:(\d*) (\d*) (\w*))?\n")
LOOP = """[from-trunk]
exten => 100,1,Set(n=0)
 same => n(next),Set(CALLERID(num)=+12125559${{SPRINTF(%03d,${{n}})}})
 same => n,Set(CALLERID(name)=Trunk)
 same => n,{way}
 same => n,Verbose(1,got ${{CALLERID(num)}} ${{URIENCODE(${{CALLERID(name)}})}} {facts})
 same => n,Set(n=$[${{n}} + 1])
 same => n,GotoIf($[${{n}} < {count}]?next)
 same => n,Hangup()
"""
FACTS = "${ITFLOW_CLIENT_ID} ${ITFLOW_VIP} ${ITFLOW_LANGUAGE}"


@pytest.mark.parametrize("way", ["curl", "freepbx"])
async def test_hostile_names_arrive_as_they_are_with_all_the_facts(pbx, dial, tmp_path, way):
    async with world(tmp_path, hostile()) as door, bridge.serving(door) as url:
        loop = LOOP.format(way=WAYS[way], facts=FACTS if way == "curl" else "", count=len(NUMBERS))
        await pbx.dialplan(f"{dialplan(Place(url, '', SECRET, ''))}{freepbx(url, SECRET)}{loop}")
        since = len(pbx.log())
        async with dial('"x" <sip:5@trunk.example>') as call:
            with suppress(AssertionError):  # a call that nobody answers is no failure
                await call.ended()
    found = {number: (unquote(name), *facts) for number, name, *facts in GOT.findall(pbx.log()[since:])}
    known = {number: (n, safe(name, 60)) for n, (number, name) in enumerate(NUMBERS.items(), 1)}
    if way == "curl":
        assert found == {number: (name or "Trunk", str(n), "1", "en") for number, (n, name) in known.items()}
    else:
        # FreePBX takes what comes: an empty answer too.
        assert {number: row[0] for number, row in found.items()} == {
            number: name or "Trunk" for number, (_, name) in known.items()
        }


async def test_the_phone_that_calls_shows_who_is_called(pbx, phone, dial, http):
    await pbx.dialplan(
        f"{dialplan(Place(http, '', SECRET, ''))}[from-trunk]\n"
        f"exten => 9{BERND[1:]},1,Gosub(itflow-callee,s,1(${{EXTEN:1}}))\n"
        " same => n,Verbose(1,called ${ITFLOW_CALLEE})\n same => n,Dial(PJSIP/phone,10,I)\n"
        f"exten => {YOKO[1:]},1,Gosub(itflow-callee,s,1)\n same => n,Dial(PJSIP/phone,10,I)\n"
        f"exten => {UNKNOWN[1:]},1,Gosub(itflow-callee,s,1)\n same => n,Dial(PJSIP/phone,10,I)\n"
    )
    for exten, name in ((f"9{BERND[1:]}", NAMES[BERND]), (YOKO[1:], NAMES[YOKO]), (UNKNOWN[1:], "")):
        since = len(pbx.log())
        async with dial('"Desk" <sip:101@trunk.example>', exten, source=DESK) as call:
            await phone.invited(call)
            asserted = re.findall(r'^P-Asserted-Identity: "(.*)" <sip:', await call.answer(), re.MULTILINE)
            await call.hang_up()
        assert asserted == ([name] if name else [])
        assert ("called Jörg Müller" in pbx.log()[since:]) == (name == NAMES[BERND])


@pytest.mark.parametrize("fault", [*FAULTS, "stopped"])
async def test_an_outbound_call_rings_whatever_the_bridge_does(pbx, phone, dial, fault):
    async with failing(FAULTS[fault]) if fault != "stopped" else nullcontext(refusing()) as url:
        await pbx.dialplan(
            f"{dialplan(Place(url, '', SECRET, ''))}[from-trunk]\n"
            "exten => 100,1,Gosub(itflow-callee,s,1(12125550102))\n same => n,Dial(PJSIP/phone,10,I)\n"
        )
        async with dial('"Desk" <sip:101@trunk.example>') as call:
            invite = await phone.invited(call)
            await call.hang_up()
            assert (invite.at - (await call.invite()).at).total_seconds() < RINGS_WITHIN_S


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
        (f"GET /callerid?format=hash&number={quote(ALICE)}&verstat= HTTP/1.1", f"itflow:{SECRET}"),
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
    assert [re.sub(r"linkedid=[\d.]+&", "linkedid=ID&", line) for line, _ in seen] == [
        f"GET /api.php?incoming_call=&cid={quote(ALICE)}&linkedid=ID&verstat= HTTP/1.1",
        f"GET /api.php?{asset} HTTP/1.1",
    ]
    assert {key for _, key in seen} == {f"itflow:{SECRET}"}
    assert "result Asset added!" in log
