"""The server: what happens to a request between the socket and a module's function."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from aiohttp import web

from bridge.embedded import modules, php, reads, sample, spoil
from bridge.embedded.call import Answer, Call, refusal
from bridge.embedded.faults import Fault, FaultKind, Faults
from bridge.embedded.generations import GENERATIONS, TRAITS, Generation
from bridge.embedded.keys import ADMINISTRATOR, TECHNICIAN, Key
from bridge.embedded.schema import Level, Module
from bridge.embedded.store import Store
from bridge.embedded.writes import WRITES

_FUNCTIONS: Mapping[str, Callable[[Store, Call], Answer]] = {"read": reads.read, "time": reads.time, **WRITES}
_READS = {"read", "time"}
_CHECKED_WRITES = {"create", "update", "delete"}
"""26.08 looks at the client of these only: archive, unarchive and resolve pass its check."""

_BAD_KEY = "Authentication failed. API key is invalid or has expired."
_NO_RIGHT = "The user linked to this API key does not have permission for this action."
_NO_CLIENT = "The user linked to this API key does not have access to the target client for this write."
_NO_USER = "The user linked to this API key is inactive, archived, or invalid."
_NOT_FOUND = "<!doctype html><html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>"
_REMEMBERED_REQUESTS = 10_000
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that arrived, as tests want to count it; the key is left out."""

    method: str
    module: str
    function: str
    query: Mapping[str, str]
    body: Mapping[str, object]


