import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bridge.errors import (
    ItflowError,
    ItflowFailing,
    ItflowUnreachable,
    KeyRefused,
    ModuleMissing,
    NotItflow,
    RightMissing,
)
from bridge.itflow.capabilities import NEEDED, Generation
from tests.itflow.conftest import MakeClient
from tests.itflow.wire_server import NO_RESOURCE, WireServer

Kind = tuple[int, object]  # status, and JSON, text or nothing
MISSING: Kind = (404, "<html><title>404 Not Found</title></html>")
DENIED: Kind = (403, {"success": "False", "message": "The user linked to this API key does not have permission."})
FILTER: Kind = (400, {"success": "False", "message": "A filter is required.", "count": 0, "data": []})
HOLLOW: Kind = (200, {"success": "True", "count": 1})
NONE: Kind = (200, NO_RESOURCE)
ONE: Kind = (200, {"success": "True", "count": 1, "data": [{"client_id": "3"}]})
TWO: Kind = (200, {"success": "True", "count": 2, "data": [{"client_id": "3"}, {"client_id": "4"}]})
OLD_TICKET: Kind = (200, {"success": "True", "count": 1, "data": [{"0": "1", "ticket_id": "1"}]})
NEW_TICKET: Kind = (
    200,
    {"success": "True", "count": 1, "data": [{"0": "1", "ticket_id": "1", "ticket_due_at": None}]},
)
TWICE: Kind = (200, {"success": "True", "count": 1, "data": [{"0": "3", "client_id": "3"}]})
LOGIN: Kind = (200, "<html><title>ITFlow | Login</title></html>")

# What the pages of each generation answer where it is not two rows.
NEVER: dict[str, Kind] = {"custom/invoices": MISSING}
G25_12 = NEVER | {"technicians": MISSING, "ticket_replies": MISSING, "clients": TWICE, "tickets": NONE}
G26_02 = NEVER | {"technicians": MISSING, "ticket_replies": MISSING}
G26_3 = NEVER | {"ticket_replies": MISSING, "technicians": NONE}
G26_04 = G26_3 | {"payments": MISSING}
G26_08 = NEVER | {"payments": MISSING, "technicians": NONE, "ticket_replies": NONE}
LIMITED = {"clients": ONE, "payments": HOLLOW, "products": HOLLOW}

NO_PAYMENTS: dict[str, type[ItflowError]] = {"payments": ModuleMissing}
Case = tuple[dict[str, Kind], Generation, str | None, tuple[int | None, int | None], dict[str, type[ItflowError]]]

# What the server answers; then generation, payments, the client of a limited key and that of a lone one, what cannot
# be read.
SERVERS: dict[str, Case] = {
    "25.01": (G25_12 | {"tickets": OLD_TICKET}, Generation.UNTIL_25_05, "module", (None, None), {}),
    "25.12": (G25_12 | {"tickets": NEW_TICKET}, Generation.FROM_25_06, "module", (None, None), {}),
    "25, without a ticket": (G25_12, Generation.UNTIL_25_12, "module", (None, None), {}),
    "25.12, one client": (
        G25_12 | LIMITED | {"clients": TWICE},
        Generation.UNTIL_25_12,
        None,
        (3, None),
        {"payments": RightMissing},
    ),
    "26.02": (G26_02, Generation.UNTIL_26_02, "module", (None, None), {}),
    "26.02, one client": (G26_02 | LIMITED, Generation.UNTIL_26_02, None, (3, None), {"payments": RightMissing}),
    "26.02, an MSP with one client": (G26_02 | {"clients": ONE}, Generation.UNTIL_26_02, "module", (None, None), {}),
    "26.02, no payments yet": (G26_02 | {"payments": NONE}, Generation.UNTIL_26_02, "module", (None, None), {}),
    "26.3": (G26_3, Generation.AT_26_3, "module", (None, None), {}),
    "26.3, one client": (G26_3 | LIMITED, Generation.AT_26_3, None, (3, None), {"payments": RightMissing}),
    "26.05": (G26_04, Generation.FROM_26_04, None, (None, None), NO_PAYMENTS),
    "26.05, one client": (
        G26_04 | LIMITED | {"payments": MISSING},
        Generation.FROM_26_04,
        None,
        (3, None),
        NO_PAYMENTS,
    ),
    "26.05 with the payments page": (
        G26_04 | {"custom/invoices": TWO},
        Generation.FROM_26_04,
        "dropin",
        (None, None),
        NO_PAYMENTS,
    ),
    "26.08": (G26_08, Generation.FROM_26_08, None, (None, None), NO_PAYMENTS),
    "26.08 with the payments page": (
        G26_08 | {"custom/invoices": TWO},
        Generation.FROM_26_08,
        "dropin",
        (None, None),
        NO_PAYMENTS,
    ),
    "26.08, a user with clients only": (
        G26_08 | dict.fromkeys(("technicians", "ticket_replies", "invoices", "custom/invoices"), DENIED),
        Generation.FROM_26_08,
        None,
        (None, None),
        NO_PAYMENTS | {"invoices": RightMissing},
    ),
    "26.08, a page that wants a filter": (
        G26_08 | {"ticket_replies": FILTER},
        Generation.FROM_26_08,
        None,
        (None, None),
        NO_PAYMENTS,
    ),
    "26.08, a user with one client": (
        G26_08 | {"clients": ONE, "products": DENIED},
        Generation.FROM_26_08,
        None,
        (None, 3),
        NO_PAYMENTS,
    ),
    "a module that fails": (
        G26_02 | {"vendors": (500, None)},
        Generation.UNTIL_26_02,
        "module",
        (None, None),
        {"vendors": ItflowFailing},
    ),
    "a login in front of the new pages": (
        G26_02 | {"ticket_replies": LOGIN, "technicians": LOGIN},
        Generation.UNKNOWN,
        "module",
        (None, None),
        {},
    ),
    "a firewall in front of the payments": (
        G26_3 | {"payments": (403, "<html>Forbidden</html>")},
        Generation.UNKNOWN,
        None,
        (None, None),
        {"payments": NotItflow},
    ),
    "a server that fails where the new pages would be": (
        G26_02 | {"ticket_replies": (502, "<html>Bad Gateway</html>")},
        Generation.UNKNOWN,
        "module",
        (None, None),
        {},
    ),
}


