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


def header(script: str, number: str, *arguments: str, language: str = "en", presentation: int = 0) -> bytes:
    lines = {
        "network": "yes",
        "network_script": script,
        "callerid": number,
        "calleridname": "Trunk",
        "callingpres": str(presentation),
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
    *arguments: str,
    key: str | None = SECRET,
    keys: Mapping[str, Sequence[str]] | None = None,
    language: str = "en",
    hang_up_at: int | None = None,
    missing: Collection[str] = (),
    channel: Mapping[str, str] | None = None,
    presentation: int = 0,
    host: str = "127.0.0.1",
) -> Talk:
    """Run a call to its end.

    Args:
        arguments: The script's, behind the key.
        keys: What the caller types at each sentence, one entry for each time it is spoken. A sentence that is no
            question takes one key, and what is typed on is collected without another sentence, under ``""``.
        missing: Sound files that this Asterisk does not have, with their language, or the beginnings of such.
        channel: The channel's variables.
        presentation: What the caller asks for the number: 32 and more hide it.
        host: The address of this Asterisk.
        hang_up_at: The command, counted from 0, during which the caller hangs up.
    """
    presses = {name: list(values) for name, values in (keys or {}).items()}
    done = Talk()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0))
    try:
        writer.write(
            header(script, number, *([key] if key else []), *arguments, language=language, presentation=presentation)
        )
        while line := (await reader.readline()).decode().rstrip("\n"):
            done.commands.append(line)
            if len(done.commands) - 1 == hang_up_at:
                writer.write(b"HANGUP\n200 result=-1\n")
                continue
            language = done.variables.get("CHANNEL(language)", language)
            sounds = Sounds(language, tuple(missing))
            writer.write(f"200 result={_act(words(line), done, presses, sounds, channel or {})}\n".encode())
    finally:
        writer.close()
        await writer.wait_closed()
    return done


@dataclass(frozen=True)
class Sounds:
    """Which sound files a channel has, by Asterisk's own search.

    Attributes:
        language: The channel's.
        missing: Beginnings of what is not there.
    """

    language: str
    missing: tuple[str, ...]

    def have(self, file: str) -> bool:
        """A file of the channel's language, of English, or of the language that it names itself."""
        if not file:
            return True
        places = (file,) if file[:3] in ("de/", "en/") else (f"{self.language}/{file}", f"en/{file}")
        return any(place.startswith(("de", "en")) and not place.startswith(self.missing) for place in places)


def _act(  # noqa: PLR0911 - one return for each answer
    command: list[str],
    done: Talk,
    presses: dict[str, list[str]],
    sounds: Sounds,
    channel: Mapping[str, str],
) -> str:
    match command:
        case ["STREAM", "FILE", file, keys, *offset] if not sounds.have(file):
            return f"-1 endpos={offset[0] if offset else 0}"
        case ["STREAM", "FILE", file, keys, *offset]:
            if offset:
                return "0 endpos=4000"
            done.said.append(file.removeprefix("itflow/"))
            typed = presses.get(file.removeprefix("itflow/"), []) if keys else []
            return f"{ord(typed.pop(0)) if typed else 0} endpos=4000"
        case ["SAY", "NUMBER" | "DIGITS" | "ALPHA", text, ""]:
            done.said.append(text)
        case ["SET", "VARIABLE", name, value]:
            done.variables[name] = value
            return "1"
        case ["GET", "VARIABLE", name]:
            return f"1 ({channel[name]})" if name in channel else "0"
        case ["GET", "DATA", file, _, _] if not sounds.have(file):
            return "-1"
        case ["GET", "DATA", file, _, _]:
            if file:
                done.said.append(file.removeprefix("itflow/"))
            typed = presses.get(file.removeprefix("itflow/"), [])
            return typed.pop(0) if typed else " (timeout)"
        case _:
            raise AssertionError(f"Asterisk has no such command: {command}")
    return "0"
