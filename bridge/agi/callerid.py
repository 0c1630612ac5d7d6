"""``AGI(agi://…/callerid)``: set the caller's name and what else is known, without a request over HTTP."""

from __future__ import annotations

from bridge import callerid
from bridge.access.keys import Feature, Key
from bridge.agi.features import Features
from bridge.agi.protocol import Environment
from bridge.agi.session import Session
from bridge.agi.trust import attestation

FEATURE = Feature.CALLERID
# The dialplan gets the same ones by CURL(): asterisk/extensions_itflow.conf.
FACTS = ("client", "client_id", "contact_id", "vip", "language", "agent", "agent_extension", "ticket_id")
INHERITED = "__"  # Asterisk hands such a variable on to the channel that is dialled
MAX_CHARS = 200  # of a value; keeps every command below Asterisk's limit


async def run(session: Session, environment: Environment, features: Features, key: Key) -> str:
    """Set ``CALLERID(name)`` where a name is found, and what is known as ``ITFLOW_CLIENT_ID`` and so on.

    Returns:
        What happened, for the log.
    """
    answer = callerid.answer(
        features.mirror,
        key,
        environment.number,
        interface=callerid.Interface.AGI,
        with_facts=True,
        extension_of=features.extension_of,
    )
    for fact in FACTS:
        if known := answer.facts.get(fact):
            await session.set(f"{INHERITED}ITFLOW_{fact.upper()}", _text(known))
    if attested := await attestation(session, environment):
        await session.set(f"{INHERITED}ITFLOW_ATTESTATION", attested)
    if answer.name:
        await session.set("CALLERID(name)", _text(answer.name))
    return answer.result


def _text(value: object) -> str:
    return "1" if value is True else str(value)[:MAX_CHARS]
