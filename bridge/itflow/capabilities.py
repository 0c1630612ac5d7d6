"""What an ITFlow and its key can do, found out by asking; nothing is written for it.

No generation of v1 tells its version, so it is known by its pages and rows. Only an answer of v1 itself counts: a web
server's 404 means something only where v1 answers beside it, and a login page, a redirect or a proxy means nothing.

=======================  ========  ==============  =====  =====  ==============  ==============
what only some have      to 25.05  25.06 to 25.12  26.02  26.3   26.04 to 26.07  26.08 or later
=======================  ========  ==============  =====  =====  ==============  ==============
``ticket_due_at``        no        yes             yes    yes    yes             yes
columns by number too    yes       yes             no     no     no              no
``payments``             yes       yes             yes    yes    no              no
``technicians/time``     no        no              no     yes    yes             yes
``ticket_replies``       no        no              no     no     no              yes
=======================  ========  ==============  =====  =====  ==============  ==============

``ticket_due_at`` came with the database update 2.1.5 and the release 25.06; without any ticket it does not show.

Up to 26.07 a key may be limited to one client; such a key gets success without data from the modules that carry no
client, and sees exactly one client. From 26.08 on a key has its user's clients, and no answer tells whether there are
more.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bridge.errors import (
    ItflowError,
    ItflowFailing,
    ItflowUnreachable,
    KeyRefused,
    ModuleMissing,
    NotItflow,
    RightMissing,
    RowMissing,
    WireGarbled,
)
from bridge.itflow.modules import PAYMENTS_PAGE
from bridge.itflow.protocol import Answer, Row, row_id

# The modules that the bridge needs, asked in this order.
NEEDED = ("clients", "contacts", "locations", "vendors", "invoices", "payments", "assets", "tickets")

# What to tell the operator where payments were read and are there no more.
PAYMENTS_GONE = (
    "ITFlow shows no payments any more (it dropped them with 26.04), so balances are no longer exact, and a client "
    "with an invoice that may carry a payment has none. Install the bridge's page for payments in ITFlow: see "
    "templates/itflow/README.md. To go on without it, run `itflow-bridge sync --accept`."
)

Call = Callable[[str, str, Mapping[str, object]], Awaitable[Answer]]
Found = Answer | ItflowError
Source = Literal["module", "dropin"]


class Generation(StrEnum):
    """What can be told of ITFlow's version."""

    UNTIL_25_05 = "up to 25.05"
    FROM_25_06 = "25.06 to 25.12"
    UNTIL_25_12 = "up to 25.12"
    UNTIL_26_02 = "up to 26.02"
    AT_26_3 = "26.3"
    FROM_26_04 = "26.04 to 26.07"
    FROM_26_08 = "26.08 or later"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What can be had.

    Attributes:
        generation: ITFlow's version, as far as it shows.
        payments: Where payments are read: ITFlow's own module, the bridge's page dropped into ITFlow, or
            None, so that balances come from the invoices alone.
        readable: For each needed module None, or why it cannot be read.
        scoped_client_id: The one client that the key is limited to (up to 26.07), or None.
        sole_client_id: The one client that a key of 26.08 or later shows, or None. Whether ITFlow has more, it does
            not tell.
    """

    generation: Generation
    payments: Source | None
    readable: Mapping[str, ItflowError | None]
    scoped_client_id: int | None = None
    sole_client_id: int | None = None


async def find_out(call: Call) -> Capabilities:
    """Asks every needed module for two rows, and some pages whether they are there.

    Args:
        call: ``ItflowClient.call``.

    Raises:
        KeyRefused: The key is good for nothing.
        ItflowUnreachable: There is nobody to ask.
        NotItflow: What answers is not an ITFlow v1.
        ItflowFailing: Every page fails.
    """
    found = {module: await _ask(call, module, "read", limit=2) for module in NEEDED}
    _believe(found)
    replies = await _ask(call, "ticket_replies", "read", limit=1)
    time = await _ask(call, "technicians", "time", limit=1)
    generation = _generation(_there(replies), _there(found["payments"]), _there(time))
    if generation is Generation.UNTIL_26_02:
        generation = _by_columns(found)
    payments: Source | None = "module" if isinstance(found["payments"], Answer) else None
    if not payments and isinstance(await _ask(call, PAYMENTS_PAGE, "read", limit=1), Answer):
        payments = "dropin"
    only = _only_client(found["clients"])
    limited = only is not None and generation is not Generation.FROM_26_08 and await _refuses_products(call)
    return Capabilities(
        generation=generation,
        payments=payments,
        readable={module: one if isinstance(one, ItflowError) else None for module, one in found.items()},
        scoped_client_id=only if limited else None,
        sole_client_id=only if generation is Generation.FROM_26_08 else None,
    )


async def _ask(call: Call, module: str, function: str, **fields: int) -> Found:
    try:
        return await call(module, function, fields)
    except (KeyRefused, ItflowUnreachable):
        raise
    except ItflowError as error:
        return error


def _there(found: Found) -> bool | None:
    """Whether v1 has a page; None where what answered does not tell."""
    if isinstance(found, NotItflow):
        return None
    if isinstance(found, Answer | RightMissing | RowMissing | WireGarbled):
        return True
    return False if isinstance(found, ModuleMissing) else None


def _believe(found: Mapping[str, Found]) -> None:
    """Raises where not one of the pages was answered by v1."""
    if any(map(_there, found.values())):
        return
    errors = [error for error in found.values() if isinstance(error, ItflowError)]
    for kind in (NotItflow, ItflowFailing):
        for error in errors:
            if isinstance(error, kind):
                raise error
    if all(isinstance(error, ModuleMissing) for error in errors):
        raise NotItflow(
            "There is no ITFlow v1 at itflow.url: every page under /api/v1/ is missing (404). itflow.url is what "
            "comes before /api/v1/. An ITFlow of before 2022 has only the old script and must be updated."
        )
    raise errors[0]


def _generation(replies: bool | None, payments: bool | None, time: bool | None) -> Generation:
    match replies, payments, time:
        case True, _, _:
            return Generation.FROM_26_08
        case False, False, _:
            return Generation.FROM_26_04
        case False, True, True:
            return Generation.AT_26_3
        case False, True, False:
            return Generation.UNTIL_26_02
        case _:
            return Generation.UNKNOWN


def _by_columns(found: Mapping[str, Found]) -> Generation:
    """Tells the releases up to 26.02 apart, which have the same pages, by the columns of their rows."""
    if not any("0" in row for module in found for row in _rows(found[module])):
        return Generation.UNTIL_26_02
    for ticket in _rows(found["tickets"]):
        return Generation.FROM_25_06 if "ticket_due_at" in ticket else Generation.UNTIL_25_05
    return Generation.UNTIL_25_12


def _rows(found: Found) -> Sequence[Row]:
    return found.rows if isinstance(found, Answer) else ()


def _only_client(found: Found) -> int | None:
    rows = _rows(found)
    return row_id("clients", rows[0]) if len(rows) == 1 else None


async def _refuses_products(call: Call) -> bool:
    """Whether a module without clients is kept from the key: up to 26.07 that is a key of one client."""
    return isinstance(await _ask(call, "products", "read", limit=1), RightMissing)
