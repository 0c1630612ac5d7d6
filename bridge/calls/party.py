"""Who is on the other side of a call: what the look-up said when the call was told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Party:
    """The other side.

    Attributes:
        number: E.164, or as it was sent; empty where withheld, or where ``calls.numbers`` keeps none.
        name: What a phone shows; empty for nobody.
        result: Of the look-up: ``hit``, ``miss``, ``ambiguous`` or ``withheld``; empty where there was none.
        client_id: The client; None where it is not certain.
        client: Its name.
        contact_id: The contact; None where it is not certain.
    """

    number: str = ""
    name: str = ""
    result: str = ""
    client_id: int | None = None
    client: str = ""
    contact_id: int | None = None


# Who has a number, as one key sees it; from memory, and it never raises.
Who = Callable[[str], Party]
