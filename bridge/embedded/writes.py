"""The functions that write."""

from collections.abc import Callable, Mapping

from bridge.embedded import beside, php
from bridge.embedded.call import NOT_CREATED, NOT_DELETED, NOT_UPDATED, Answer, Call, refusal
from bridge.embedded.store import Row, Store, now

_SCRIPT_LINE = 17
_BROKEN_SQL = "mysqli_sql_exception: You have an error in your SQL syntax"


def create(store: Store, call: Call) -> Answer:
    """Add a row.

    Raises:
        PhpFatal: MariaDB does not take a value.
    """
    module, body = call.module, call.body
    if call.generation in module.create_dies:
        raise php.PhpFatal(_BROKEN_SQL, _SCRIPT_LINE)
    row = {field.column: php.blank(field.fill) for field in module.fields}
    for index, field in enumerate(module.fields):
        if body.get(field.name) is not None:
            row[field.column] = php.fill(field.fill, body[field.name])
        elif module.warns:
            # Each field takes eight lines of the model, and its third branch looks at a row that is not there.
            call.warn(f"Undefined variable ${module.prefix}_row", f"{module.prefix}_model.php", 7 + 8 * index)
    row |= {name: now() if value == "now" else value for name, value in module.defaults.items()}
    if module.names_client:
        row[module.client] = str(call.client_id)
    if not _complete(call) or _taken(store, call, row):
        return refusal(NOT_CREATED)
    with store.transaction():
        if module.name in beside.BEFORE_CREATE and not beside.BEFORE_CREATE[module.name](store, call, row):
            return refusal(NOT_CREATED)
        _check(call, row)
        _take_primary(store, call, row)
        row_id = store.insert(module.name, row)
        if module.name in beside.AFTER_CREATE:
            beside.AFTER_CREATE[module.name](store, call, row_id)
    return Answer({"success": "True", "count": "1", "data": [{"insert_id": row_id}]})


def update(store: Store, call: Call) -> Answer:
    """Change a row; what the request leaves out stays, save where the generation forgets it.

    Raises:
        PhpFatal: MariaDB does not take a value, or the real script dies of this request.
    """
    module, body = call.module, call.body
    found = store.get(module, call.row_id, call.client_id)
    if module.update_dies_without and module.update_dies_without not in body:
        call.warn(f'Undefined array key "{module.update_dies_without}"', f"{module.prefix}_model.php", 80)
        raise php.PhpFatal(_BROKEN_SQL, 25)
    if found is None and call.generation in module.update_dies_unfound:
        raise php.PhpFatal(_BROKEN_SQL, 25)
    if found is None or any(php.empty(body.get(name)) for name in module.update_requires):
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
    if module.name in beside.BEFORE_UPDATE:
        beside.BEFORE_UPDATE[module.name](call, found, changes)
    _check(call, changes)
    with store.transaction():
        _take_primary(store, call, changes)
        affected = store.update(module.name, call.row_id, changes)
        if module.name in beside.AFTER_UPDATE:
            beside.AFTER_UPDATE[module.name](store, call)
    return _updated(call, affected)


def delete(store: Store, call: Call) -> Answer:
    """Delete a row."""
    if store.get(call.module, call.row_id, call.client_id) is None:
        call.warn("Trying to access array offset on value of type null", f"{call.function}.php", 16)
        return refusal(NOT_DELETED)
    with store.transaction():
        affected = store.delete(call.module.name, call.row_id)
        if call.module.name in beside.AFTER_DELETE:
            beside.AFTER_DELETE[call.module.name](store, call)
    if call.module.delete_denies:
        return refusal(NOT_DELETED)
    return Answer({"success": "True", "count": affected})


def archive(store: Store, call: Call) -> Answer:
    """Archive a row."""
    changes = {f"{call.module.prefix}_archived_at": now(), **call.module.archive_sets}
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
    return _updated(call, store.update("tickets", call.row_id, beside.resolution(ticket)))


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


def _set_archived(store: Store, call: Call, changes: Mapping[str, str | None], *, archived: bool) -> Answer:
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


def _take_primary(store: Store, call: Call, row: Row) -> None:
    flag = f"{call.module.prefix}_primary"
    if call.module.one_primary and row.get(flag) == "1":
        others = f"{call.module.client} = :client_id AND {flag} = '1'"
        for other in store.select(call.module, None, others, {"client_id": str(call.client_id)}):
            store.update(call.module.name, str(other[call.module.key]), {flag: "0"})


def _check(call: Call, row: Row) -> None:
    for column in call.module.columns:
        php.check(column, row.get(column.name), _SCRIPT_LINE)