def answer_with(wire: WireServer, answers: dict[str, Kind], otherwise: Kind = TWO) -> None:
    async def answer(request: web.Request, _number: int) -> web.Response:
        assert request.method == "GET"  # nothing is written to find out
        status, body = answers.get(request.match_info["module"], otherwise)
        if isinstance(body, str) or body is None:
            return web.Response(status=status, text=body or "", content_type="text/html")
        return web.json_response(body, status=status)

    wire.misbehave = answer


@pytest.mark.parametrize(("answers", "generation", "payments", "only", "unreadable"), SERVERS.values(), ids=SERVERS)
async def test_what_can_be_had_is_found_out(
    wire: WireServer,
    make_client: MakeClient,
    answers: dict[str, Kind],
    generation: Generation,
    payments: str | None,
    only: tuple[int | None, int | None],
    unreadable: dict[str, type[ItflowError]],
) -> None:
    answer_with(wire, answers)
    found = await make_client(attempts=1).capabilities()
    assert (found.generation, found.payments) == (generation, payments)
    assert (found.scoped_client_id, found.sole_client_id) == only
    assert tuple(found.readable) == NEEDED
    assert {module: type(error) for module, error in found.readable.items() if error} == unreadable


# What answers where no v1 is; then the error, and what its text says.
STRANGERS: dict[str, tuple[Kind, type[ItflowError], str]] = {
    "a login page": (LOGIN, NotItflow, "ITFlow | Login"),
    "a web server's 404": (MISSING, NotItflow, "404"),
    "a proxy's login": ((401, "<html><title>Authorization Required</title></html>"), NotItflow, "Authorization"),
    "a firewall": ((403, "<html><title>Request blocked</title></html>"), NotItflow, "Request blocked"),
    "the script of 2022 with a wrong key": ((401, "Incorrect or expired API Key."), NotItflow, "before 2022"),
    "another JSON API": ((200, {"status": "ok"}), NotItflow, "itflow.url"),
    "a bad gateway": ((502, "<html><title>502 Bad Gateway</title></html>"), ItflowFailing, "502"),
    "a PHP that dies": ((200, None), ItflowFailing, "PHP"),
    "a wrong key": ((401, {"success": "False", "message": "Authentication failed."}), KeyRefused, "API key"),
    "a lost key": ((401, None), KeyRefused, "API key"),
}


@pytest.mark.parametrize(("kind", "error", "says"), STRANGERS.values(), ids=STRANGERS)
async def test_what_is_no_itflow_gets_no_generation(
    wire: WireServer, make_client: MakeClient, kind: Kind, error: type[ItflowError], says: str
) -> None:
    answer_with(wire, {}, kind)
    with pytest.raises(error, match=says) as raised:
        await make_client(attempts=1).capabilities()
    assert type(raised.value) is error


async def test_a_redirect_is_no_itflow(wire: WireServer, make_client: MakeClient) -> None:
    async def redirect(_request: web.Request, _number: int) -> web.Response:
        return web.Response(status=302, headers={"Location": "/login.php"})

    wire.misbehave = redirect
    with pytest.raises(NotItflow, match=r"redirects to .*/login\.php"):
        await make_client(attempts=1).capabilities()


async def test_tls_where_there_is_none_is_no_generation(server: TestServer, make_client: MakeClient) -> None:
    with pytest.raises(ItflowUnreachable, match="TLS"):
        await make_client(str(server.make_url("/")).replace("http:", "https:"), attempts=1).capabilities()


async def test_a_refused_key_ends_the_questions(wire: WireServer, make_client: MakeClient) -> None:
    async def refuse(_request: web.Request, _number: int) -> web.Response:
        return web.Response(status=401)

    wire.misbehave = refuse
    with pytest.raises(KeyRefused):
        await make_client().capabilities()
    assert len(wire.asked) == 1
