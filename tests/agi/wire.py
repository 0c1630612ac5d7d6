"""The PBX's end of a FastAGI call: tells who calls, answers commands, presses keys, hangs up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tests.agi.world import SECRET

WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


@dataclass
class Talk:
    """What was said and set in a call, in order."""

    said: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)


def header(script: str, number: str, *arguments: str, language: str = "en") -> bytes:
    lines = {
        "network": "yes",
        "network_script": script,
        "callerid": number,
        "calleridname": "Trunk",
        "language": language,
        "uniqueid": "1.1",
    }
    lines |= {f"arg_{n}": argument for n, argument in enumerate(arguments, 1)}
    return "".join(f"agi_{name}: {value}\n" for name, value in lines.items()).encode() + b"\n"


def words(line: str) -> list[str]:
    """A command's words, as Asterisk reads them."""
    return [re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2] for match in WORD.finditer(line)]


async def talk(
    port: int,
    script: str,
    number: str,
    *,
    key: str | None = SECRET,
    keys: Mapping[str, Sequence[str]] | None = None,
    language: str = "en",
    hang_up_at: int | None = None,
    missing: Collection[str] = (),
    channel: Mapping[str, str] | None = None,
) -> Talk:
    """Run a call to its end.

    Args:
        keys: What the caller types at each sentence, one entry for each time it is spoken.
        missing: Sound files that this Asterisk does not have.
        channel: The channel's variables.
        hang_up_at: The command, counted from 0, during which the caller hangs up.
    """
    presses = {name: list(values) for name, values in (keys or {}).items()}
    done = Talk()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(header(script, number, *([key] if key else []), language=language))
        while line := (await reader.readline()).decode().rstrip("\n"):
            done.commands.append(line)
            if len(done.commands) - 1 == hang_up_at:
                writer.write(b"HANGUP\n200 result=-1\n")
                continue
            writer.write(f"200 result={_act(words(line), done, presses, missing, channel or {})}\n".encode())
    finally:
        writer.close()
        await writer.wait_closed()
    return done


def _act(
    command: list[str],
    done: Talk,
    presses: dict[str, list[str]],
    missing: Collection[str],
    channel: Mapping[str, str],
) -> str:
    match command:
        case ["STREAM", "FILE", file, "", *_] if file in missing:
            return "0 endpos=0"
        case ["STREAM", "FILE", file, "", *offset]:
            if not offset:
                done.said.append(file.removeprefix("itflow/"))
            return "0 endpos=4000"
        case ["SAY", "NUMBER" | "DIGITS" | "ALPHA", text, ""]:
            done.said.append(text)
        case ["SET", "VARIABLE", name, value]:
            done.variables[name] = value
            return "1"
        case ["GET", "VARIABLE", name]:
            return f"1 ({channel[name]})" if name in channel else "0"
        case ["GET", "DATA", file, _, _]:
            done.said.append(file.removeprefix("itflow/"))
            typed = presses.get(file.removeprefix("itflow/"), [])
            return typed.pop(0) if typed else " (timeout)"
        case _:
            raise AssertionError(f"Asterisk has no such command: {command}")
    return "0"
