"""A client for ITFlow's v1: calls, whole modules in pages, retries, deadlines. It knows nothing of phones."""

import hashlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import aiohttp
from prometheus_client import Counter, Histogram
from tenacity import (
    AsyncRetrying,
    retry_base,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from bridge.errors import BadParameter, ItflowError, ItflowFailing, ItflowUnreachable, RowMissing, WireGarbled
from bridge.itflow.capabilities import Capabilities, find_out
from bridge.itflow.modules import id_column
from bridge.itflow.protocol import LARGEST_ID, Answer, Request, Row, build, decipher, of_client, row_id
from bridge.itflow.transport import Transport, Unfinished, open_session
from bridge.metrics import kind
from bridge.settings import ItflowSection

DEFAULT_LIMIT = 50  # v1's own, where a read names none
SMALLEST_PAGE = DEFAULT_LIMIT
PAGE_ATTEMPTS = 2  # for each size
RETRY_WAIT_S = 0.2
RETRY_WAIT_MAX_S = 2.0

# A page that did not come in time is asked for in halves at once, not waited for again.
_TRANSIENT = retry_if_exception_type((ItflowFailing, ItflowUnreachable))
_TRANSIENT_PAGE = _TRANSIENT & retry_if_not_exception_type(Unfinished)

_REQUESTS = Counter(
    "itflow_bridge_itflow_requests", "Requests to ITFlow by what came of them", ["module", "function", "outcome"]
)
_REQUEST_SECONDS = Histogram("itflow_bridge_itflow_request_seconds", "Time until ITFlow has answered, or has not")

T = TypeVar("T")

_NO_FIELDS: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class PageMark:
    """What is remembered of a page, to know it again.

    Attributes:
        digest: Of the raw body.
        count: The rows that ITFlow sent, the overlapping one included.
        first_id: The id of the first row, 0 without rows.
        last_id: The id of the last row, 0 without rows.
    """

    digest: bytes
    count: int
    first_id: int
    last_id: int


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a module, in the order of the ids.

    Attributes:
        offset: Where in the module it begins.
        rows: The rows that no earlier page of this pull held, and that pass the client filter. None: the
            body is byte for byte the one of the known mark, and was not even decoded.
        mark: To be handed in at the next pull. Keep the marks of the last whole pull, and no others.
        limit: The page size that was asked for.
    """

    offset: int
    rows: Sequence[Row] | None
    mark: PageMark
    limit: int


class ItflowClient:
    """Asks one ITFlow with one key.

    Args:
        session: See ``bridge.itflow.transport.open_session``; it stays the caller's to close.
        url: ITFlow's address, with or without ``/api/v1/`` at its end.
        api_key: ITFlow's key.
        timeout_s: The deadline for each exchange.
        page_size: Rows to a page, while ITFlow can bear it.
        attempts: How often a read is tried before its failure is believed.

    Attributes:
        api_key: ITFlow's key; a new one counts from the next request on.

    Raises:
        SettingsError: ``url`` is not an address.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        api_key: str,
        *,
        timeout_s: float = 10,
        page_size: int = 1000,
        attempts: int = 3,
    ) -> None:
        self._session = session
        self._transport = Transport(session, url)
        self.api_key = api_key
        self.timeout_s = timeout_s
        self._page_size = page_size
        self._attempts = attempts
        self._good_sizes: dict[str, int] = {}

    def apply(self, section: ItflowSection) -> None:
        """Take over changed settings, for every request from now on.

        Raises:
            SettingsError: The address or the key is not set.
        """
        url, self.api_key = section.require()
        self._transport = Transport(self._session, url)
        self.timeout_s, self._page_size = section.timeout_s, section.page_size

    async def call(
        self,
        module: str,
        function: str = "read",
        fields: Mapping[str, object] = _NO_FIELDS,
        *,
        timeout_s: float | None = None,
    ) -> Answer:
        """Makes any call of v1. Reads are tried again when ITFlow fails; writes are sent exactly once.

        Args:
            module: See ``bridge.itflow.protocol.build``.
            function: One of the module's functions.
            fields: Filters of a read, columns of a write. A read for a client holds this client's rows only,
                also where ITFlow ignores the filter.
            timeout_s: Another deadline for each exchange.

        Raises:
            BadParameter: There is no such module, function or filter.
            ItflowError: See ``bridge.itflow.protocol.decipher`` and ``bridge.itflow.transport``.
        """
        request = build(module, function, self.api_key, fields)

        async def ask() -> Answer:
            reply = await self._transport.send(request, timeout_s or self.timeout_s)
            return decipher(request, reply.status, reply.content_type, reply.body)

        answer = await _patiently(request, ask, self._attempts if request.reads else 1, _TRANSIENT)
        if not request.reads:
            return answer
        client_id = fields.get("client_id")
        kept = of_client(module, answer.rows, client_id)
        ignored = len(kept) < len(answer.rows) or (client_id is not None and fields.get("offset"))
        if ignored and function == "read":
            # Where ITFlow ignores the filter, its limit and offset count everybody's rows.
            kept = await self._window(module, dict(fields))
        return Answer(rows=kept, count=len(kept))

    async def rows(self, module: str, **filters: object) -> list[Row]:
        """Reads a whole module, or what passes the filters. No rows give an empty list."""
        found: list[Row] = []
        async for page in self._pull(module, {}, 0, filters):
            found.extend(page.rows or ())
        return found

    async def row(self, module: str, id: int) -> Row:  # noqa: A002 - v1's own word
        """Reads one row.

        Raises:
            RowMissing: There is none with this id, or the key may not see it.
        """
        answer = await self.call(module, "read", {id_column(module): id})
        for row in answer.rows:
            if row_id(module, row) == id:
                return row
        raise RowMissing(f"ITFlow has no row {id} in {module}, or its API key may not see it.")

    async def create(self, module: str, fields: Mapping[str, object]) -> int:
        """Creates a row and returns its id. Sent once: a lost answer leaves open whether ITFlow has it."""
        answer = await self.call(module, "create", fields)
        return answer.insert_id or 0  # never 0: decipher raises where a create names no id

    async def delete(self, module: str, fields: Mapping[str, object]) -> Answer:
        """Deletes a row, and looks before and after whether it is there, because ITFlow's answer does not tell.

        Of an asset it says that the deletion failed when it has deleted it, and the same when there was none.

        Args:
            module: One whose rows can be deleted.
            fields: The row's id in its own column, and ``client_id`` where the key is for all clients.

        Raises:
            BadParameter: The id is missing.
            RowMissing: There was no such row, or ITFlow kept it.
            ItflowError: See ``call``. A lost answer leaves open whether the row is gone.
        """
        column = id_column(module)
        row_number = str(fields.get(column, ""))
        if not row_number.isascii() or not row_number.isdigit():
            raise BadParameter(f"{column} must be the id of the row that is to be deleted, such as {column}=1.")
        known = await self._has(module, int(row_number))
        kept = f"ITFlow kept row {row_number} of {module}. Is client_id the client that it belongs to?"
        try:
            await self.call(module, "delete", fields)
        except RowMissing as error:
            kept = f"{kept} {error}"
        if not known:
            raise RowMissing(f"ITFlow has no row {row_number} in {module}, or its API key may not see it.")
        if await self._has(module, int(row_number)):
            raise RowMissing(kept)
        return Answer(count=1)

    async def _has(self, module: str, id: int) -> bool:  # noqa: A002 - v1's own word
        try:
            await self.row(module, id)
        except RowMissing:
            return False
        return True

    async def capabilities(self) -> Capabilities:
        """Finds out what this ITFlow and this key can do.

        Raises:
            KeyRefused: The key is good for nothing.
            ItflowUnreachable: There is nobody to ask.
        """
        return await find_out(self.call)

    def pages(
        self,
        module: str,
        known: Mapping[int, PageMark] | None = None,
        *,
        start_offset: int = 0,
        **filters: object,
    ) -> AsyncGenerator[Page, None]:
        """Reads a module in pages that overlap by one row.

        The overlapping row shows whether an earlier row was deleted meanwhile, which moves all later rows
        up by one: then it steps back, so that no row is lost. A page that ITFlow fails on (PHP's memory
        limit) or does not finish is asked for in halves, and the size that worked is kept.

        Args:
            module: A key of ``MODULES`` that can be read.
            known: The marks of the last whole pull with the same filters, by offset.
            start_offset: Where to begin; with the number of known rows, less one, only new rows come.
            filters: Filters of the read.

        Returns:
            The pages, at least one. A first page without rows is a doubt: ITFlow answers a database error
            alike.

        Raises:
            BadParameter: There is no such module or filter.
            ItflowError: The pull cannot be finished; what was yielded is not the whole module.
        """
        return self._pull(module, known or {}, start_offset, filters)

    async def _pull(
        self, module: str, known: Mapping[int, PageMark], offset: int, filters: Mapping[str, object]
    ) -> AsyncGenerator[Page, None]:
        seen = 0
        while True:
            page = await self._page(module, offset, known.get(offset), filters)
            mark = page.mark
            if seen and offset and (not mark.count or mark.first_id > seen):
                offset = max(0, offset - max(1, page.limit // 2))
                continue
            if seen and not mark.count:
                raise ItflowFailing(f"{module}: the rows vanished while they were read.")
            if page.rows is not None:
                # A row without an id that can be read is passed on: it is for the reader to name and leave out.
                rows = [row for row in page.rows if (row_id(module, row) or LARGEST_ID) > seen] if seen else page.rows
                page = Page(offset, of_client(module, rows, filters.get("client_id")), mark, page.limit)
            yield page
            if mark.count != page.limit:  # a longer one comes from a read that knows no limit
                return
            if mark.last_id <= seen:
                raise WireGarbled(f"{module}: ITFlow's pages do not get past row {seen}. Its PHP log may tell why.")
            seen = mark.last_id
            offset += page.limit - 1

    async def _page(self, module: str, offset: int, known: PageMark | None, filters: Mapping[str, object]) -> Page:
        limit = self._good_sizes.get(module, self._page_size)
        while True:
            fields = {**filters, "limit": limit, "offset": offset}
            request = build(module, "read", self.api_key, fields)

            async def ask(request: Request = request, limit: int = limit) -> Page:
                reply = await self._transport.send(request, self.timeout_s)
                digest = hashlib.blake2b(reply.body, digest_size=16).digest()
                if known and reply.status == 200 and digest == known.digest:
                    return Page(offset, None, known, limit)
                rows = decipher(request, reply.status, reply.content_type, reply.body).rows
                whole = not offset and len(rows) < limit
                return Page(offset, rows, _mark(module, rows, digest, whole=whole), limit)

            try:
                page = await _patiently(request, ask, PAGE_ATTEMPTS, _TRANSIENT_PAGE)
            except (ItflowFailing, Unfinished):
                if limit <= SMALLEST_PAGE:
                    raise
                limit = max(SMALLEST_PAGE, limit // 2)
            else:
                self._good_sizes[module] = limit
                return page

    async def _window(self, module: str, fields: dict[str, object]) -> list[Row]:
        """Applies limit and offset to the rows of one client where ITFlow applied them to everybody's."""
        first = int(str(fields.pop("offset", 0)))
        last = first + int(str(fields.pop("limit", DEFAULT_LIMIT)))
        found: list[Row] = []
        async with aclosing(self._pull(module, {}, 0, fields)) as pages:
            async for page in pages:
                found.extend(page.rows or ())
                if len(found) >= last:
                    break
        return found[first:last]


@asynccontextmanager
async def connected(section: ItflowSection) -> AsyncGenerator[ItflowClient]:
    """A client for the ITFlow of these settings, with a session of its own.

    Raises:
        SettingsError: Its address or key is not set.
    """
    url, api_key = section.require()
    async with open_session() as session:
        yield ItflowClient(session, url, api_key, timeout_s=section.timeout_s, page_size=section.page_size)


async def _patiently(request: Request, ask: Callable[[], Awaitable[T]], attempts: int, again: retry_base) -> T:
    async def counted() -> T:
        outcome, began = "cancelled", time.perf_counter()
        try:
            answer = await ask()
            outcome = "answered"
        except ItflowError as error:
            outcome = kind(error)
            raise
        else:
            return answer
        finally:
            _REQUESTS.labels(request.module, request.function, outcome).inc()
            _REQUEST_SECONDS.observe(time.perf_counter() - began)

    return await AsyncRetrying(
        stop=stop_after_attempt(attempts),
        wait=wait_random_exponential(multiplier=RETRY_WAIT_S, max=RETRY_WAIT_MAX_S),
        retry=again,
        reraise=True,
    )(counted)


def _mark(module: str, rows: Sequence[Row], digest: bytes, *, whole: bool) -> PageMark:
    ids = [one for row in rows if (one := row_id(module, row)) is not None]
    if not whole and any(one >= other for one, other in pairwise(ids)):
        raise WireGarbled(f"{module}: the rows do not come in the order of their ids, so pages may lose some.")
    return PageMark(digest, len(rows), ids[0] if ids else 0, ids[-1] if ids else 0)
