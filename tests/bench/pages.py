"""An ITFlow that answers many contacts as fast as a server can: every page is made once and kept.

``python -m tests.bench.pages COUNT`` prints its port and serves until its standard input ends.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping

from aiohttp import web

CLIENTS = 1000
FIRST_WORK = 2125550000
FIRST_MOBILE = 9175550000
_SPREAD = 7919  # numbers do not come in the order of the ids


def work_number(contact_id: int) -> str:
    """The national number of a contact, a possible and valid one in the US."""
    return _number(212, contact_id)


def mobile_number(contact_id: int) -> str:
    """The mobile number of a contact."""
    return _number(917, contact_id)


def _number(area: int, contact_id: int) -> str:
    # 800 exchanges of 10,000 lines in each of some area codes that lie beside each other.
    spread = contact_id * _SPREAD % 8_000_000
    return f"{area}{2_000_000 + spread}"


def contact(contact_id: int, name: str = "") -> Mapping[str, str | None]:
    """A row as ITFlow sends it, with every column."""
    return {
        "contact_id": str(contact_id),
        "contact_name": name or f"Maximilian Mustermann {contact_id}",
        "contact_title": "Office manager",
        "contact_email": f"max.mustermann.{contact_id}@example.com",
        "contact_phone_country_code": "1",
        "contact_phone": work_number(contact_id),
        "contact_extension": "12",
        "contact_mobile_country_code": "1",
        "contact_mobile": mobile_number(contact_id),
        "contact_photo": None,
        "contact_pin": None,
        "contact_notes": "Prefers to be called in the morning.",
        "contact_primary": "0",
        "contact_important": "0",
        "contact_billing": "0",
        "contact_technical": "1",
        "contact_created_at": "2024-01-02 03:04:05",
        "contact_updated_at": "2025-01-02 03:04:05",
        "contact_archived_at": None,
        "contact_accessed_at": None,
        "contact_location_id": "1",
        "contact_vendor_id": "0",
        "contact_user_id": "0",
        "contact_department": "Accounting",
        "contact_client_id": str(contact_id % CLIENTS + 1),
    }


def client(client_id: int) -> Mapping[str, str | None]:
    """A row as ITFlow sends it, with the columns that count."""
    return {
        "client_id": str(client_id),
        "client_lead": "0",
        "client_name": f"Client {client_id} Ltd",
        "client_currency_code": "USD",
        "client_archived_at": None,
    }


class Pages:
    """Answers reads of contacts and clients; everything else is empty."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.changes = 0
        self._kept: dict[tuple[str, int, int], bytes] = {}

    def page(self, module: str, limit: int, offset: int) -> bytes:
        """The body of an answer."""
        place = (module, limit, offset)
        if place not in self._kept:
            self._kept[place] = self._make(module, limit, offset)
        return self._kept[place]

    def _make(self, module: str, limit: int, offset: int) -> bytes:
        total = {"contacts": self.count, "clients": CLIENTS}.get(module, 0)
        ids = range(offset + 1, min(offset + limit, total) + 1)
        rows = [contact(i, f"Changed {self.changes}" if self.changes and i == 1 else "") for i in ids]
        if module == "clients":
            rows = [client(i) for i in ids]
        if not rows:
            said = "No resource (for this client and company) with the specified parameter(s)."
            return json.dumps({"success": "False", "message": said}).encode()
        return json.dumps({"success": "True", "count": len(rows), "data": rows}).encode()

    async def read(self, request: web.Request) -> web.Response:
        """``/api/v1/MODULE/read.php``."""
        limit, offset = (int(request.query[name]) if name in request.query else 0 for name in ("limit", "offset"))
        body = self.page(request.match_info["module"], limit, offset)
        return web.Response(body=body, content_type="application/json")

    async def change(self, _request: web.Request) -> web.Response:
        """Another name for the first contact."""
        self.changes += 1
        self._kept = {place: body for place, body in self._kept.items() if place[0] != "contacts" or place[2]}
        return web.Response()


async def _serve(count: int) -> None:
    pages = Pages(count)
    app = web.Application()
    app.router.add_get("/api/v1/{module}/read.php", pages.read)
    app.router.add_post("/change", pages.change)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)  # noqa: T201 - told to the bench
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    os.nice(19)  # a real ITFlow has a machine of its own: this one takes as little as it can of the bridge's
    asyncio.run(_serve(int(sys.argv[1])))
