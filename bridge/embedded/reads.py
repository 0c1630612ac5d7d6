"""``read`` of every module, and ``technicians/time``."""

from datetime import datetime

from bridge.embedded import php
from bridge.embedded.call import NO_RESOURCE, Answer, Call, refusal
from bridge.embedded.store import Row, Store

DEFAULT_LIMIT = 50


def read(store: Store, call: Call) -> Answer:
    """Answer a read as the table of modules says.

    Raises:
        PhpFatal: The real script dies of this request.
    """
    module = call.module
    if module.only_company and not call.traits.keys_of_users and (call.key.client_id or "client_id" in call.query):
        # The script finds its result variable still set from the key's lookup, whose only row is used up.
        return Answer({"success": "True", "count": 1})
    if module.name == "credentials" and php.empty(_decrypt_password(call)):
        return refusal(NO_RESOURCE)
    chosen = next((each for each in module.filters if each.parameter in call.query), None)
    if chosen is None:
        if module.needs_filter:
            return _filter_required(call)
        view, where, value, page = module.plain_view or module.view, f"1 {call.scope}", "", _page(call)
    else:
        if call.generation in chosen.fatal:
            raise php.PhpFatal(*chosen.fatal[call.generation])
        value = call.query[chosen.parameter]
        if chosen.numeric:
            value = str(php.intval(value))
        elif chosen.capital:
            value = value[:1].upper() + value[1:]
        view, where = chosen.view or module.view, chosen.where.format(scope=call.scope)
        page = _page(call) if chosen.paged else "LIMIT 1" if chosen.only_one else ""
    return _rows(call, store.select(module, view, f"({where}) {_visible(call)}", {"value": value}, page))


def time(store: Store, call: Call) -> Answer:
    """Answer ``technicians/time``: the time worked in a year or month, by ticket and technician."""
    month = php.intval(call.query["month"]) if "month" in call.query else None
    if month is not None and not 1 <= month <= 12:
        return refusal("Invalid month parameter. Must be between 1 and 12.")
    year = php.intval(call.query.get("year", datetime.now().astimezone().year))
    moment = f"{year:04}-" if month is None else f"{year:04}-{month:02}-"
    technician = ""
    if "technician_id" in call.query:
        technician = f"AND ticket_reply_by = '{php.intval(call.query['technician_id'])}'"
    seconds = (
        "SUM(substr(ticket_reply_time_worked, -8, 2) * 3600 + substr(ticket_reply_time_worked, -5, 2) * 60 "
        "+ substr(ticket_reply_time_worked, -2))"
    )
    cursor = store.connection.execute(
        "SELECT CAST(ticket_id AS TEXT) AS ticket_id, ticket_prefix || ticket_number AS ticket_number, "
        "ticket_subject, CAST(client_id AS TEXT) AS client_id, client_name AS company, "
        "CAST(user_id AS TEXT) AS technician_id, user_name AS technician, "
        f"printf('%02d:%02d:%02d', {seconds} / 3600, {seconds} / 60 % 60, {seconds} % 60) AS time_worked "
        "FROM ticket_replies JOIN tickets ON ticket_id = ticket_reply_ticket_id "
        "JOIN clients ON client_id = ticket_client_id JOIN users ON user_id = ticket_reply_by "
        "WHERE ticket_reply_time_worked NOT IN ('', '00:00:00') "
        f"AND ticket_reply_created_at LIKE :moment {call.scope} {technician} "
        f"GROUP BY tickets.ticket_id, user_id ORDER BY client_name, ticket_number, user_name {_page(call)}",
        {"moment": f"{moment}%"},
    )
    names = [column[0] for column in cursor.description]
    return _rows(call, [dict(zip(names, row, strict=True)) for row in cursor])


def _rows(call: Call, rows: list[Row]) -> Answer:
    if not rows:
        return refusal(NO_RESOURCE)
    data = [_numbered(row) for row in rows] if call.traits.numbered_columns else rows
    return Answer({"success": "True", "count": len(rows), "data": data})


def _numbered(row: Row) -> Row:
    """Each column by its number, then by its name, as PHP's ``mysqli_fetch_array`` has them."""
    return {key: value for index, (name, value) in enumerate(row.items()) for key in (str(index), name)}


def _page(call: Call) -> str:
    limit = php.intval(call.query.get("limit", DEFAULT_LIMIT))
    offset = php.intval(call.query.get("offset", 0))
    if limit < 0 or offset < 0:
        raise php.PhpFatal("mysqli_sql_exception: You have an error in your SQL syntax", 16)
    return f"LIMIT {limit} OFFSET {offset}"


def _visible(call: Call) -> str:
    """The conditions that only replies to tickets know."""
    if call.module.name != "ticket_replies":
        return ""
    kind = call.query.get("type", "").capitalize()
    return ("" if not php.empty(call.query.get("include_archived")) else "AND ticket_reply_archived_at IS NULL ") + (
        f"AND ticket_reply_type = '{kind}'" if kind in {"Internal", "Public", "Client"} else ""
    )


def _filter_required(call: Call) -> Answer:
    names = " or ".join(reversed([each.parameter for each in call.module.filters]))
    message = f"A filter is required. Please supply either {names}."
    return Answer({"success": "False", "message": message, "count": 0, "data": []}, 400)


def _decrypt_password(call: Call) -> object:
    asked = call.body if call.traits.decrypt_password_in_body else call.query
    return asked.get("api_key_decrypt_password")
