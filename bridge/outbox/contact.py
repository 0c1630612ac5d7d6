"""A contact to be added: the fields of ITFlow's ``contacts/create`` and what the bridge makes of them.

ITFlow's API takes no contact without an e-mail address, and no second one with the same address at a client. There is
no field ``primary``: a contact that becomes primary takes the flag from the client's others, and a double that is
deleted again would leave the client without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.directory.entries import Kind, Scope
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotFound
from bridge.numbers import Trunk
from bridge.outbox.storable import storable
from bridge.outbox.texts import Id, Line, Name, Paragraphs, line, read_as

Email = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^@\s]+@[^@\s]+$"), BeforeValidator(line)]


class NewContact(BaseModel):
    """A contact to be added; the fields are ITFlow's without their ``contact_``, the numbers digits to be stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    email: Email
    title: Line = ""
    department: Line = ""
    phone: Line = ""
    extension: Annotated[str, Field(max_length=200, pattern=r"^\d*$"), BeforeValidator(line)] = ""
    mobile: Line = ""
    location_id: Id = 0
    notes: Paragraphs = ""

    kind: ClassVar[str] = "contact"

    @property
    def label(self) -> str:
        """For people."""
        return self.name

    @property
    def identity(self) -> str:
        """The same client's contact of the same e-mail address is the same contact: ITFlow has it so."""
        return self.email.casefold()

    def fields(self) -> dict[str, object]:
        """The fields that are given, by ITFlow's names."""
        return {f"contact_{name}": value for name, value in self.model_dump(exclude_defaults=True).items()}

    def check(self, snapshot: Snapshot, client_id: int, scope: Scope) -> None:  # noqa: ARG002 - for every key alike
        """Whether its location is the client's.

        Raises:
            NotFound: It is not.
        """
        if self.location_id:
            entry = snapshot.entry(Kind.LOCATION, self.location_id)
            if entry is None or entry.client_id != client_id:
                raise NotFound(f"location_id: client {client_id} has no location {self.location_id}.")


def read(
    parameters: Mapping[str, object], *, asked_in: str, trunk: Trunk | None = None, stored_in: str = ""
) -> NewContact:
    """Check a contact, and write its numbers so that the mirror will read them again.

    Args:
        parameters: Its fields by name; numbers in any writing.
        asked_in: Region of a number without country code, ISO 3166.
        trunk: How the caller's trunk writes foreign numbers.
        stored_in: Region of the client, where that is another one.

    Raises:
        BadParameter: A field is missing, unknown or not acceptable; the text names every one.
    """
    contact = read_as(NewContact, parameters)
    kept = {
        field: storable(text, field, asked_in=asked_in, trunk=trunk, stored_in=stored_in or asked_in)
        for field in ("phone", "mobile")
        if (text := getattr(contact, field))
    }
    return contact.model_copy(update=kept)
