"""Who is on the other side of a call that a phone system tells of: the look-up of every interface."""

from __future__ import annotations

from dataclasses import dataclass

from bridge import callerid
from bridge.calls.party import Party, Who
from bridge.directory.entries import Scope
from bridge.directory.mirror import Mirror
from bridge.settings import CalleridSection, NumbersSection, Settings


@dataclass(frozen=True, slots=True)
class Own:
    """Asks for the bridge itself, where no key does: all clients, the bridge's own settings."""

    numbers: NumbersSection
    callerid: CalleridSection
    name: str = "anybody"
    clients: Scope = None

    @classmethod
    def of(cls, settings: Settings) -> Own:
        """As the settings have it."""
        return cls(settings.numbers, settings.callerid)


def looked_up(mirror: Mirror, asker: callerid.Asker) -> Who:
    """Looks numbers up for a key, or for the bridge itself; from memory."""

    def who(number: str) -> Party:
        answer = callerid.answer(mirror, asker, number, interface=callerid.Interface.CALL, with_facts=True)
        facts = answer.facts
        return Party(
            number=facts.get("number") or number,
            name=answer.name,
            result=answer.result,
            client_id=facts.get("client_id"),
            client=facts.get("client") or "",
            contact_id=facts.get("contact_id"),
        )

    return who
