"""The interfaces for programs as an OpenAPI 3.1 description, at ``/openapi.json``: what each door says of itself."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import Any, Literal

from aiohttp import web
from pydantic import TypeAdapter

from bridge.http import accounts, assets, callerid, calls, health, mailing, writes
from bridge.http.operations import JSON, KEY, PROBLEM, Described, Operation, Parameter, Problem

routes = web.RouteTableDef()

DOORS = (callerid, accounts, mailing, assets, writes, calls, health)
_SCHEMAS = "#/components/schemas/{model}"
_FORM = "application/x-www-form-urlencoded"
# How a key is shown, see ``http.keys``; OpenAPI's word for "any of these".
_WAYS: dict[str, dict[str, str]] = {
    "query": {"type": "apiKey", "in": "query", "name": KEY},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "The key is the password; any user name will do."},
}

DESCRIBED: Described = {
    ("GET", "/openapi.json"): Operation("This description.", gives={JSON: dict[str, object]}),
}


@routes.get("/openapi.json")
async def described(_request: web.Request) -> web.Response:
    """The description; it holds nothing of this bridge, so it is open to all."""
    return web.json_response(description())


@cache
def description() -> dict[str, Any]:
    """The description as JSON's types."""
    operations = dict(DESCRIBED)
    for door in DOORS:
        operations.update(door.DESCRIBED)
    types: dict[int, Any] = {id(Problem): Problem}
    for one in operations.values():
        types.update({id(kind): kind for kind in (*one.gives.values(), one.body) if kind is not None})
    mode: Literal["serialization"] = "serialization"
    inputs = [(key, mode, TypeAdapter(kind)) for key, kind in types.items()]
    schemas, definitions = TypeAdapter.json_schemas(inputs, ref_template=_SCHEMAS)
    of = {key: schema for (key, _), schema in schemas.items()}
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), one in operations.items():
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, one, of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "itflow-bridge",
            "summary": "The phone side of ITFlow, for programs",
            "version": metadata.version("itflow-bridge"),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": definitions.get("$defs", {}), "securitySchemes": _WAYS},
    }


def _operation(method: str, path: str, one: Operation, of: dict[int, Any]) -> dict[str, Any]:
    problem = {"description": "What is wrong, and what to do", "content": {PROBLEM: {"schema": of[id(Problem)]}}}
    content = {kind: {"schema": of[id(gives)]} for kind, gives in one.gives.items()}
    found: dict[str, Any] = {
        "operationId": f"{method.lower()}{path.translate(str.maketrans('/{}.', '_---'))}",
        "summary": one.about,
        "security": [{way: []} for way in _WAYS] if one.feature else [],
        "parameters": [
            *(_parameter(name, "path", parameter) for name, parameter in one.path.items()),
            *(_parameter(name, "query", parameter) for name, parameter in one.parameters.items()),
        ],
        "responses": {
            **{str(status): {"description": "The answer", "content": content} for status in one.statuses},
            "default": problem,
        },
    }
    if one.feature:
        found["description"] = f"For a key that opens {one.feature}."
    if one.body is not None:
        found["requestBody"] = {"content": {kind: {"schema": of[id(one.body)]} for kind in (JSON, _FORM)}}
    return found


def _parameter(name: str, place: str, parameter: Parameter) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "description": parameter.about,
        "required": parameter.required or place == "path",
        "schema": dict(parameter.schema),
    }
