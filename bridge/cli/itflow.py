"""``itflow-bridge itflow``: any call of ITFlow's v1, for scripts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated

import typer

from bridge.cli.common import Config
from bridge.errors import BadParameter
from bridge.itflow.client import connected
from bridge.itflow.modules import READING
from bridge.itflow.protocol import Answer
from bridge.settings import ItflowSection, load


def itflow(
    module: Annotated[str, typer.Argument(help="contacts, tickets, …")],
    function: Annotated[str, typer.Argument(help="read, create, update, …")] = "read",
    fields: Annotated[list[str] | None, typer.Argument(help="FIELD=VALUE …", show_default=False)] = None,
    config: Config = None,
) -> None:
    """Call any function of ITFlow's API v1 and print its answer as JSON."""
    pairs = [field.partition("=") for field in fields or []]
    for field, equals, _ in pairs:
        if not equals:
            raise BadParameter(f"{field}: give fields as FIELD=VALUE, such as limit=2")
    answer = asyncio.run(_call(load(config).itflow, module, function, {field: value for field, _, value in pairs}))
    typer.echo(json.dumps(_plain(function, answer), ensure_ascii=False, indent=2))


async def _call(section: ItflowSection, module: str, function: str, fields: Mapping[str, str]) -> Answer:
    async with connected(section) as client:
        return await client.call(module, function, fields)


def _plain(function: str, answer: Answer) -> object:
    if answer.insert_id is not None:
        return {"insert_id": answer.insert_id}
    return list(answer.rows) if function in READING else {"count": answer.count}
