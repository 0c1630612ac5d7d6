"""A ticket to be opened: the fields of ITFlow's ``tickets/create``.

ITFlow takes a client that does not exist and another client's contact; both are refused here, and looked at in ITFlow
once more before the ticket is sent. It mails nobody about a ticket of its API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.directory.entries import Kind, Scope
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotFound
from bridge.outbox.texts import Id, Plain, as_html, line, read_as

Priority = Literal["Low", "Medium", "High", "Urgent"]


class NewTicket(BaseModel):
    """A ticket to be opened.

    Attributes:
        subject: One line.
        details: Plain text; tags in it mean themselves.
        contact_id: Of the client; 0: ITFlow takes the client's primary contact.
        assigned_to: A user of ITFlow; 0: nobody.
        once: Requests with the same text here mean the same ticket; empty: those with the same content do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: Annotated[str, Field(min_length=1, max_length=500), BeforeValidator(line)]
    details: Plain = ""
    priority: Priority = "Low"
    contact_id: Id = 0
    assigned_to: Id = 0
    once: Annotated[str, Field(max_length=200)] = ""

    kind: ClassVar[str] = "ticket"

    @property
    def label(self) -> str:
        """For people."""
        return self.subject

    @property
    def identity(self) -> str:
        """What ``once`` says, or else the content."""
        return self.once or json.dumps([self.subject, self.details, self.contact_id], ensure_ascii=False)

    def fields(self) -> dict[str, object]:
        """By ITFlow's names."""
        return {
            "ticket_subject": self.subject,
            "ticket_details": as_html(self.details),
            "ticket_priority": self.priority,
            "ticket_contact_id": self.contact_id,
            "ticket_assigned_to": self.assigned_to,
        }

    def check(self, snapshot: Snapshot, client_id: int, scope: Scope) -> None:  # noqa: ARG002 - for every key alike
        """Whether its contact is the client's.

        Raises:
            NotFound: It is not.
        """
        if self.contact_id:
            entry = snapshot.entry(Kind.CONTACT, self.contact_id)
            if entry is None or entry.client_id != client_id:
                raise NotFound(f"contact_id: client {client_id} has no contact {self.contact_id}, or it is archived.")


def read(parameters: Mapping[str, object]) -> NewTicket:
    """Check a ticket.

    Raises:
        BadParameter: A field is missing, unknown or not acceptable; the text names every one.
    """
    return read_as(NewTicket, parameters)
