"""Lists of e-mail addresses and numbers, ready for the tools that use them."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from bridge.directory.entries import Client, Entry, Kind, Label, Scope, covers
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotFound

# Spreadsheets take a cell that begins like this for a formula (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# What has a meaning around an address (RFC 5322, 3.2) is replaced, not escaped: not every reader unescapes.
_NAME_MARKS = str.maketrans({'"': "'", "\\": "/", "<": "(", ">": ")"})


class Who(StrEnum):
    """Which contacts."""

    PRIMARY = "primary"
    BILLING = "billing"
    TECHNICAL = "technical"
    IMPORTANT = "important"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom a list holds.

    Attributes:
        scope: The clients that may be seen.
        who: Which contacts.
        leads: Contacts of leads too.
        client_id: Of this client only; None for all.
    """

    scope: Scope = None
    who: Who = Who.PRIMARY
    leads: bool = True
    client_id: int | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """A contact with an address; names are in one line."""

    client_id: int
    client: str
    contact: str
    email: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """A list of addresses.

    Attributes:
        recipients: By client, then the primary contact, then by name.
        invalid: What was left out, because it is no address.
    """

    recipients: tuple[Recipient, ...]
    invalid: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A contact's numbers, E.164 or short; empty where there is none."""

    client_id: int
    client: str
    contact: str
    phone: str
    mobile: str


def addresses(snapshot: Snapshot, choice: Choice, *, shared: bool = False) -> Addresses:
    """The e-mail addresses of contacts.

    Args:
        snapshot: What to answer from.
        choice: Whom the list holds.
        shared: An address that several contacts share is there for each of them, not for the first alone.

    Raises:
        NotFound: The client is unknown, archived or out of scope.
    """
    recipients: dict[tuple[str, int], Recipient] = {}
    invalid: list[Recipient] = []
    for client, contact in _contacts(snapshot, choice):
        if not contact.email.strip():
            continue
        names = (client.id, _one_line(client.name), _one_line(contact.name))
        address = _address(contact.email)
        if address is None:
            invalid.append(Recipient(*names, _one_line(contact.email)))
        else:
            recipients.setdefault((address.casefold(), contact.id if shared else 0), Recipient(*names, address))
    return Addresses(tuple(recipients.values()), tuple(invalid))


def numbers(snapshot: Snapshot, choice: Choice) -> tuple[Numbers, ...]:
    """The numbers of contacts; who has none is left out.

    Raises:
        NotFound: The client is unknown, archived or out of scope.
    """
    return tuple(
        Numbers(
            client.id,
            _one_line(client.name),
            _one_line(contact.name),
            _number(contact, Label.WORK),
            _number(contact, Label.MOBILE),
        )
        for client, contact in _contacts(snapshot, choice)
        if contact.phones
    )


def client_emails(recipients: Iterable[Recipient]) -> Iterator[str]:
    """Lines ``CLIENT - EMAIL``, each once."""
    return iter(dict.fromkeys(f"{one.client} - {one.email}" for one in recipients))


def contact_emails(recipients: Iterable[Recipient]) -> Iterator[str]:
    """Lines ``CLIENT - CONTACT - EMAIL``."""
    return (f"{one.client} - {one.contact} - {one.email}" for one in recipients)


def client_numbers(rows: Iterable[Numbers]) -> Iterator[str]:
    """Lines ``CLIENT - PHONE``, each once; the mobile number where there is no other."""
    return iter(dict.fromkeys(f"{one.client} - {one.phone or one.mobile}" for one in rows))


def contact_numbers(rows: Iterable[Numbers]) -> Iterator[str]:
    """Lines ``CLIENT - CONTACT - PHONE - MOBILE``."""
    return (f"{one.client} - {one.contact} - {one.phone} - {one.mobile}" for one in rows)


def bare(recipients: Iterable[Recipient]) -> Iterator[str]:
    """Lines of the address alone."""
    return (one.email for one in recipients)


def rfc5322(recipients: Iterable[Recipient]) -> Iterator[str]:
    """Lines ``"Name" <address>`` (RFC 5322 and 6532), as ``mailman syncmembers`` reads them."""
    return (f'"{(one.contact or one.client).translate(_NAME_MARKS)}" <{one.email}>' for one in recipients)


def sympa(recipients: Iterable[Recipient]) -> Iterator[str]:
    """Lines ``address Name``, as Sympa's files and remote files are read."""
    return (f"{one.email} {one.contact or one.client}" for one in recipients)


def lines(texts: Iterable[str]) -> str:
    """A document of lines."""
    return "".join(f"{text}\n" for text in texts)


def html_lines(texts: Iterable[str]) -> str:
    """Lines as ``/api.php`` has always answered them."""
    return "".join(f"{html.escape(text)}<br>\n" for text in texts)


def to_csv(recipients: Iterable[Recipient]) -> str:
    """A table for listmonk (``email``, ``name``, ``attributes``) and phpList (``email``, other columns by name).

    A name that a spreadsheet would take for a formula gets an apostrophe before it. An address cannot be
    changed, so those are left out: see ``formulas``.
    """
    document = io.StringIO()
    table = csv.writer(document)  # RFC 4180
    table.writerow(["email", "name", "client", "attributes"])
    for one in recipients:
        if not one.email.startswith(FORMULA):
            attributes = json.dumps({"client": one.client, "client_id": one.client_id}, ensure_ascii=False)
            table.writerow([one.email, _cell(one.contact), _cell(one.client), attributes])
    return document.getvalue()


def numbers_csv(rows: Iterable[Numbers]) -> str:
    """A table of numbers, with the same care for spreadsheets: ``+`` gets an apostrophe too."""
    document = io.StringIO()
    table = csv.writer(document)
    table.writerow(["client", "contact", "phone", "mobile"])
    table.writerows([_cell(text) for text in (one.client, one.contact, one.phone, one.mobile)] for one in rows)
    return document.getvalue()


def formulas(recipients: Iterable[Recipient]) -> tuple[Recipient, ...]:
    """Those whose address a spreadsheet would take for a formula."""
    return tuple(one for one in recipients if one.email.startswith(FORMULA))


def _contacts(snapshot: Snapshot, choice: Choice) -> list[tuple[Client, Entry]]:
    wanted = choice.client_id
    if wanted is not None and (not covers(choice.scope, wanted) or snapshot.client(wanted) is None):
        raise NotFound(f"There is no client {wanted}, or it is archived, or this key does not cover it.")
    found = []
    for entry in snapshot.entries(choice.scope if wanted is None else frozenset({wanted})):
        client = snapshot.client(entry.client_id)
        if entry.kind is Kind.CONTACT and client and (choice.leads or not client.lead) and _chosen(entry, choice.who):
            found.append((client, entry))
    return sorted(
        found,
        key=lambda pair: (
            pair[0].name.casefold(),
            pair[0].id,
            not pair[1].primary,
            pair[1].name.casefold(),
            pair[1].id,
        ),
    )


def _chosen(contact: Entry, who: Who) -> bool:
    return who is Who.ALL or bool(getattr(contact, who))


@lru_cache(maxsize=65_536)
def _address(text: str) -> str | None:
    try:
        found = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError:
        return None
    return found.ascii_email or found.normalized


def _number(contact: Entry, label: Label) -> str:
    return next((phone.number for phone in contact.phones if phone.label is label), "")


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
