"""Faults on request: what a real server can do to its callers."""

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
    """

    kind: FaultKind
    module: str
    function: str
    times: int | None
    skip: int
    delay_s: float
    status: int


class Faults:
    """The faults that are switched on, in the order they were added."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

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
    ) -> Fault:
        """Switch a fault on; the arguments are those of a ``Fault``."""
        fault = Fault(FaultKind(kind), module, function, times, skip, delay_s, status)
        self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Switch every fault off."""
        self._waiting.clear()

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
