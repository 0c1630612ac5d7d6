"""What a write does beside its own row, by table."""

import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal

from bridge.embedded import php
from bridge.embedded.call import Call
from bridge.embedded.modules import TABLES
from bridge.embedded.store import Row, Store, now

_PRIORITIES = ("Low", "Medium", "High", "Urgent")
_RESOLVED = "4"


def _prepare_document(_store: Store, call: Call, row: Row) -> bool:
    row["document_content_raw"] = _raw_content(call.body)
    if php.empty(call.body.get("document_description")):
        call.warn('Undefined array key "document_description"', "document_model.php", 30)
    return True


def _update_document(call: Call, found: Row, changes: Row) -> None:
    changes["document_content_raw"] = (
        _raw_content(call.body) if "document_content" in call.body else found["document_content_raw"] or ""
    )


def _raw_content(body: Mapping[str, object]) -> str | None:
    content = str(body.get("document_content", "")).replace("<", " <")
    return php.fill("text", f"{body.get('document_name', '')}{body.get('document_description', '')} {content}")


def _prepare_ticket(store: Store, call: Call, row: Row) -> bool:
    if row["ticket_priority"] not in _PRIORITIES:
        row["ticket_priority"] = "Low"
    length = call.traits.url_key_length
    row["ticket_url_key"] = secrets.token_urlsafe(length)[:length]
    if row["ticket_contact_id"] == "0" and call.client_id:
        primary = "contact_client_id = :client_id AND contact_primary = '1'"
        contacts = store.select(TABLES["contacts"], None, primary, {"client_id": str(call.client_id)}, "LIMIT 1")
        row["ticket_contact_id"] = contacts[0]["contact_id"] if contacts else "0"
    return True


def _prepare_reply(store: Store, call: Call, row: Row) -> bool:
    ticket = _parent(store, call, "tickets", "ticket_id")
    if ticket is None:
        return False
    kind = str(row["ticket_reply_type"]).capitalize()
    row["ticket_reply_type"] = kind if kind in {"Internal", "Public"} else "Internal"
    row["ticket_reply_by"] = str(call.key.user_id)
    row["ticket_reply_ticket_id"] = ticket["ticket_id"]
    return True


def _after_reply(store: Store, call: Call, row_id: int) -> None:
    reply = store.get(call.module, row_id, None)
    ticket = store.get(TABLES["tickets"], php.intval(call.body.get("ticket_id")), None)
    status = str(php.intval(call.body.get("ticket_status")))
    if reply is None or ticket is None:
        return
    changes: Row = {}
    if reply["ticket_reply_type"] == "Public" and not ticket["ticket_first_response_at"]:
        changes["ticket_first_response_at"] = now()
    if status == _RESOLVED:
        changes |= {"ticket_status": _RESOLVED, "ticket_resolved_at": ticket["ticket_resolved_at"] or now()}
    elif status != "0":
        changes["ticket_status"] = status
    if changes:
        store.update("tickets", str(ticket["ticket_id"]), changes)


def _prepare_item(store: Store, call: Call, row: Row) -> bool:
    invoice = _parent(store, call, "invoices", "invoice_id")
    quantity, price = Decimal(row["item_quantity"] or 0), Decimal(row["item_price"] or 0)
    if invoice is None or invoice["invoice_status"] == "Paid" or quantity <= 0:
        return False
    total = str((quantity * price).quantize(Decimal("0.01")))
    row |= {"item_subtotal": total, "item_total": total, "item_tax": "0.00"}
    return True


def _after_item(store: Store, call: Call, _row_id: int) -> None:
    invoice = _parent(store, call, "invoices", "invoice_id")
    if invoice is None:
        return
    same = {"invoice_id": invoice["invoice_id"]}
    items = store.select(TABLES["invoice_items"], None, "item_invoice_id = :invoice_id", same)
    amount = sum(Decimal(item["item_total"] or 0) for item in items)
    amount -= Decimal(invoice["invoice_discount_amount"] or 0)
    store.update("invoices", str(invoice["invoice_id"]), {"invoice_amount": str(amount)})


def _parent(store: Store, call: Call, table: str, parameter: str) -> Row | None:
    """The row that a new one belongs to, if the key's user may see it and the request names its client."""
    found = store.get(TABLES[table], php.intval(call.body.get(parameter)), call.client_id or None)
    client = php.intval(found[TABLES[table].client]) if found else 0
    return found if not client or call.key.reaches(client) else None


def _after_asset(store: Store, call: Call, row_id: int) -> None:
    interface = {"interface_name": "1", "interface_primary": "1", "interface_asset_id": str(row_id)}
    store.insert("asset_interfaces", {**interface, **_interface(call)})


def _update_asset(call: Call, found: Row, changes: Row) -> None:
    if call.traits.updates_second_uri:
        changes["asset_uri_2"] = php.fill("text", call.body.get("asset_uri_2", found["asset_uri_2"]))


def _delete_interfaces(store: Store, call: Call) -> None:
    store.connection.execute("DELETE FROM asset_interfaces WHERE interface_asset_id = ?", (str(call.row_id),))


def _update_interface(store: Store, call: Call) -> None:
    """An update without address empties the address: the model looks for it in the asset's own row."""
    interfaces = TABLES["asset_interfaces"]
    where = "interface_asset_id = :asset_id AND interface_primary = '1'"
    for interface in store.select(interfaces, None, where, {"asset_id": str(call.row_id)}):
        store.update(interfaces.name, str(interface["interface_id"]), _interface(call))


def _interface(call: Call) -> Row:
    return {
        "interface_mac": php.fill("text", call.body.get("asset_mac")),
        "interface_ip": php.fill("text", call.body.get("asset_ip")),
        "interface_network_id": php.fill("int", call.body.get("asset_network_id")),
    }


def resolution(ticket: Row) -> Row:
    """What resolving changes in a ticket."""
    moment = now()
    return {
        "ticket_status": _RESOLVED,
        "ticket_first_response_at": ticket["ticket_first_response_at"] or moment,
        "ticket_resolved_at": ticket["ticket_resolved_at"] or moment,
    }


BEFORE_CREATE: Mapping[str, Callable[[Store, Call, Row], bool]] = {
    "documents": _prepare_document,
    "tickets": _prepare_ticket,
    "ticket_replies": _prepare_reply,
    "invoice_items": _prepare_item,
}
"""Completes a new row; false refuses it."""

AFTER_CREATE: Mapping[str, Callable[[Store, Call, int], None]] = {
    "assets": _after_asset,
    "ticket_replies": _after_reply,
    "invoice_items": _after_item,
}
"""Takes the id of the new row."""

BEFORE_UPDATE: Mapping[str, Callable[[Call, Row, Row], None]] = {
    "documents": _update_document,
    "assets": _update_asset,
}
"""Completes the changes to a row that was found."""

AFTER_UPDATE: Mapping[str, Callable[[Store, Call], None]] = {"assets": _update_interface}
AFTER_DELETE: Mapping[str, Callable[[Store, Call], None]] = {"assets": _delete_interfaces}
