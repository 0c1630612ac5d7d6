"""Who may hear a balance. A caller's number can be faked, so by itself it opens nothing.

=============================  ======================  =========================  =========================
the network says               any contact has a PIN   none has, caller known     none has, caller unknown
=============================  ======================  =========================  =========================
verified (attestation A)       a PIN is asked for      ``agi.pin = attested``:    a PIN is asked for,
                                                       the balance; ``always``:   and never right
                                                       told that there is none
nothing, or B                  a PIN is asked for      a PIN is asked for,        a PIN is asked for,
                                                       and never right            and never right
failed, or C                   no menu                 no menu                    no menu
=============================  ======================  =========================  =========================

"Known" is a caller whose number is the client's; any other one types a client number, which may exist or not. Where a
PIN is asked for, the caller's own opens the balance, else any of the client's contacts.
"""

from __future__ import annotations

from enum import Enum, auto

from bridge.agi.protocol import Environment
from bridge.agi.session import Session
from bridge.callerid.attestation import Attestation, attested
from bridge.settings import PinRule

VERSTAT_VARIABLE = "ITFLOW_VERSTAT"


class Way(Enum):
    """How a caller gets to a balance."""

    NO_MENU = auto()
    ASK = auto()
    SPEAK = auto()
    SAY_NO_PIN = auto()


def way(rule: PinRule, attestation: Attestation, *, known: bool, has_pin: bool) -> Way:
    """What becomes of a caller.

    Args:
        rule: The setting ``agi.pin``.
        attestation: What the network says of the number.
        known: The number is one of the client's.
        has_pin: Any contact of the client has a PIN in ITFlow, long enough or not.
    """
    if attestation is Attestation.FAILED:
        return Way.NO_MENU
    if has_pin or not known or attestation is not Attestation.VERIFIED:
        return Way.ASK
    return Way.SPEAK if rule is PinRule.ATTESTED else Way.SAY_NO_PIN


async def attestation(session: Session, environment: Environment) -> Attestation:
    """What the network says of the caller's number: the script's second argument, else the channel's variable."""
    return attested(environment.get("arg_2") or await session.get(VERSTAT_VARIABLE))
