"""What works with these settings and this ITFlow, what does not, and what to do: the findings of ``check``."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from bridge import health, resources
from bridge.access.keys import WARN_BEFORE, Keys, expiry
from bridge.agi.lockout import LEAST_DIGITS, usable
from bridge.calls.ami.client import connected as connected_to_asterisk
from bridge.calls.ami.messages import Message
from bridge.cli.common import database, exposed, refuse_beside
from bridge.cli.place import missing
from bridge.cli.ready import readiness
from bridge.directory.reader import Reader
from bridge.errors import AmiRefused, AmiUnreachable, ItflowError, SettingsError, StorageError
from bridge.health import Status
from bridge.itflow.capabilities import Capabilities, Generation
from bridge.itflow.client import ItflowClient, connected
from bridge.settings import Settings
from bridge.storage import lack_of_room


class State(StrEnum):
    """How a thing stands."""

    GOOD = "works"
    ADVICE = "advice"
    PARTLY = "partly"
    DOUBTFUL = "doubtful"
    STALE = "stale"
    BAD = "does not work"


Finding = tuple[str, State, str]
COLOURS = dict(zip(State, ("green", "cyan", "yellow", "yellow", "red", "red"), strict=True))
EXITS = {State.DOUBTFUL: 3, State.STALE: 3, State.BAD: 1} | dict.fromkeys((State.GOOD, State.ADVICE, State.PARTLY), 0)
STATES = {
    Status.OK: State.ADVICE,
    Status.DOUBTFUL: State.DOUBTFUL,
    Status.STALE: State.STALE,
    Status.FAILING: State.BAD,
}
STATUS = {state: str(status) for status, state in STATES.items()} | {State.GOOD: "ok", State.PARTLY: "ok"}
# What only the bridge that serves knows: how its pulls end, and what became of its file.
OF_THE_SERVICE = {"itflow", "storage", "sync"}

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


class Findings(NamedTuple):
    """What there is to tell.

    Attributes:
        rows: Known rows by module.
    """

    findings: list[Finding]
    rows: Mapping[str, int]


async def all_findings(config: Path | None, settings: Settings) -> Findings:
    """All findings, in the order in which they are told.

    Args:
        config: The file of settings that was named, or none.
        settings: What came of it; ITFlow's address and key are set.
    """
    stored = _stored(settings)
    there = [*await _there(settings), *await asterisk(settings)]
    return Findings([*_files(config, settings), *stored.findings, *_here(settings), *there], stored.rows)


def _files(config: Path | None, settings: Settings) -> Iterator[Finding]:
    for fault in exposed(config, settings):
        yield "files", State.PARTLY, fault


def _here(settings: Settings) -> Iterator[Finding]:
    read = f"numbers without a country code are of {settings.numbers.region}"
    if "region" in settings.numbers.model_fields_set:
        yield "region", State.GOOD, f"{read} (numbers.region)"
    else:
        yield "region", State.ADVICE, f"{read}, since numbers.region is not set. Set it to your country, such as GB."
    if settings.agi.enabled and settings.agi.pin.hint:
        yield "balance menu", State.PARTLY, settings.agi.pin.hint


def _stored(settings: Settings) -> Findings:
    path = settings.storage.path.absolute()
    findings: list[Finding] = []
    try:
        if missing(path):
            refuse_beside(settings)
            none = f"There is no {path} yet. It is made by `itflow-bridge sync`, or when the bridge serves."
            findings.append(("storage", State.ADVICE, none))
            findings += [("keys", State.ADVICE, health.NO_KEY), *_service(settings)]
            return Findings(findings, {})
        with database(settings) as opened:
            keys = Keys(opened, settings)
            _, freshness = Reader(opened).read()
    except StorageError as error:
        return Findings([("storage", State.BAD, str(error))], {})
    lack = lack_of_room(path) if os.access(path.parent, os.W_OK) else ""
    if lack:
        findings += _told(health.of_disk(lack))
    else:
        findings.append(("storage", State.GOOD, str(path)))
    findings += _keys(keys)
    rows = ", ".join(f"{count} {module}" for module, count in freshness.rows.items())
    if freshness.people_at is None:
        findings.append(("mirror", State.ADVICE, "It is empty until the bridge serves, or after: itflow-bridge sync"))
    else:
        of_mirror = list(health.of_mirror(freshness, settings.sync, ready=True))
        if not any(finding.about == "mirror" for finding in of_mirror):
            age = f"{health.lasting(freshness.people_age_s or 0)} old ({freshness.people_at.at:%Y-%m-%d %H:%M} UTC)"
            findings.append(("mirror", State.GOOD, f"{rows}; {age}"))
        # What the key may not read, and whether it is limited, ITFlow itself is asked below.
        findings += _told(one for one in of_mirror if one.status is not Status.OK or one.about in freshness.faults)
    findings += _service(settings)
    return Findings(findings, dict(freshness.rows))


def _service(settings: Settings) -> Iterator[Finding]:
    """What the bridge says that serves on this machine."""
    told, path = readiness(settings), settings.storage.path.absolute()
    if told is None:
        yield "service", State.ADVICE, f"No bridge answers on port {settings.http.port} of this machine."
    elif "path" not in told or not path.exists() or Path(told["path"]).resolve() != path.resolve():
        other = f"with another state: {told['path']}" if "path" in told else "behind a proxy, or in a container"
        yield "service", State.ADVICE, f"A bridge answers on port {settings.http.port}, {other}. This one is {path}."
    else:
        yield "service", State.GOOD, f"A bridge answers on port {settings.http.port}, on this bridge.db."
        for reason in told.get("reasons", []):
            if reason["about"] in OF_THE_SERVICE:
                yield (
                    reason["about"],
                    STATES[Status[reason["status"].upper()]],
                    f"{reason['reason']} {reason['remedy']}",
                )


def _told(findings: Iterable[health.Finding]) -> Iterator[Finding]:
    for finding in findings:
        module = finding.about not in {"mirror", "keys", "disk", "itflow"} and not finding.about.startswith("key ")
        yield f"mirror of {finding.about}" if module else finding.about, STATES[finding.status], str(finding)


def _keys(keys: Keys) -> Iterator[Finding]:
    found, now = keys.all(), dt.datetime.now(dt.UTC)
    findings = list(health.of_keys(keys))
    if not any(finding.about == "keys" for finding in findings):
        live = sum(key.live(now) for key in found)
        yield "keys", State.GOOD, f"{live} live of {len(found)}; see itflow-bridge keys list"
    yield from _told(findings)
    for key, left in keys.expiring():
        if left > WARN_BEFORE:
            yield f"key {key.name}", State.GOOD, f"It expires in {expiry(key, left)}"


async def _there(settings: Settings) -> list[Finding]:
    async with connected(settings.itflow) as client:
        try:
            found = await client.capabilities()
        except ItflowError as error:
            return [("ITFlow", State.BAD, str(error))]
        return [*_capable(found, str(settings.itflow.url)), *(await _pins(settings, client))]


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


def _capable(found: Capabilities, url: str) -> Iterator[Finding]:
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
