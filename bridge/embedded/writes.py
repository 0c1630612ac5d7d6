"""The functions that write, and what each of them does beside its own row."""

import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal

from bridge.embedded import php
from bridge.embedded.call import NOT_CREATED, NOT_DELETED, NOT_UPDATED, Answer, Call, refusal
from bridge.embedded.modules import TABLES
from bridge.embedded.store import Row, Store, now

_SCRIPT_LINE = 17
_PRIORITIES = ("Low", "Medium", "High", "Urgent")
_RESOLVED = "4"


def create(store: Store, call: Call) -> Answer:
    """Add a row.

    Raises:
        PhpFatal: MariaDB does not take a value.
    """
    module, body = call.module, call.body
    row = {field.column: php.blank(field.fill) for field in module.fields}
    for index, field in enumerate(module.fields):
        if body.get(field.name) is not None:
            row[field.column] = php.fill(field.fill, body[field.name])
        elif module.warns:
            # Each field takes eight lines of the model, and its third branch looks at a row that is not there.
            call.warn(f"Undefined variable ${module.prefix}_row", f"{module.prefix}_model.php", 7 + 8 * index)
    row |= {name: now() if value == "now" else value for name, value in module.defaults.items()}
    if module.client and module.client != module.key and module.client.startswith(f"{module.prefix}_"):
        row[module.client] = str(call.client_id)
    accepted = _complete(call) and not _taken(store, call, row)
    if not accepted or not _PREPARE.get(module.name, _nothing)(store, call, row):
        return refusal(NOT_CREATED)
    _check(call, row)
    with store.transaction():
        row_id = store.insert(module.name, row)
        _AFTER_CREATE.get(module.name, _nothing_after)(store, call, row_id)
    return Answer({"success": "True", "count": "1", "data": [{"insert_id": row_id}]})


def update(store: Store, call: Call) -> Answer:
    """Change a row; what the request leaves out stays, save where the generation forgets it.

    Raises:
        PhpFatal: MariaDB does not take a value, or the real script dies of this request.
    """
    module, body = call.module, call.body
    found = store.get(module, call.row_id, call.client_id)
    if module.name == "clients" and "client_is_lead" not in body:
        call.warn('Undefined array key "client_is_lead"', "client_model.php", 80)
        raise php.PhpFatal("mysqli_sql_exception: You have an error in your SQL syntax", 25)
    if found is None or (module.name == "credentials" and php.empty(body.get("api_key_decrypt_password"))):
        return refusal(NOT_UPDATED[call.generation])
    if call.generation in module.forgets:
        found = dict.fromkeys(found)
    changes: Row = {}
    for field in module.fields:
        kept = found[field.column]
        if body.get(field.name) is not None:
            changes[field.column] = php.fill(field.fill, body[field.name])
        else:
            changes[field.column] = php.blank(field.fill) if kept is None else kept
    if module.name == "documents":
        kept = found["document_content_raw"] or ""
        changes["document_content_raw"] = _raw_content(body) if "document_content" in body else kept
    if module.name == "assets" and call.generation == "26.08":
        changes["asset_uri_2"] = php.fill("text", body.get("asset_uri_2", found["asset_uri_2"]))
    _check(call, changes)
    with store.transaction():
        affected = store.update(module.name, call.row_id, changes)
        if module.name == "assets":
            _update_interface(store, call)
    return _updated(call, affected)


def delete(store: Store, call: Call) -> Answer:
    """Delete a row."""
    if store.get(call.module, call.row_id, call.client_id) is None:
        call.warn("Trying to access array offset on value of type null", f"{call.function}.php", 16)
        return refusal(NOT_DELETED)
    with store.transaction():
        affected = store.delete(call.module.name, call.row_id)
        if call.module.name == "assets":
            store.connection.execute("DELETE FROM asset_interfaces WHERE interface_asset_id = ?", (str(call.row_id),))
    return Answer({"success": "True", "count": affected})


def archive(store: Store, call: Call) -> Answer:
    """Archive a row; an archived contact loses its roles."""
    changes: Row = {f"{call.module.prefix}_archived_at": now()}
    if call.module.name == "contacts":
        changes |= dict.fromkeys(("contact_important", "contact_billing", "contact_technical"), "0")
    return _set_archived(store, call, changes, archived=False)


