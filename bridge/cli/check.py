"""``itflow-bridge check``: what works with these settings and this ITFlow, what does not, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import typer
from rich.table import Column, Table
from rich.text import Text

from bridge import resources
from bridge.access.keys import WARN_BEFORE, Keys, expiry
from bridge.agi.lockout import LEAST_DIGITS, usable
from bridge.calls.ami.client import connected as connected_to_asterisk
from bridge.calls.ami.messages import Message
from bridge.cli.common import Config, console, database, exposed
from bridge.directory.reader import Reader
from bridge.errors import AmiRefused, AmiUnreachable, ItflowError, SettingsError
from bridge.itflow.capabilities import Capabilities, Generation
from bridge.itflow.client import ItflowClient, connected
from bridge.settings import Settings, load


class State(StrEnum):
    """How a thing stands."""

    GOOD = "works"
    PARTLY = "partly"
    BAD = "does not work"


Finding = tuple[str, State, str]
COLOURS = {State.GOOD: "green", State.PARTLY: "yellow", State.BAD: "red"}

# What each module of ITFlow is for, in the order in which it is missed.
NEEDED_FOR = {
    "clients": "everything",
    "contacts": "caller names, phonebooks, mailing lists",
    "locations": "names of callers from a client's site",
    "vendors": "names of vendors that call",
    "invoices": "balances",
    "assets": "add_asset: looking whether an asset is there already",
}

SCOPED = (
    "It is limited to client {}, so nobody else is known. Make one for all clients in ITFlow under Admin > API keys."
)
SOLE = (
    "It shows client {} only. If ITFlow has more, its user may not see them: give that user access under Admin > "
    "Users, or make the key for another user under Admin > API keys."
)
NO_PAYMENTS = (
    "This ITFlow shows no payments, so balances come from the invoices' statuses, and a client with an invoice that "
    "may carry a payment gets none. To have them exact, install the page in "
    f"{resources.path('templates/itflow')}; see its README."
)
UNTOLD = (
    "answers as v1 does, but some of its pages are hidden by something in front of it (a login, a proxy, a firewall), "
    "so its release cannot be told. Let all of /api/v1/ pass."
)
RIGHTS = "The manager's user needs read = call,agent and write = originate,reporting: itflow-bridge setup asterisk."
SHORT_PINS = (
    f"The balance menu takes no PIN with fewer than {LEAST_DIGITS} digits or letters. Give contacts of these clients "
    "longer ones in ITFlow: {}"
)


def check(config: Config = None) -> None:
    """Tell what works with these settings and this ITFlow, what does not, and what to do."""
    settings = load(config)
    findings = [*_files(config, settings), *_here(settings), *asyncio.run(_there(settings))]
    findings += asyncio.run(asterisk(settings))
    table = Table("what", "state", Column("what to do or know", overflow="fold"))
    for what, state, advice in findings:
        table.add_row(what, Text(state, COLOURS[state]), advice)
    console.print(table)
    if any(state is State.BAD for _, state, _ in findings):
        raise typer.Exit(1)


def _files(config: Path | None, settings: Settings) -> Iterator[Finding]:
    for fault in exposed(config, settings):
        yield "files", State.PARTLY, fault


def _here(settings: Settings) -> Iterator[Finding]:
    with database(settings) as opened:
        keys = Keys(opened, settings)
        _, freshness = Reader(opened).read()
    yield "storage", State.GOOD, f"{settings.storage.path}"
    yield "region", State.GOOD, f"numbers without a country code are of {settings.numbers.region} (numbers.region)"
    if settings.agi.enabled and settings.agi.pin.hint:
        yield "balance menu", State.PARTLY, settings.agi.pin.hint
    yield from _keys(keys)
    if settings.agi.enabled and settings.agi.pin.hint:
        yield "balance menu", State.PARTLY, settings.agi.pin.hint
    if freshness.people_at is None:
        yield "mirror", State.PARTLY, "It is empty until the bridge serves, or after: itflow-bridge sync"
    else:
        rows = ", ".join(f"{count} {module}" for module, count in freshness.rows.items())
        yield "mirror", State.GOOD, f"{rows}; pulled {freshness.people_at.at:%Y-%m-%d %H:%M} UTC"
    for module, doubt in freshness.doubts.items():
        yield f"mirror of {module}", State.BAD, doubt


def _keys(keys: Keys) -> Iterator[Finding]:
    if found := keys.all():
        yield "keys", State.GOOD, f"{len(found)}; see itflow-bridge keys list"
    else:
        yield "keys", State.BAD, "There is none, so nobody can ask: itflow-bridge keys add pbx"
    for name, reason in keys.unreadable.items():
        yield f"key {name}", State.BAD, f"It opens nothing: {reason}. Revoke it, and add it again."
    for key, left in keys.expiring():
        state = State.PARTLY if left <= WARN_BEFORE else State.GOOD
        yield f"key {key.name}", state, f"It expires in {expiry(key, left)}"


async def _there(settings: Settings) -> list[Finding]:
    async with connected(settings.itflow) as client:
        try:
            found = await client.capabilities()
        except ItflowError as error:
            return [("ITFlow", State.BAD, str(error))]
        return [*_told(found, str(settings.itflow.url)), *(await _pins(settings, client))]


async def asterisk(settings: Settings) -> list[Finding]:
    """Whether calls can be followed, and dialled."""
    section = settings.ami
    if section.host is None:
        return []

    async def nothing(_message: Message) -> None:
        """What Asterisk tells meanwhile is not wanted."""

    try:
        async with connected_to_asterisk(section, nothing) as connection:
            await connection.ask("Status", event="StatusComplete")
            may_dial = "Originate" in await connection.ask("ListCommands")
    except AmiRefused as error:
        return [("Asterisk", State.BAD, f"{error} {RIGHTS}")]
    except (AmiUnreachable, SettingsError) as error:
        return [("Asterisk", State.BAD, str(error))]
    if not may_dial:
        return [("Asterisk", State.PARTLY, f"Calls are followed, but no number can be clicked. {RIGHTS}")]
    return [("Asterisk", State.GOOD, f"calls are followed at {section.host}:{section.port}, and numbers dialled")]


async def _pins(settings: Settings, client: ItflowClient) -> list[Finding]:
    """Whose PINs the balance menu does not take; they are read now and kept nowhere."""
    if not settings.agi.enabled:
        return []
    try:
        contacts, clients = await client.rows("contacts"), await client.rows("clients")
    except ItflowError:
        return []  # what cannot be read is told already
    short = {
        row.get("contact_client_id")
        for row in contacts
        if (pin := (row.get("contact_pin") or "").strip()) and not row.get("contact_archived_at") and not usable(pin)
    }
    names = sorted(row.get("client_name") or "?" for row in clients if row.get("client_id") in short)
    return [("PINs", State.PARTLY, SHORT_PINS.format(", ".join(names)))] if names else []


def _told(found: Capabilities, url: str) -> Iterator[Finding]:
    if found.generation is Generation.UNKNOWN:
        yield "ITFlow", State.PARTLY, f"{url} {UNTOLD}"
    else:
        yield "ITFlow", State.GOOD, f"{url}, {found.generation}"
    if found.scoped_client_id is not None:
        yield "its API key", State.PARTLY, SCOPED.format(found.scoped_client_id)
    if found.sole_client_id is not None:
        yield "its API key", State.PARTLY, SOLE.format(found.sole_client_id)
    for module, purpose in NEEDED_FOR.items():
        error = found.readable.get(module)
        yield module, State.BAD if error else State.GOOD, str(error) if error else f"for {purpose}"
    if found.payments is None:
        yield "payments", State.PARTLY, NO_PAYMENTS
    else:
        basis = {"module": "ITFlow's own module", "dropin": "the page in ITFlow's custom folder"}[found.payments]
        yield "payments", State.GOOD, f"from {basis}; balances are exact"