class EmbeddedItflow:
    """An ITFlow v1 API of our own.

    Args:
        database: A path, or ``:memory:``.
        generation: What it pretends to be: "25.12" and "26.02" have payments, "26.05" and "26.08" none; on
            "26.08" keys belong to users.
        display_errors: Whether PHP shows its warnings and errors in the answers.
        dropin: Whether the operator has put a page at ``api/v1/custom/invoices/read.php`` that answers with
            the payments, each with its invoice's client, under the key's rights to read invoices.

    Attributes:
        keys: The API keys by secret; change them as you like.
        faults: Switches for faults.
        requests: The last 10,000 requests to a file that exists.
        on_request: Called with each of those before it is answered.
        memory_limit_rows: A read of more rows kills PHP (500, no body); ``None`` is no limit.
    """

    def __init__(
        self,
        database: str | Path = ":memory:",
        generation: Generation = "26.02",
        *,
        display_errors: bool = False,
        dropin: bool = False,
    ) -> None:
        if generation not in GENERATIONS:
            raise ValueError(f"No such generation: {generation}. There are {', '.join(GENERATIONS)}.")
        self.generation = generation
        self.display_errors = display_errors
        self.dropin = dropin
        self.store = Store(database, generation)
        self.keys: dict[str, Key] = {}
        self.faults = Faults()
        self.requests: deque[Seen] = deque(maxlen=_REMEMBERED_REQUESTS)
        self.on_request: Callable[[Seen], None] | None = None
        self.memory_limit_rows: int | None = None
        self._ending = asyncio.Event()
        self._working: set[asyncio.Task[web.Response | None]] = set()

    @property
    def connection(self) -> Connection:
        """The database itself; every statement is committed at once."""
        return self.store.connection

    def load(self, rows: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
        """Add rows by table, as ITFlow answers with them; columns left out get their defaults."""
        self.store.load(rows)

    def load_sample(self) -> None:
        """Add the sample data: a service firm with its clients, their people, invoices and payments."""
        self.store.load(sample.rows())

    def add_key(
        self,
        secret: str,
        client_id: int = 0,
        expires: datetime | None = None,
        rights: Mapping[str, Level] | None = None,
        clients: Collection[int] = (),
        denied: Collection[int] = (),
        user_id: int = 1,
    ) -> Key:
        """Add an API key.

        Args:
            secret: What requests carry.
            client_id: The only client it reaches; 0 is all. On 26.08 that is a technician's key, whose user
                is allowed this client.
            expires: From when on it is refused.
            rights: 26.08: what the user's role may do, by permission module (``client``, ``support``,
                ``sales``, ``financial``, ``credential``); an administrator's or technician's if left out.
            clients: 26.08: the clients that the user is allowed; none named means all.
            denied: 26.08: the clients that the user is denied.
            user_id: 26.08: the user, who writes replies.
        """
        role = rights if rights is not None else TECHNICIAN if client_id else ADMINISTRATOR
        allowed = {*clients, client_id} - {0}
        key = Key(secret, client_id, expires, role, allowed, denied, user_id)
        self.keys[secret] = key
        return key

    def limit_key(self, secret: str, client_id: int) -> None:
        """Limit a key to one client from now on, as an administrator may at any time; 0 lifts the limit.

        Raises:
            KeyError: There is no such key.
        """
        key = self.keys[secret]
        key.client_id = client_id
        key.clients = {client_id} - {0}

    def make_app(self) -> web.Application:
        """An application that answers below ``/api/v1/``."""
        app = web.Application()
        app.on_startup.append(self._begin)
        app.on_shutdown.append(self._end)
        app.router.add_route("*", "/api/v1/{module:[a-z_]+|custom/invoices}/{function:[a-z]+}.php", self._handle)
        app.router.add_route("*", "/{rest:.*}", _not_found)
        return app

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    async def _begin(self, _app: web.Application) -> None:
        self._ending = asyncio.Event()

    async def _end(self, _app: web.Application) -> None:
        self._ending.set()
        await asyncio.gather(*self._working)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        name, function = request.match_info["module"], request.match_info["function"]
        module = modules.find(name, function, self.generation)
        if module is None or (name == modules.DROPIN and not self.dropin):
            return await _not_found(request)
        body = _json_object(await request.read())
        fault = self.faults.take(name, function)
        seen = Seen(request.method, name, function, _without_key(dict(request.query)), _without_key(body))
        self.requests.append(seen)
        if self.on_request is not None:
            self.on_request(seen)
        spoiled = await spoil.instead(request, fault, self._ending)
        if spoiled is not None:
            return spoiled
        call = self._admit(request, module, function, body)
        if isinstance(call, web.Response):
            return await spoil.deliver(request, call, fault)
        # A task of its own: PHP finishes what it was sent, whether or not its caller still waits.
        work = asyncio.create_task(self._work(call, fault))
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        response = await asyncio.shield(work)
        return spoil.cut_off(request) if response is None else await spoil.deliver(request, response, fault)

    async def _work(self, call: Call, fault: Fault | None) -> web.Response | None:
        """The answer once no lock stands in the way, or ``None`` if the server ends before."""
        return self._run(call, fault) if await self._passes_lock(call) else None

    async def _passes_lock(self, call: Call) -> bool:
        """Wait for a locked table; false if the server ends before."""
        while (gone := self.faults.held(call.module.name, write=call.function not in _READS)) is not None:
            waiting = [asyncio.create_task(gone.wait()), asyncio.create_task(self._ending.wait())]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waiting:
                    each.cancel()
            if self._ending.is_set():
                return False
        return True

    def _admit(
        self, request: web.Request, module: Module, function: str, body: Mapping[str, object]
    ) -> Call | web.Response:
        """The call whose key is good, or the refusal."""
        method = request.method
        if method not in {"GET", "POST"}:
            return _response(f'string({len(method)}) "{method}"\n'.encode(), 405)
        query = dict(request.query)
        secret = body.get("api_key")
        if secret is None:
            secret = query.get("api_key")
        if secret is None:
            return _response(b"", 401)
        key = self.keys.get(str(secret))
        if key is None or key.expired:
            return _encoded(refusal(_BAD_KEY, 401))
        call = Call(module, function, query, body, key, self.generation)
        denied = self._denied(call) or _wrong_method(call, method)
        if denied is not None:
            return _encoded(denied)
        return call

    def _denied(self, call: Call) -> Answer | None:
        """Why 26.08 refuses a user, if it does."""
        if not TRAITS[self.generation].keys_of_users:
            return None
        if not call.key.active:
            return refusal(_NO_USER, 403)
        if not call.key.may(call.module, call.function):
            return refusal(_NO_RIGHT, 403)
        if call.function in _CHECKED_WRITES and not call.key.reaches(call.client_id):
            return refusal(_NO_CLIENT, 403)
        return None

    def _run(self, call: Call, fault: Fault | None) -> web.Response:
        noisy = self.display_errors
        if fault is not None and fault.kind is FaultKind.HTML_FIRST:
            call.warn("Undefined variable $row", f"{call.function}.php", 1)
            noisy = True
        script = f"{call.module.name}/{call.function}.php"
        try:
            answer = _FUNCTIONS[call.function](self.store, call)
            self._count(answer)
            answer = self._spoil_rows(call, answer)
        except php.PhpFatal as error:
            if not noisy:
                return _response(b"", 500)
            return _response("".join([*call.warnings, php.fatal(error, script)]).encode(), 200)
        if not noisy:
            return _encoded(answer)
        return _response("".join(call.warnings).encode() + php.encode(answer.content), answer.status)

    def _spoil_rows(self, call: Call, answer: Answer) -> Answer:
        rows = answer.content.get("data")
        if call.function != "read" or not isinstance(rows, list):
            return answer
        spoiled = self.faults.spoil(call.module.name, call.module.key, rows)
        return Answer({**answer.content, "data": spoiled}, answer.status)

    def _count(self, answer: Answer) -> None:
        rows = answer.content.get("data")
        if self.memory_limit_rows is not None and isinstance(rows, list) and len(rows) > self.memory_limit_rows:
            raise php.PhpFatal("Allowed memory size of 134217728 bytes exhausted", 1)


def _wrong_method(call: Call, method: str) -> Answer | None:
    needed = "GET" if call.function in _READS else "POST"
    if method == needed:
        return None
    return refusal(f"Can only send {needed} requests to this endpoint.", 405)


def _response(body: bytes, status: int) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


def _encoded(answer: Answer) -> web.Response:
    return _response(php.encode(answer.content), answer.status)


async def _not_found(_request: web.Request) -> web.Response:
    return web.Response(text=_NOT_FOUND, status=404, content_type="text/html", charset="UTF-8")


def _json_object(body: bytes) -> Mapping[str, object]:
    """The JSON object in a body; PHP takes anything else for an empty one."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _without_key(parameters: Mapping[str, _Value]) -> dict[str, _Value]:
    return {name: value for name, value in parameters.items() if name != "api_key"}
