"""A verdict as plain facts, for programs and dialplans."""

from __future__ import annotations

from typing import Any

from bridge import numbers
from bridge.callerid.lookup import Verdict
from bridge.directory.entries import Entry, Kind
from bridge.directory.snapshot import Snapshot
from bridge.languages import language


def facts(snapshot: Snapshot, verdict: Verdict) -> dict[str, Any]:
    """What is known about a caller.

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
        "candidates": [_candidate(snapshot, found) for found in verdict.candidates],
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
