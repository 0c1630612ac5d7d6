"""What an ITFlow and its key can do, found out by asking.

No generation of v1 tells its version, so it is known by its pages: ``payments`` went with 26.04,
``technicians`` came with 26.08. Up to 26.07 a key may be limited to one client; such a key gets success without
data from the modules that carry no client, and sees exactly one client.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bridge.errors import ItflowError, ItflowUnreachable, KeyRefused, ModuleMissing, RightMissing
from bridge.itflow.modules import PAYMENTS_PAGE
from bridge.itflow.protocol import Answer, Row
from bridge.itflow.records import Client, read

# The modules that the bridge needs, asked in this order.
NEEDED = ("clients", "contacts", "locations", "vendors", "invoices", "payments", "assets", "tickets")

Call = Callable[[str, str, Mapping[str, object]], Awaitable[Answer]]


class Generation(StrEnum):
    """What can be told of ITFlow's version."""

    UNTIL_26_03 = "26.03 or before"
    FROM_26_04 = "26.04 to 26.07"
    FROM_26_08 = "26.08 or later"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What can be had.

    Attributes:
        generation: ITFlow's version, as far as it shows.
        payments: Where payments are read: ITFlow's own module, the bridge's page dropped into ITFlow, or
            None, so that balances come from the invoices alone.
        readable: For each needed module None, or why it cannot be read.
        scoped_client_id: The one client that the key is limited to (up to 26.07), or None.
    """

    generation: Generation
    payments: Literal["module", "dropin"] | None
    readable: Mapping[str, ItflowError | None]
    scoped_client_id: int | None


async def find_out(call: Call) -> Capabilities:
    """Asks every needed module for one row.

    Args:
        call: ``ItflowClient.call``.

    Raises:
        KeyRefused: The key is good for nothing.
        ItflowUnreachable: There is nobody to ask.
    """
    readable: dict[str, ItflowError | None] = {}
    clients: list[Row] = []
    for module in NEEDED:
        found = await _ask(call, module)
        readable[module] = found if isinstance(found, ItflowError) else None
        if module == "clients" and isinstance(found, Answer):
            clients.extend(found.rows)
    generation = await _generation(call, readable["payments"])
    payments: Literal["module", "dropin"] | None = None if readable["payments"] else "module"
    if not payments and isinstance(await _ask(call, PAYMENTS_PAGE), Answer):
        payments = "dropin"
    return Capabilities(generation, payments, readable, await _only_client(call, generation, clients))


async def _ask(call: Call, module: str, function: str = "read") -> Answer | ItflowError:
    try:
        return await call(module, function, {"limit": 2})
    except (KeyRefused, ItflowUnreachable):
        raise
    except ItflowError as error:
        return error


async def _generation(call: Call, payments: ItflowError | None) -> Generation:
    if not isinstance(await _ask(call, "technicians", "time"), ModuleMissing):
        return Generation.FROM_26_08
    return Generation.FROM_26_04 if isinstance(payments, ModuleMissing) else Generation.UNTIL_26_03


async def _only_client(call: Call, generation: Generation, clients: list[Row]) -> int | None:
    if generation is Generation.FROM_26_08 or len(clients) != 1:
        return None
    if not isinstance(await _ask(call, "products"), RightMissing):
        return None
    return read(Client, clients[0]).id
