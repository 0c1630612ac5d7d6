"""``itflow-bridge manual``: the man page, made of the same texts as ``--help``."""

from __future__ import annotations

import re
from collections.abc import Iterator

import typer
from typer.core import TyperGroup

from bridge import version

EXIT_STATUS = (
    ("0", "It is done; of check: everything works."),
    ("1", "It failed; the text on standard error says why, and what to do."),
    ("2", "The command line is wrong."),
    ("78", "Of serve: the settings are wrong, so another start would fail alike."),
)
FILES = (
    ("/etc/itflow-bridge/bridge.toml", "Settings of the packaged service; see docs/settings.md."),
    ("/etc/itflow-bridge/itflow.key", "ITFlow's API key; a changed one is used within seconds."),
    ("/var/lib/itflow-bridge/bridge.db", "The state of the packaged service."),
)
SIGNALS = (
    ("SIGHUP", "serve reads its settings anew and says in the log which wait for the next start."),
    ("SIGTERM, SIGINT", "Requests under way finish, the state is stored, and the command ends."),
)


def manual(context: typer.Context) -> None:
    """Print the man page (roff), as in: itflow-bridge manual | man -l -."""
    root = context.find_root().command
    if not isinstance(root, TyperGroup):
        raise TypeError("the program has no commands")
    typer.echo("\n".join(_page(root, context)))


def _page(root: TyperGroup, context: typer.Context) -> Iterator[str]:
    yield f'.TH ITFLOW\\-BRIDGE 1 "" "itflow\\-bridge {_plain(version())}"'
    yield f".SH NAME\nitflow\\-bridge \\- {_plain((root.help or '').rstrip('.'))}"
    yield ".SH SYNOPSIS\n.B itflow\\-bridge\n.I COMMAND\n[\\fIOPTION\\fR ...]"
    yield ".SH COMMANDS"
    yield from _commands(root, context, "")
    for title, rows in (("SIGNALS", SIGNALS), ("FILES", FILES), ("EXIT STATUS", EXIT_STATUS)):
        yield f".SH {title}"
        for name, text in rows:
            yield f".TP\n.B {_plain(name)}\n{_plain(text)}"
    yield ".SH ENVIRONMENT\nEach setting SECTION.NAME may come as the variable BRIDGE_SECTION_NAME."


def _commands(group: TyperGroup, context: typer.Context, before: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, TyperGroup):
            yield from _commands(command, context, f"{before}{name} ")
            continue
        words = " ".join(str(param.name).upper() for param in command.params if param.param_type_name == "argument")
        yield f".SS {_plain(f'{before}{name} {words}'.strip())}"
        yield _plain(command.help or "")
        for param in command.params:
            help_text = str(getattr(param, "help", None) or "")
            if param.param_type_name == "argument":
                yield f".TP\n.I {_plain(str(param.name).upper())}\n{_plain(help_text)}"
            elif "--help" not in param.opts:
                names = ", ".join([*param.opts, *param.secondary_opts])
                yield f".TP\n.B {_plain(names)}\n{_plain(help_text)}"


def _plain(text: str) -> str:
    """Text as roff shows it: no escapes, a hyphen that can be copied, no line that begins like a request."""
    text = re.sub(r"\s*\n\s*\n\s*", "\n\n", text.strip()).replace("\\", "\\e").replace("-", "\\-")
    lines = [f"\\&{line}" if line[:1] in {".", "'"} else line for line in text.splitlines()]
    return "\n".join(".PP" if not line.strip() else line.strip() for line in lines)
