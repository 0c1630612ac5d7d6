"""What a client owes, as JSON: ``/balance?client_id=ID``."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from aiohttp import hdrs, web
from typing_extensions import TypedDict

from bridge import accounts
from bridge.access.keys import Feature
from bridge.errors import BadParameter
from bridge.http import query
from bridge.http.keys import require
from bridge.http.operations import CLIENT_ID, JSON, Described, Operation, asked
from bridge.http.state import MIRROR

routes = web.RouteTableDef()


class TotalJson(TypedDict):
    """What is owed in one currency."""

    currency: str
    amount: str


class LineJson(TypedDict):
    """An invoice that a balance is made of."""

    number: str
    status: str
    state: str
    date: str | None
    due: str | None
    currency: str
    amount: str
    paid: str | None
    rest: str | None


class BalanceJson(TypedDict):
    """``/balance`` as JSON."""

    client_id: int
    client: str
    amount: str | None
    currency: str | None
    certainty: accounts.Certainty
    basis: accounts.Basis
    reason: str
    age_s: int
    balances: list[TotalJson]
    invoices: list[LineJson]


BALANCE = Operation(
    "What a client owes, with the invoices that it is made of.",
    Feature.BALANCE,
    {"client_id": replace(CLIENT_ID, about="The client: its id in ITFlow.", required=True)},
    gives={JSON: BalanceJson},
)
DESCRIBED: Described = {("GET", "/balance"): BALANCE}


@routes.get("/balance")
async def balance(request: web.Request) -> web.Response:
    """The balance with the invoices it is made of. Amounts are strings, because JSON numbers become floats.

    ``amount`` and ``currency`` are null where more than one currency is owed: ``balances`` holds each. For
    every currency, the ``rest`` of ``invoices`` adds up to the balance. ``amount`` is also null where the balance may
    be more or less than the statuses say (``certainty`` is ``uncertain``).
    """
    key = require(request, Feature.BALANCE)
    client_id = query.whole_number(asked(request, BALANCE), "client_id")
    if client_id is None:
        raise BadParameter("client_id is missing: /balance?client_id=1")
    mirror = request.app[MIRROR]
    statement = accounts.current(mirror, client_id, key.clients)
    age_s = mirror.freshness.money_age_s or 0
    return web.json_response(as_json(statement, age_s), headers={hdrs.AGE: str(age_s)})


def as_json(statement: accounts.Statement, age_s: int) -> BalanceJson:
    """A statement in JSON's types."""
    one = len(statement.balances) == 1 and statement.certainty is not accounts.Certainty.UNCERTAIN
    currency, amount = next(iter(statement.balances.items())) if one else (None, None)
    return {
        "client_id": statement.client.id,
        "client": statement.client.name,
        "amount": _money(amount),
        "currency": currency,
        "certainty": statement.certainty,
        "basis": statement.basis,
        "reason": statement.reason,
        "age_s": age_s,
        "balances": [{"currency": code, "amount": f"{total:.2f}"} for code, total in statement.balances.items()],
        "invoices": [
            {
                "number": line.number,
                "status": line.status,
                "state": line.state,
                "date": _day(line.date),
                "due": _day(line.due),
                "currency": line.currency,
                "amount": f"{line.amount:.2f}",
                "paid": _money(line.paid),
                "rest": _money(line.rest),
            }
            for line in statement.lines
        ],
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()