def unarchive(store: Store, call: Call) -> Answer:
    """Bring an archived row back."""
    return _set_archived(store, call, {f"{call.module.prefix}_archived_at": None}, archived=True)


def resolve(store: Store, call: Call) -> Answer:
    """Resolve a ticket that is still open."""
    ticket = store.get(call.module, call.row_id, call.client_id or None)
    if ticket is None or ticket["ticket_resolved_at"] is not None:
        for line in range(21, 25):
            call.warn("Trying to access array offset on value of type null", "resolve.php", line)
        return _updated(call, 0)
    return _updated(call, store.update("tickets", call.row_id, _resolution(ticket)))


WRITES: Mapping[str, Callable[[Store, Call], Answer]] = {
    "create": create,
    "update": update,
    "delete": delete,
    "archive": archive,
    "unarchive": unarchive,
    "resolve": resolve,
}


def _updated(call: Call, affected: int) -> Answer:
    if not affected:
        return refusal(NOT_UPDATED[call.generation])
    return Answer({"success": "True", "count": affected})


def _set_archived(store: Store, call: Call, changes: Row, *, archived: bool) -> Answer:
    found = store.get(call.module, call.row_id, call.client_id)
    if found is None or (found[f"{call.module.prefix}_archived_at"] is not None) is not archived:
        return _updated(call, 0)
    return _updated(call, store.update(call.module.name, call.row_id, changes))


def _complete(call: Call) -> bool:
    if call.module.name == "clients" and call.client_id:
        return False  # only a key of all clients that names none may add one
    if call.module.needs_client and not call.client_id:
        return False
    filled = {field.name: field.fill for field in call.module.fields}
    return not any(php.empty(php.fill(filled.get(name, "raw"), call.body.get(name))) for name in call.module.required)


def _taken(store: Store, call: Call, row: Row) -> bool:
    if not call.module.unique:
        return False
    same = f"{call.module.unique} = :value COLLATE NOCASE AND {call.module.client} = :client_id"
    values = {"value": row[call.module.unique], "client_id": str(call.client_id)}
    return bool(store.select(call.module, None, same, values))


def _check(call: Call, row: Row) -> None:
    for column in call.module.columns:
        php.check(column, row.get(column.name), _SCRIPT_LINE)


def _nothing(_store: Store, _call: Call, _row: Row) -> bool:
    return True


def _nothing_after(_store: Store, _call: Call, _row_id: int) -> None:
    return


def _prepare_document(_store: Store, call: Call, row: Row) -> bool:
    row["document_content_raw"] = _raw_content(call.body)
    if php.empty(call.body.get("document_description")):
        call.warn('Undefined array key "document_description"', "document_model.php", 30)
    return True


def _raw_content(body: Mapping[str, object]) -> str | None:
    content = str(body.get("document_content", "")).replace("<", " <")
    return php.fill("text", f"{body.get('document_name', '')}{body.get('document_description', '')} {content}")


def _prepare_location(store: Store, call: Call, row: Row) -> bool:
    if row["location_primary"] == "1":
        store.connection.execute(
            "UPDATE locations SET location_primary = '0' WHERE location_client_id = ?", (str(call.client_id),)
        )
    return True


def _prepare_ticket(store: Store, call: Call, row: Row) -> bool:
    if row["ticket_priority"] not in _PRIORITIES:
        row["ticket_priority"] = "Medium"
    row["ticket_url_key"] = secrets.token_urlsafe(24)
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
    row["ticket_reply_time_worked"] = row["ticket_reply_time_worked"] or "00:00:00"
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
        changes |= _resolution(ticket)
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


def _resolution(ticket: Row) -> Row:
    moment = now()
    return {
        "ticket_status": _RESOLVED,
        "ticket_first_response_at": ticket["ticket_first_response_at"] or moment,
        "ticket_resolved_at": ticket["ticket_resolved_at"] or moment,
    }


_PREPARE: Mapping[str, Callable[[Store, Call, Row], bool]] = {
    "documents": _prepare_document,
    "locations": _prepare_location,
    "tickets": _prepare_ticket,
    "ticket_replies": _prepare_reply,
    "invoice_items": _prepare_item,
}
_AFTER_CREATE: Mapping[str, Callable[[Store, Call, int], None]] = {
    "assets": _after_asset,
    "ticket_replies": _after_reply,
    "invoice_items": _after_item,
}
