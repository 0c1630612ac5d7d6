"""Names that a dialplan could take for more than names, each the name of a client and of its one contact."""

from __future__ import annotations

from bridge.clock import Moment
from bridge.directory.entries import Client
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from tests.agi.world import HOSTILE, contact

# As ITFlow's recordings have them.
RECORDED = (
    "Acme & Sons <Ltd>",
    "Alice O'Neil",
    "Anna-Lena Groß",
    'Bob "Bobby" Tables; DROP',
    "Comma, Inc ${EXEC(x)} %20",
    "Contoso Telecom & Co",
    "Emoji 😀 Line\nBreak",
    'Müller "Köln" GmbH',
    "Zoë <b>Bold</b> & Co",
    "Zoë's Café, Paris",
    "山田 太郎",
)
BRACKETS = tuple(
    form.replace("_", bracket) for bracket in ("(", ")", "[", "]", "{", "}") for form in ("_ odd", "odd _", "o_d, odd")
)
ODD = (
    "Bob :-(",
    "Initech (formerly Initrode",
    ":-[",
    ")(][}{",
    "(a) [b] {c}",
    '19" Rack',
    '"',
    "\\",
    "C:\\Temp\\",
    "a\\,b",
    "100 %",
    "100 %28%",
    "%2528",
    "a=b&c=d",
    "a+b",
    "a|b;c~d^e`f",
    "$[1+1] ${CALLERID(num)}",
    "`id` $(id)",
    "-n",
    "NULL",
    "0",
    "A long name with something in brackets at its end (that is cut off)",
)
NAMES = (HOSTILE, *RECORDED, *BRACKETS, *ODD)
NUMBERS = {f"+12125559{n:03}": name for n, name in enumerate(NAMES)}


def hostile() -> Mirror:
    """Each as a favourite client (VIP), with the id of its place counted from 1, and as that client's contact."""
    clients = [Client(n, name, favorite=True, currency="EUR") for n, name in enumerate(NAMES, 1)]
    contacts = [contact(n, n, name, number) for n, (number, name) in enumerate(NUMBERS.items(), 1)]
    now = Moment.now()
    return Mirror(Snapshot.build(clients=clients, entries=contacts), Freshness(people_at=now, money_at=now))
