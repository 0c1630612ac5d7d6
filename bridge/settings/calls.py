"""Calls: their log, the Asterisk that tells of them, what they leave in ITFlow's tickets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from bridge.errors import SettingsError
from bridge.settings.kinds import Port, Seconds, Section


class CallsSection(Section):
    """The log of calls."""

    keep_days: int = Field(365, ge=1, description="Days after which a call is removed from the log")
    numbers: Literal["full", "masked", "none"] = Field(
        "full", description="How the log keeps phone numbers: full, masked (+121…01) or none; extensions always"
    )
    lost_ringing_s: Seconds = Field(
        900,
        description="Seconds without news after which a call that nobody answered yet counts as lost",
    )
    lost_talking_s: Seconds = Field(
        14_400, description="Seconds without news after which an answered call counts as lost"
    )


def _extension_pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(f"must be a regular expression: {error}") from error
    if groups != 1:
        raise ValueError("must hold one group in brackets: the extension in a channel's name")
    return text


def _dial_channel(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]+/[\w.-]*\{extension\}[\w.@-]*", text):
        raise ValueError("must be such as PJSIP/{extension} or Local/{extension}@from-internal")
    return text


class AmiSection(Section):
    """The manager interface of an Asterisk or FreePBX: calls are followed, and dialled, where ami.host is set."""

    host: str | None = Field(None, description="Address of Asterisk; unset: calls are not followed")
    port: Port = Field(5038, description="Port of its manager (manager.conf)")
    user: str = Field("itflow", description="The manager's user")
    secret: SecretStr | None = Field(None, description="The user's secret")
    secret_file: Path | None = Field(None, description="File that holds the secret, instead of ami.secret")
    tls: bool = Field(False, description="Connect with TLS (manager.conf: tlsenable, port 5039)")
    tls_ca: Path | None = Field(None, description="Certificate (PEM) to check Asterisk's by; unset: the system's")
    list_every_s: Seconds = Field(15, description="Time between two looks at what is up, which keep the line alive")
    extensions: Annotated[str, AfterValidator(_extension_pattern)] = Field(
        r"[A-Z0-9]+/([0-9]{2,6})(?:[-_.].*)?",
        description="Which devices are extensions: a regular expression for a channel's name without the count at its "
        "end, such as PJSIP/101-mobile; its one group is the extension, all else is outside",
    )
    dial_channel: Annotated[str, AfterValidator(_dial_channel)] = Field(
        "PJSIP/{extension}", description="What rings first when a number is clicked, by the person's extension"
    )
    dial_context: str = Field(
        "from-internal",
        pattern=r"^[\w-]+$",
        description="Dialplan context that clicked numbers are dialled in; what it lets phones dial may be clicked",
    )
    dial_form: Literal["e164", "international", "national"] = Field(
        "national", description="How clicked numbers are dialled: e164, international or national"
    )
    dial_prefix: str = Field(
        "", pattern="^[0-9]*$", description="Digits dialled before an outside number that is clicked, such as 0 or 9"
    )

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.secret is not None and self.secret_file is not None:
            raise ValueError("set ami.secret or ami.secret_file, not both")
        if self.host is not None and self.secret is None and self.secret_file is None:
            raise ValueError("ami.host is set, so set ami.secret or ami.secret_file too")
        return self

    def require(self) -> str:
        """The secret.

        Raises:
            SettingsError: Its file cannot be read.
        """
        if self.secret_file is None:
            return self.secret.get_secret_value() if self.secret else ""
        try:
            return self.secret_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError([f"ami.secret_file cannot be read: {error}"]) from error


class AfterCall(StrEnum):
    """What a call leaves in ITFlow."""

    NOTE = "note"
    MISSED = "missed"


def _after_call(text: str) -> frozenset[AfterCall]:
    words = frozenset(text.split("+")) - {"off"}
    if not words <= set(AfterCall):
        raise ValueError("must be NAME=note, NAME=missed, NAME=note+missed or NAME=off, separated by commas")
    return frozenset(map(AfterCall, words))


def _switches(given: str | Mapping[str, str]) -> Mapping[str, frozenset[AfterCall]]:
    """``7=note+missed, 9=off``, or a table of TOML."""
    if isinstance(given, str):
        pairs = [part.rpartition("=")[::2] for part in given.split(",") if part.strip()]
    else:
        pairs = [(str(name), str(words)) for name, words in given.items()]
    return {name.strip(): _after_call(words.replace(" ", "")) for name, words in pairs}


Switches = Annotated[Mapping[str, frozenset[AfterCall]], BeforeValidator(_switches), NoDecode]


class TicketsSection(Section):
    """What calls leave in ITFlow's tickets, and whether tickets are mirrored."""

    note: Literal["off", "on"] = Field(
        "off",
        description="An answered call becomes a note on the caller's open ticket (ITFlow 26.08 or later)",
    )
    missed: Literal["off", "ticket"] = Field("off", description="A missed call of a known client opens a ticket")
    missed_within_s: Seconds = Field(
        3600, description="Time in which a client gets one ticket, however often it calls in vain"
    )
    clients: Switches = Field(
        {}, description="Other rules for clients, by id: 7=note+missed, 9=off; they come before those for queues"
    )
    queues: Switches = Field({}, description="Other rules for queues, by name: support=note, sales=off")
    choose_s: Annotated[float, Field(ge=0)] = Field(
        60, description="Time after a call in which another ticket can be chosen before the note is written"
    )
    mirror: bool = Field(
        False, description="Mirror open tickets even if no note needs them: for the page, and for ITFLOW_AGENT"
    )
    whole_interval_s: Seconds = Field(
        21600, description="Time between two pulls of all tickets; new and open ones are looked at with every pull"
    )

    @property
    def mirrored(self) -> bool:
        """Whether the mirror needs tickets."""
        switched = frozenset[AfterCall]().union(*self.clients.values(), *self.queues.values())
        return self.mirror or self.note == "on" or AfterCall.NOTE in switched

    def rules(self, client_id: int, queue: str) -> frozenset[AfterCall]:
        """What a call of a client through a queue leaves."""
        found = self.clients.get(str(client_id), self.queues.get(queue))
        if found is not None:
            return found
        general = {AfterCall.NOTE: self.note == "on", AfterCall.MISSED: self.missed == "ticket"}
        return frozenset(word for word, wanted in general.items() if wanted)
