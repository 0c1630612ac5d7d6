"""Which rows of ITFlow an asset may refer to: those of its own client, where its key is limited to clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.directory.entries import Kind, Scope
from bridge.directory.snapshot import Snapshot
from bridge.errors import BadParameter, NotFound

if TYPE_CHECKING:
    from bridge.outbox.request import NewAsset

_KINDS = {"contact_id": Kind.CONTACT, "location_id": Kind.LOCATION, "vendor_id": Kind.VENDOR}


def check(snapshot: Snapshot, client_id: int, asset: NewAsset, scope: Scope) -> None:
    """Whether an asset refers to its client's rows only; a key for all clients may refer to any.

    Args:
        snapshot: The rows that there are.
        client_id: Whose the asset is.
        asset: What is to be added.
        scope: The clients that the caller's key covers.

    Raises:
        NotFound: The client has no such row; whether another one has it is not told.
        BadParameter: The mirror does not hold rows of that kind, so nothing can be checked.
    """
    if scope is None:
        return
    for field, kind in _KINDS.items():
        if row_id := getattr(asset, field):
            entry = snapshot.entry(kind, row_id)
            if entry is None or entry.client_id != client_id:
                raise NotFound(f"{field}: client {client_id} has no {kind} {row_id}, or it is archived.")
    if asset.network_id:
        raise BadParameter("network_id: a key limited to clients cannot name a network; use a key for all clients.")
