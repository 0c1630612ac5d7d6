"""A small HTTP server that speaks just enough of v1 to misbehave in one way at a time."""

from collections.abc import Awaitable, Callable

from aiohttp import web

Row = dict[str, str | None]
Misbehave = Callable[[web.Request, int], Awaitable[web.StreamResponse | None]]

NO_RESOURCE = {
    "success": "False",
    "message": "No resource (for this client and company) with the specified parameter(s).",
}


def contacts(*ids: int, client_id: int = 1) -> list[Row]:
    return [{"contact_id": str(one), "contact_name": f"C{one}", "contact_client_id": str(client_id)} for one in ids]


class WireServer:
    """Holds rows by module; ``asked`` is what came in; ``misbehave`` may answer in its stead."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.asked: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.misbehave: Misbehave | None = None
        self.app = web.Application()
        self.app.router.add_route("*", "/api/v1/{module:.+}/{function}.php", self._answer)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.bodies.append(await request.read())
        if self.misbehave and (answer := await self.misbehave(request, len(self.asked))) is not None:
            return answer
        if request.method == "POST":
            return web.json_response({"success": "True", "count": "1", "data": [{"insert_id": 7}]})
        if request.match_info["module"] not in self.rows:
            return web.Response(status=404, text="<html><title>404 Not Found</title></html>")
        return self.page(request)

    def page(self, request: web.Request) -> web.Response:
        module = request.match_info["module"]
        offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", 50))
        rows = self.rows[module]
        one = f"{module.removesuffix('s')}_id"
        if one in request.query and module != "clients":
            rows = [row for row in rows if row[one] == request.query[one]]
        rows = rows[offset : offset + limit]
        return web.json_response({"success": "True", "count": len(rows), "data": rows} if rows else NO_RESOURCE)

    @property
    def limits(self) -> list[int]:
        return [int(request.query["limit"]) for request in self.asked]

    @property
    def offsets(self) -> list[int]:
        return [int(request.query["offset"]) for request in self.asked]
