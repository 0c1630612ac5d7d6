"""``itflow-bridge itflow``: any call of ITFlow's v1, for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge import controls
from bridge.cli.options import Config
from bridge.errors import BadParameter

if TYPE_CHECKING:
    from bridge.itflow.protocol import Answer
    from bridge.settings import ItflowSection

# A value that begins so comes from a file; written twice, it is a value that begins with it.
FROM_FILE = "@"
STANDARD_INPUT = "-"


def itflow(
    module: Annotated[str, typer.Argument(help="contacts, tickets, …")],
    function: Annotated[str, typer.Argument(help="read, create, update, …")] = "read",
    fields: Annotated[
        list[str] | None,
        typer.Argument(
            help="FIELD=VALUE …, FIELD=@FILE for a value from a file, - for a JSON object of fields on standard input",
            show_default=False,
        ),
    ] = None,
    config: Config = None,
) -> None:
    """Call any function of ITFlow's API v1 and print its answer as JSON."""
    import asyncio

    from bridge.cli.common import settings_in_use

    answer = asyncio.run(_call(settings_in_use(config).itflow, module, function, _fields(fields or [])))
    typer.echo(controls.in_json(json.dumps(_plain(function, answer), ensure_ascii=False, indent=2)))


async def _call(section: ItflowSection, module: str, function: str, fields: Mapping[str, object]) -> Answer:
    from bridge.itflow.client import connected

    async with connected(section) as client:
        if function == "delete":
            return await client.delete(module, fields)
        return await client.call(module, function, fields)


def _fields(words: Iterable[str]) -> dict[str, object]:
    """The fields of a command line; those of standard input come first, so that a word of their name replaces one."""
    given: dict[str, object] = {}
    read: dict[str, object] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if word == STANDARD_INPUT:
            read = _from_json(sys.stdin.read())
        elif not equals or not name:
            raise BadParameter(f"{word}: give fields as FIELD=VALUE, such as limit=2")
        else:
            given[name] = _value(name, value)
    return read | given


def _value(name: str, value: str) -> str:
    if not value.startswith(FROM_FILE) or value.startswith(FROM_FILE * 2):
        return value.replace(FROM_FILE * 2, FROM_FILE, 1) if value.startswith(FROM_FILE) else value
    file = Path(value.removeprefix(FROM_FILE))
    try:
        return file.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadParameter(
            f"{name}: the file {file} cannot be read ({error}). A value that begins with @ is written @@."
        ) from error


def _from_json(text: str) -> dict[str, object]:
    try:
        fields = json.loads(text, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise BadParameter(f"What came on standard input is no JSON ({error}).") from error
    if not isinstance(fields, dict) or any(isinstance(value, list | dict) for value in fields.values()):
        raise BadParameter('Give a JSON object of plain values on standard input, such as {"client_id": 1}.')
    return fields


def _plain(function: str, answer: Answer) -> object:
    from bridge.itflow.modules import READING

    if answer.insert_id is not None:
        return {"insert_id": answer.insert_id}
    return list(answer.rows) if function in READING else {"count": answer.count}
