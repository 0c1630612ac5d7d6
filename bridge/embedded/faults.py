"""Faults on request: what a real server can do to its callers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong with a request."""

    HANG = "hang"
    """It is accepted and never answered."""
    SLOW = "slow"
    """It is answered after ``delay_s``."""
    DROPPED = "dropped"
    """The connection is cut before anything is done."""
    EMPTY_500 = "empty-500"
    """PHP dies of an error it hides: 500, no body, nothing done."""
    HTML = "html"
    """A page in place of the API: a proxy's error, a login; nothing done."""
    REDIRECT = "redirect"
    """A redirect to a page where people log in; nothing done."""
    LEGACY = "legacy"
    """The script of 2022 in place of the API: 401 and a line of plain text; nothing done."""
    TRICKLE = "trickle"
    """The work is done, and the answer comes a byte at a time, one every ``delay_s``."""
    ENDLESS = "endless"
    """The answer is JSON that goes on until the caller leaves; nothing done."""
    HUGE = "huge"
    """The answer is good JSON of ``size_bytes``, nearly all of it in one column of one row; nothing done."""
    HTML_FIRST = "html-first"
    """The work is done, and warnings stand before the JSON."""
    CUT = "cut"
    """The work is done, and the connection is cut in the middle of the answer."""
    UNANSWERED = "unanswered"
    """The work is done, and the connection is cut before the answer."""


@dataclass(slots=True)
class Fault:
    """A fault that waits for its request.

    Attributes:
        kind: What goes wrong.
        module: Whose requests; "" is any.
        function: Which function; "" is any.
        times: How many more requests it meets; ``None`` is every one until it is cleared.
        skip: How many requests pass unharmed before.
        delay_s: How late a slow answer is.
        status: The HTTP status of an HTML page.
        size_bytes: The size of a huge answer.
    """

    kind: FaultKind
    module: str
    function: str
    times: int | None
    skip: int
    delay_s: float
    status: int
    size_bytes: int


class Faults:
    """The faults that are switched on, in the order they were added; locked tables and odd values beside them."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._locks: dict[str, _Lock] = {}
        self._odd: dict[tuple[str, str], dict[str, object]] = {}

    def add(
        self,
        kind: FaultKind | str,
        module: str = "",
        function: str = "",
        *,
        times: int | None = 1,
        skip: int = 0,
        delay_s: float = 0.5,
        status: int = 200,
        size_bytes: int = 64 * 2**20,
    ) -> Fault:
        """Switch a fault on; the arguments are those of a ``Fault``."""
        fault = Fault(FaultKind(kind), module, function, times, skip, delay_s, status, size_bytes)
        self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Switch every fault off: tables are unlocked, rows are as they are stored."""
        self._waiting.clear()
        self._odd.clear()
        for table in list(self._locks):
            self.unlock(table)

    def lock(self, table: str, *, reads: bool = False) -> None:
        """Lock a table as ``LOCK TABLES`` does, which a dump takes.

        Writes to its module hang and happen once it is unlocked, whether or not their caller still waits; what a
        key may not do is refused at once.

        Args:
            table: The table, which is the module's name.
            reads: Whether reads hang too (``WRITE``); else they answer (``READ``).
        """
        self.unlock(table)
        self._locks[table] = _Lock(asyncio.Event(), reads)

    def unlock(self, table: str) -> None:
        """Let everything go on that hangs at a table."""
        lock = self._locks.pop(table, None)
        if lock is not None:
            lock.gone.set()

    def held(self, table: str, *, write: bool) -> asyncio.Event | None:
        """What a request has to wait for, if its table is locked."""
        lock = self._locks.get(table)
        return lock.gone if lock is not None and (write or lock.reads) else None

    def odd(self, module: str, row_id: int, column: str, value: object) -> None:
        """Answer with a value that is not stored: of another type, too long, not of its kind.

        Args:
            module: The module that is read.
            row_id: The row.
            column: Its column; the id's own too.
            value: Anything that JSON can say.
        """
        self._odd.setdefault((module, str(row_id)), {})[column] = value

    def spoil(self, module: str, key: str, rows: list[dict[str, object]]) -> list[dict[str, object]]:
        """Rows with the odd values that were put into them; ``key`` is the column of their ids."""
        return [_spoiled(row, self._odd.get((module, str(row.get(key))), {})) for row in rows] if self._odd else rows

    def take(self, module: str, function: str) -> Fault | None:
        """The fault that meets a request now, if any; it is used up by that."""
        for fault in self._waiting:
            if fault.module not in {"", module} or fault.function not in {"", function}:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self._waiting.remove(fault)
            return fault
        return None


@dataclass(frozen=True, slots=True)
class _Lock:
    gone: asyncio.Event
    reads: bool


def _spoiled(row: Mapping[str, object], odd: Mapping[str, object]) -> dict[str, object]:
    spoiled, before = dict(row), ""
    for name in row:
        if name in odd:
            spoiled[name] = odd[name]
            if before.isdigit():
                spoiled[before] = odd[name]
        before = name
    return spoiled
