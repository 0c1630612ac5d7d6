import pytest
from aiohttp import web

from bridge.errors import ItflowError, ItflowFailing, KeyRefused, ModuleMissing, RightMissing
from bridge.itflow.capabilities import NEEDED, Generation
from tests.itflow.conftest import MakeClient
from tests.itflow.wire_server import NO_RESOURCE, WireServer

MISSING = (404, None)
DENIED = (403, {"success": "False", "message": "The user linked to this API key does not have permission."})
HOLLOW = (200, {"success": "True", "count": 1})
NONE = (200, NO_RESOURCE)
ONE = (200, {"success": "True", "count": 1, "data": [{"client_id": "3"}]})
TWO = (200, {"success": "True", "count": 2, "data": [{"client_id": "3"}, {"client_id": "4"}]})
Kind = tuple[int, object]

UNTIL, BETWEEN, SINCE = Generation.UNTIL_26_03, Generation.FROM_26_04, Generation.FROM_26_08

# What the modules answer (others: two rows); then generation, payments, client, what cannot be read.
SERVERS: dict[str, tuple[dict[str, Kind], Generation, str | None, int | None, dict[str, type[ItflowError]]]] = {
    "26.02, all clients": ({}, UNTIL, "module", None, {}),
    "26.02, one client": (
        {"clients": ONE, "payments": HOLLOW, "products": HOLLOW},
        UNTIL,
        None,
        3,
        {"payments": RightMissing},
    ),
    "26.02, an MSP with one client": ({"clients": ONE}, UNTIL, "module", None, {}),
    "26.02, no payments yet": ({"payments": NONE}, UNTIL, "module", None, {}),
    "26.04, all clients": ({"payments": MISSING}, BETWEEN, None, None, {"payments": ModuleMissing}),
    "26.04, one client": (
        {"payments": MISSING, "clients": ONE, "products": HOLLOW},
        BETWEEN,
        None,
        3,
        {"payments": ModuleMissing},
    ),
    "26.08": ({"payments": MISSING, "technicians": NONE}, SINCE, None, None, {"payments": ModuleMissing}),
    "26.08 with the payments page": (
        {"payments": MISSING, "technicians": NONE, "custom/invoices": TWO},
        SINCE,
        "dropin",
        None,
        {"payments": ModuleMissing},
    ),
    "26.08, a user without sales": (
        {"payments": MISSING, "technicians": DENIED, "invoices": DENIED, "custom/invoices": DENIED},
        SINCE,
        None,
        None,
        {"payments": ModuleMissing, "invoices": RightMissing},
    ),
    "26.08, a user with one client": (
        {"payments": MISSING, "technicians": NONE, "clients": ONE, "products": DENIED},
        SINCE,
        None,
        None,
        {"payments": ModuleMissing},
    ),
    "a module that fails": ({"vendors": (500, None)}, UNTIL, "module", None, {"vendors": ItflowFailing}),
}


@pytest.mark.parametrize(
    ("answers", "generation", "payments", "client_id", "unreadable"), SERVERS.values(), ids=SERVERS
)
async def test_what_can_be_had_is_found_out(
    wire: WireServer,
    make_client: MakeClient,
    answers: dict[str, Kind],
    generation: Generation,
    payments: str | None,
    client_id: int | None,
    unreadable: dict[str, type[ItflowError]],
) -> None:
    base: dict[str, Kind] = {"technicians": MISSING, "custom/invoices": MISSING}

    async def answer(request: web.Request, _number: int) -> web.Response:
        status, body = (base | answers).get(request.match_info["module"], TWO)
        return web.json_response(body, status=status) if body else web.Response(status=status)

    wire.misbehave = answer
    found = await make_client(attempts=1).capabilities()
    assert (found.generation, found.payments, found.scoped_client_id) == (generation, payments, client_id)
    assert tuple(found.readable) == NEEDED
    assert {module: type(error) for module, error in found.readable.items() if error} == unreadable


async def test_a_refused_key_ends_the_questions(wire: WireServer, make_client: MakeClient) -> None:
    async def refuse(_request: web.Request, _number: int) -> web.Response:
        return web.Response(status=401)

    wire.misbehave = refuse
    with pytest.raises(KeyRefused):
        await make_client().capabilities()
    assert len(wire.asked) == 1
