"""The answer to "who is calling?", the same for every interface: look up, fall back, count, and look for new rows.

A call must ring: whatever is wrong here, there is an answer, and its name is a name or nothing. It comes from memory.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from bridge import numbers
from bridge.callerid.facts import ExtensionOf, facts, nobody
from bridge.callerid.lookup import Asker, Result, lookup
from bridge.callerid.text import safe
from bridge.directory.mirror import Mirror
from bridge.errors import NotReady, place
from bridge.metrics import ANSWERS

log = logging.getLogger(__name__)
calls = logging.getLogger("bridge.callers")  # the setting log.calls; see ``controls.log_to_stderr``

DENIED, FAULT = "denied", "fault"
MAX_NUMBER = 128  # characters; what is longer is no number
MAX_FALLBACK = 255


class Interface(StrEnum):
    """Who asks."""

    HTTP = "http"
    AGI = "agi"
    CALL = "incoming_call"


_TALLIES = {
    interface: ANSWERS.tally(interface.value, "callerid", (*map(str, Result), DENIED, FAULT))
    for interface in Interface
}


class Answer(NamedTuple):
    """What a phone is told, and why.

    Attributes:
        result: A ``Result``, ``denied`` or ``fault``.
        name: The name to show: the caller's, or what the phone system sent along, or nothing.
        rule: The rule that decided.
        reason: Why it was denied or failed, for a header and the log, never for a display.
        age_s: Age of the mirror; None where there is none.
        facts: All that is known, where it was wanted; see ``callerid.facts``.
    """

    result: str
    name: str
    rule: str = ""
    reason: str = ""
    age_s: int | None = None
    facts: Mapping[str, Any] = {}


def answer(
    mirror: Mirror,
    asker: Asker,
    number: str,
    fallback: str = "",
    *,
    interface: Interface = Interface.HTTP,
    with_facts: bool = False,
    began: float | None = None,
    extension_of: ExtensionOf = nobody,
) -> Answer:
    """Who is calling; never raises and never waits.

    After a miss the mirror looks for new rows early: a caller is typed in while the phone rings, or soon after.

    Args:
        mirror: What is known.
        asker: For whom: a key.
        number: The caller ID number as the phone system sent it.
        fallback: The name that it sent along, shown where ITFlow's is not certain.
        interface: Who asks, for the counter.
        with_facts: Fill ``Answer.facts``.
        began: When the request came, by ``time.perf_counter``; None for now.
        extension_of: The extension of a user of ITFlow, for the facts.
    """
    began = time.perf_counter() if began is None else began
    try:
        snapshot = mirror.snapshot
        verdict = lookup(snapshot, asker, number[:MAX_NUMBER])
        if verdict.result is Result.MISS:
            mirror.nudge()
        found = Answer(
            result=verdict.result.value,
            name=verdict.name or _plain(fallback, asker.callerid.max_chars),
            rule=verdict.rule.value,
            age_s=mirror.freshness.people_age_s,
            facts=facts(snapshot, verdict, extension_of) if with_facts else {},
        )
    except NotReady as error:
        found = Answer(FAULT, _plain(fallback, asker.callerid.max_chars), reason=str(error))
    except Exception as error:  # noqa: BLE001 - a call must ring, whatever is wrong here
        found = _fault(error, fallback)
    return _counted(found, interface, number, asker.name, began)


def denied(
    reason: str,
    fallback: str = "",
    *,
    interface: Interface = Interface.HTTP,
    number: str = "",
    began: float | None = None,
) -> Answer:
    """The answer to a caller whose key does not fit.

    Args:
        reason: Why.
        fallback: See ``answer``; so ``interface`` and ``number``.
        interface: See there.
        number: See there.
        began: See there.
    """
    return _counted(Answer(DENIED, _plain(fallback, MAX_FALLBACK), reason=reason), interface, number, "", began)


def failed(
    error: Exception,
    fallback: str = "",
    *,
    interface: Interface = Interface.HTTP,
    number: str = "",
    began: float | None = None,
) -> Answer:
    """The answer where something is wrong before the look-up.

    Args:
        error: What.
        fallback: See ``answer``; so ``interface`` and ``number``.
        interface: See there.
        number: See there.
        began: See there.
    """
    return _counted(_fault(error, fallback), interface, number, "", began)


def _fault(error: Exception, fallback: str) -> Answer:
    # The error's own text may hold the number, so only its kind and place are logged.
    log.error("A lookup failed with %s and was answered without a name:\n%s", type(error).__name__, place(error))
    return Answer(FAULT, _plain(fallback, MAX_FALLBACK), reason=type(error).__name__)


def _counted(found: Answer, interface: Interface, number: str, key_name: str, began: float | None) -> Answer:
    seconds = 0.0 if began is None else time.perf_counter() - began
    _TALLIES[interface].add(found.result, seconds)
    if calls.isEnabledFor(logging.INFO):
        fields = {
            "number": numbers.masked(number),
            "result": found.result,
            "rule": found.rule,
            "key": key_name,
            "interface": interface.value,
            "ms": round(seconds * 1000, 3),
        }
        calls.info("caller", extra={"fields": {**fields, **({"reason": found.reason} if found.reason else {})}})
    return found


def _plain(fallback: str, max_chars: int) -> str:
    return safe(fallback[: 4 * MAX_FALLBACK], max_chars) if fallback else ""
