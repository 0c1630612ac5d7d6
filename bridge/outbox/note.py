"""A note on a ticket: ITFlow's ``ticket_replies/create``, from 26.08 on.

Its type is always ``Internal``: ITFlow mails a ``Public`` reply to the client. ITFlow stores any time worked but
``HH:MM:SS`` as none, without complaint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.directory.entries import Scope
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotFound
from bridge.outbox.texts import LARGEST_ID, as_html, read_as

LONGEST_S = 99 * 3600 + 3599  # two digits of hours, as every release takes them


def _text(value: object) -> object:
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


class NewNote(BaseModel):
    """A note to be added to a ticket.

    Attributes:
        ticket_id: Of the client.
        text: Plain text; tags in it mean themselves.
        worked_s: Time worked, in seconds.
        once: Requests with the same text here mean the same note; empty: those with the same content do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ticket_id: Annotated[int, Field(gt=0, le=LARGEST_ID)]
    text: Annotated[str, Field(min_length=1, max_length=16000), BeforeValidator(_text)]
    worked_s: Annotated[int, Field(ge=0, le=LONGEST_S)] = 0
    once: Annotated[str, Field(max_length=200)] = ""

    kind: ClassVar[str] = "note"

    @property
    def label(self) -> str:
        """For people."""
        return f"note on ticket {self.ticket_id}"

    @property
    def identity(self) -> str:
        """What ``once`` says, or else the content."""
        return self.once or json.dumps([self.ticket_id, self.text, self.worked_s], ensure_ascii=False)

    def fields(self) -> dict[str, object]:
        """By ITFlow's names."""
        return {
            "ticket_id": self.ticket_id,
            "ticket_reply": as_html(self.text),
            "ticket_reply_type": "Internal",
            "ticket_reply_time_worked": clock_text(self.worked_s),
        }

    def check(self, snapshot: Snapshot, client_id: int, scope: Scope) -> None:  # noqa: ARG002 - for every key alike
        """Whether the ticket is the client's, as far as the mirror knows it; ITFlow is asked before it is sent.

        Raises:
            NotFound: It is another client's.
        """
        owner = snapshot.ticket_client(self.ticket_id)
        if owner is not None and owner != client_id:
            raise NotFound(f"ticket_id: client {client_id} has no ticket {self.ticket_id}.")


def clock_text(seconds: float) -> str:
    """Time worked as ITFlow takes it: ``HH:MM:SS``."""
    whole = min(max(0, int(seconds)), LONGEST_S)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def read(parameters: Mapping[str, object]) -> NewNote:
    """Check a note.

    Raises:
        BadParameter: A field is missing, unknown or not acceptable; the text names every one.
    """
    return read_as(NewNote, parameters)
