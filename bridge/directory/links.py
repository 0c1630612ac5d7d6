"""Pages of ITFlow's own web interface (26.x), for people who are logged in there."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from bridge.directory.entries import Kind

_PAGES = {
    Kind.CONTACT: "agent/contact_details.php",
    Kind.LOCATION: "agent/locations.php",
    Kind.VENDOR: "agent/vendors.php",
}


def entry_page(itflow_url: str, kind: Kind, entry_id: int, name: str, client_id: int) -> str:
    """The page of a contact, or the list in which a location or vendor is found; empty without ITFlow's address."""
    own = {"contact_id": entry_id} if kind is Kind.CONTACT else {"q": name}
    return _link(itflow_url, _PAGES[kind], {**({"client_id": client_id} if client_id else {}), **own})


def client_page(itflow_url: str, client_id: int) -> str:
    """The overview of a client; empty without ITFlow's address, and for no client."""
    return _link(itflow_url, "agent/client_overview.php", {"client_id": client_id}) if client_id else ""


def contacts_page(itflow_url: str, client_id: int) -> str:
    """The contacts of a client; empty without ITFlow's address."""
    return _link(itflow_url, "agent/contacts.php", {"client_id": client_id})


def ticket_page(itflow_url: str, client_id: int, ticket_id: int) -> str:
    """The page of a ticket; empty without ITFlow's address."""
    return _link(itflow_url, "agent/ticket.php", {"client_id": client_id, "ticket_id": ticket_id})


def asset_page(itflow_url: str, client_id: int, asset_id: int) -> str:
    """The page of an asset; empty without ITFlow's address."""
    return _link(itflow_url, "agent/asset_details.php", {"client_id": client_id, "asset_id": asset_id})


def _link(itflow_url: str, page: str, query: Mapping[str, object]) -> str:
    return f"{itflow_url.rstrip('/')}/{page}?{urlencode(query)}" if itflow_url else ""
