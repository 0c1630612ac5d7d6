"""What an interface for programs takes and gives: by it unknown parameters are refused, and ``/openapi.json`` is made.

Phone systems and phones add parameters of their own, so ``/api.php``, ``/callerid`` and ``/phonebook`` pass unknown
ones over; everywhere else a misspelt filter would mail everyone, and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from aiohttp import web
from typing_extensions import TypedDict

from bridge.access.key import Feature
from bridge.errors import BadParameter
from bridge.http import query

JSON = "application/json"
TEXT = "text/plain"
CSV = "text/csv"
PROBLEM = "application/problem+json"

KEY = "api_key"
TEXT_SCHEMA: Mapping[str, object] = {"type": "string"}  # any, also an empty one


class Problem(TypedDict):
    """An error as programs read it (RFC 9457); ``code`` names its kind and stays, whatever the words."""

    type: str
    title: str
    status: int
    detail: str
    code: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the query or the path.

    Attributes:
        about: What it asks for.
        schema: Its values (JSON Schema).
    """

    about: str
    schema: Mapping[str, object] = field(default_factory=lambda: TEXT_SCHEMA)
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of an interface.

    Attributes:
        about: What it is for.
        feature: What a key must open; None where no key is needed.
        parameters: Of the query, by name; the key is one in any case.
        path: Of the path, by name.
        body: What a body holds; its fields may stand in the query as well. None where there is no body.
        gives: The type of each form of the answer, by content type; ``str`` for what is no JSON.
        statuses: Of an answer that is no error.
        others: Unknown parameters are passed over.
    """

    about: str
    feature: Feature | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    path: Mapping[str, Parameter] = field(default_factory=dict)
    body: Any = None
    gives: Mapping[str, Any] = field(default_factory=dict)
    statuses: tuple[int, ...] = (200,)
    others: bool = False


# The operations of a door, by method and path.
Described = Mapping[tuple[str, str], Operation]

CLIENT_ID = Parameter("Of this client only: its id in ITFlow.", {"type": "integer", "minimum": 0})


def one_of(about: str, values: type[Any], default: str) -> Parameter:
    """A parameter that is one of some words.

    Args:
        about: What it asks for.
        values: An enumeration of the words.
        default: The one that holds where it is absent.
    """
    return Parameter(about, {"type": "string", "enum": [str(value) for value in values], "default": default})


def asked(request: web.Request, operation: Operation) -> dict[str, str]:
    """The parameters of a request's query.

    Raises:
        BadParameter: There is one that the operation does not know, or a filter without a value: a script whose
            variable is empty would get everyone's.
    """
    parameters = query.read(request.rel_url.raw_query_string)
    known = [*operation.parameters, KEY]
    for name in parameters:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f"; did you mean {near[0]}?" if near else "."
            raise BadParameter(f"There is no parameter {name!r} here, only {', '.join(known)}{meant}")
        if name != KEY and not parameters[name].strip() and operation.parameters[name].schema != TEXT_SCHEMA:
            raise BadParameter(f"{name} is empty: give it a value, or leave it out.")
    return parameters
