"""A small office on a real Asterisk: nine extensions, a trunk, a ring group, a queue, transfers, pickup, parking."""

from __future__ import annotations

import asyncio
import random
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.pbx import cel
from tests.pbx.asterisk import Asterisk, running
from tests.pbx.phones import Behaviour, Dialog, Phone

EXTENSIONS = tuple(str(number) for number in range(101, 110))
TWO_DEVICES = "101"  # has a desk phone and a mobile
PHONE_PORT = 5060
USER, SECRET = "itflow", "manager-secret"
DID = "2125550000"

MODULES = """
    app_queue app_directed_pickup app_cdr app_senddtmf app_voicemail app_echo app_milliwatt app_followme app_confbridge
    app_blind_transfer app_bridgewait app_waituntil app_channelredirect
    bridge_builtin_features bridge_builtin_interval_features bridge_holding bridge_softmix bridge_simple
    res_pjsip_refer res_pjsip_notify res_parking res_musiconhold res_features pbx_spool func_db func_devstate
    app_db app_dumpchan chan_bridge_media res_cdrel_custom cel_custom res_pjsip_dialog_info_body_generator
    res_pjsip_send_to_voicemail
"""

DIALPLAN = f"""
[from-trunk]
exten => {DID},1,Dial(PJSIP/102,30)
exten => 2125550001,1,Goto(internal,600,1)
exten => 2125550002,1,Goto(internal,700,1)
exten => 2125550003,1,Goto(internal,101,1)
exten => 2125550004,1,Goto(internal,603,1)
exten => 2125550005,1,Answer()
 same => n,Wait(20)
exten => 2125550006,1,Goto(internal,604,1)
exten => 2125550007,1,Dial(PJSIP/102,1)
 same => n,Answer()
 same => n,Wait(20)
exten => 2125550008,1,Goto(internal,701,1)
exten => _21255501XX,1,Goto(internal,1${{EXTEN:8}},1)

[internal]
exten => 101,1,Dial(PJSIP/101&PJSIP/101-mobile,30)
exten => _10[2-9],1,Dial(PJSIP/${{EXTEN}},30)
exten => 600,1,Dial(PJSIP/102&PJSIP/103&PJSIP/104,30)
exten => 603,1,Dial(Local/102@internal/n&Local/103@internal/n&Local/104@internal/n,30)
exten => 604,1,Dial(Local/102@internal&Local/103@internal,30)
exten => 700,1,Queue(support,,,,30)
 same => n,Hangup()
exten => 701,1,Answer()
 same => n,Queue(locals,,,,30)
 same => n,Hangup()
exten => 799,1,Answer()
 same => n,Echo()
exten => *8,1,Pickup()
 same => n,Hangup()
exten => _*8X.,1,Pickup(${{EXTEN:2}}@internal)
 same => n,Hangup()
include => parkedcalls
exten => _XXXX.,1,Dial(PJSIP/${{EXTEN}}@trunk,30)
"""

QUEUES = """
[general]
[support]
strategy = ringall
timeout = 15
retry = 1
joinempty = yes
member => PJSIP/105,0,Ernst
member => PJSIP/106,0,Fred
[locals]
strategy = linear
timeout = 1
retry = 1
joinempty = yes
member => Local/107@internal/n,0,Gerd
member => Local/108@internal/n,0,Hans
"""


def manager(port: int, more: str = "") -> str:
    """``manager.conf`` with no more rights than ``setup asterisk`` prints."""
    return f"""
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {port}
{more}
[{USER}]
secret = {SECRET}
read = call,agent
write = originate,reporting
"""


def _endpoint(name: str, host: str) -> str:
    return f"""
[{name}]
type=endpoint
context=internal
disallow=all
allow=ulaw
aors={name}
direct_media=no
call_group=1
pickup_group=1
send_pai=no
allow_transfer=yes
[{name}]
type=identify
endpoint={name}
match={host}
[{name}]
type=aor
contact=sip:{name}@{host}:{PHONE_PORT}
qualify_frequency=0
"""


def _trunk(host: str) -> str:
    return f"""
[trunk](+)
aors=trunk
[office]
type=identify
endpoint=trunk
match={host}
[trunk]
type=aor
contact=sip:trunk@{host}:{PHONE_PORT}
qualify_frequency=0
"""


def hosts(net: int) -> Mapping[str, str]:
    """The address of every phone."""
    desks = {number: f"127.{net}.5.{number}" for number in EXTENSIONS}
    return desks | {f"{TWO_DEVICES}-mobile": f"127.{net}.5.201"}


@dataclass
class Office:
    """What runs.

    Attributes:
        phones: The phones by the names of their endpoints.
        trunk: Who calls from outside, and is called there.
        port: Where the manager answers.
        alone: Held by scenes that cannot be played twice at a time, by what they share.
    """

    pbx: Asterisk
    port: int
    alone: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    phones: dict[str, Phone] = field(default_factory=dict)
    trunk: Phone = field(default=None)  # type: ignore[assignment]  # made as soon as Asterisk's port is known


async def rings(dialog: Dialog) -> None:
    """Let a phone ring until somebody does something."""
    dialog.ring()


@asynccontextmanager
async def open_office(installed: Path, behaviour: Behaviour = rings, *, more: str = "") -> AsyncIterator[Office]:
    """Start Asterisk, the phones and the trunk.

    Args:
        installed: Where Asterisk is.
        behaviour: What phones do with a call.
        more: Settings of the manager for everybody.
    """
    port, net = _free_tcp_port(), random.randrange(1, 255)  # several offices have addresses of their own
    trunk = f"127.{net}.0.2"

    def files(_asterisk: Asterisk) -> Mapping[str, str]:
        return {
            "manager.conf": manager(port, more),
            "extensions.conf": DIALPLAN,
            "queues.conf": QUEUES,
            **cel.FILES,
            "features.conf": "[general]\n",
            "res_parking.conf": "[general]\n[default]\nparkext => 750\nparkpos => 751-760\ncontext => parkedcalls\n",
            "pjsip.conf": "".join(_endpoint(name, host) for name, host in hosts(net).items()) + _trunk(trunk),
        }

    async with AsyncExitStack() as stack:
        pbx = await stack.enter_async_context(running(installed, verbose=1, modules=MODULES, files=files))
        office = Office(pbx, port)
        sip = "127.0.0.1", pbx.sip_port
        for name, host in hosts(net).items():
            office.phones[name] = phone = Phone(name, sip, behaviour)
            await phone.listen((host, PHONE_PORT))
            stack.push_async_callback(phone.close)
        office.trunk = Phone("trunk", sip, behaviour)
        await office.trunk.listen((trunk, PHONE_PORT))
        stack.push_async_callback(office.trunk.close)
        yield office


def _free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
