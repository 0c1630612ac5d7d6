"""A verdict as plain facts, for programs and dialplans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge import numbers
from bridge.callerid.lookup import Verdict
from bridge.directory.entries import Entry, Kind
from bridge.directory.snapshot import Snapshot
from bridge.languages import language

# The extension of a user of ITFlow, by its id; empty for none. From memory.
ExtensionOf = Callable[[int], str]


def nobody(_user_id: int) -> str:
    """Where no user of ITFlow has an extension."""
    return ""


def facts(snapshot: Snapshot, verdict: Verdict, extension_of: ExtensionOf = nobody) -> dict[str, Any]:
    """What is known about a caller.

    Args:
        snapshot: The mirror.
        verdict: Who is calling.
        extension_of: The extension of a user of ITFlow.

    Returns:
        Values that JSON can carry: None for what is not known, flags as booleans, ``language`` as ISO 639.
    """
    entry, client, number = verdict.entry, snapshot.client(verdict.client_id), verdict.number
    outside = number.startswith("+")
    return {
        "result": verdict.result.value,
        "rule": verdict.rule.value,
        "name": verdict.name,
        "client": client.name if client else None,
        "client_id": client.id if client else None,
        **{f"{kind}_id": entry.id if entry and entry.kind is kind else None for kind in Kind},
        "number": number or None,
        "e164": number if outside else None,
        "national": numbers.national(number) if outside else None,
        "international": numbers.international(number) if outside else None,
        "vip": bool((client and client.favorite) or (entry and entry.important)),
        **{flag: bool(entry and getattr(entry, flag)) for flag in ("primary", "billing", "technical")},
        "lead": bool(client and client.lead),
        "language": language(client.region if client and client.region else numbers.region_of(number)) or None,
        **_agent(snapshot, verdict, extension_of),
        "candidates": [_candidate(snapshot, found) for found in verdict.candidates],
    }


def _agent(snapshot: Snapshot, verdict: Verdict, extension_of: ExtensionOf) -> dict[str, Any]:
    """Who has the caller's newest open ticket that somebody has; else the client's."""
    contact = verdict.entry if verdict.entry and verdict.entry.kind is Kind.CONTACT else None
    tickets = [one for one in snapshot.tickets_of(0, verdict.client_id) if one.assigned_to]
    found = max(tickets, key=lambda one: contact is not None and one.contact_id == contact.id, default=None)
    user_id = found.assigned_to if found else 0
    return {
        "ticket": found.number or str(found.id) if found else None,
        "ticket_id": found.id if found else None,
        "agent": (snapshot.agent(user_id) or None) if user_id else None,
        "agent_id": user_id or None,
        "agent_extension": (extension_of(user_id) or None) if user_id else None,
    }


def _candidate(snapshot: Snapshot, entry: Entry) -> dict[str, Any]:
    client = snapshot.client(entry.client_id)
    return {
        "kind": entry.kind.value,
        "id": entry.id,
        "name": entry.name,
        "client": client.name if client else None,
        "client_id": client.id if client else None,
    }
