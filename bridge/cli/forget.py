"""``itflow-bridge forget``: what the bridge has stored of a person goes, and nothing of it stays in the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.options import Config
from bridge.errors import BadParameter, NotFound

if TYPE_CHECKING:
    from bridge.directory.entries import Entry
    from bridge.directory.snapshot import Snapshot


def forget(
    who: Annotated[
        str,
        typer.Argument(
            metavar="NUMBER|CONTACT",
            help="A phone number, a contact's id (contact:12) or name; or the address or MAC of a phone.",
        ),
    ],
    config: Config = None,
) -> None:
    """Remove a person from the list of calls, or a phone from that of phones, and from the file's free space too."""
    import asyncio

    from bridge import numbers
    from bridge.access.phones import Phones
    from bridge.agi.lockout import Lockout
    from bridge.calls.log import CallLog
    from bridge.cli.common import console, database, errors, settings_in_use
    from bridge.directory.reader import Reader

    settings = settings_in_use(config)
    with database(settings, writes=True) as opened:
        snapshot, _ = Reader(opened).read()
        contacts = list(_contacts(snapshot, who))
        names = {entry.name for entry in contacts if entry.name}
        dialled = {phone.number for entry in contacts for phone in entry.phones}
        dialled |= {reading.number for reading in numbers.sent(who, region=settings.numbers.region).readings}
        spelled = {who, *dialled}

        def is_theirs(number: str) -> bool:
            if number in spelled:
                return True
            sent = numbers.sent(number, region=settings.numbers.region)
            return any(reading.number in dialled for reading in sent.readings)

        calls = CallLog(opened).forget(is_theirs, names)
        phones = Phones(opened).forget(who)
        asyncio.run(Lockout(opened, settings.agi.pin_tries, settings.agi.lockout_s).clear(_subjects(spelled)))
        opened.scrub()
    if not (calls or phones or contacts):
        raise NotFound(
            f"Nothing is stored of {who}. Give a number, contact:ID, a contact's name, or a phone's address."
        )
    console.print(f"{calls} calls and {phones} phones are forgotten.")
    for entry in contacts:
        errors.print(
            f"ITFlow still has contact {entry.id}, {entry.name}: delete or archive it there, and the mirror follows "
            "with its next pull. Then run this command once more, to clear the space that it leaves in the file."
        )
    errors.print("Log lines hold masked numbers only; backups made before still hold all: delete those by their age.")


def _contacts(snapshot: Snapshot | None, who: str) -> Iterator[Entry]:
    from bridge.directory.entries import Kind

    if snapshot is None:
        return
    of_kind = who.removeprefix("contact:")
    if of_kind != who and not of_kind.isdecimal():
        raise BadParameter(f"{who}: give contact:ID, such as contact:12, or the contact's name")
    for entry in snapshot.entries(None):
        if entry.kind is Kind.CONTACT and (str(entry.id) == of_kind if of_kind != who else entry.name == who):
            yield entry


def _subjects(spelled: set[str]) -> list[str]:
    return [f"caller {number}" for number in spelled]
