"""Every setting of the bridge, in one table of sections.

A setting ``section.name`` comes from the environment (``BRIDGE_SECTION_NAME``) or from a TOML file
(``[section]``, ``name = …``), the environment first. Faults are reported all at once, secrets never printed.
A key may override the sections ``numbers``, ``callerid`` and ``phonebook`` for its own callers.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bridge.errors import SettingsError
from bridge.networks import Network
from bridge.numbers import Trunk, region_coded

ENVIRONMENT_PREFIX = "BRIDGE_"
# Variables of the command line, which are no settings.
NO_SETTINGS = frozenset({"BRIDGE_CONFIG"})
LABEL_FIELDS = frozenset({"name", "client", "title", "department", "number"})


def _region(text: str) -> str:
    region = region_coded(text)
    if not region:
        raise ValueError(
            "must be a two-letter country code (ISO 3166) such as US, GB or DE, of a country with numbers of its own"
        )
    return region


def _label(text: str) -> str:
    fields = re.findall(r"\{(\w*)\}", text)
    if not fields or set(fields) - LABEL_FIELDS:
        raise ValueError(f"must hold at least one of {', '.join(f'{{{field}}}' for field in sorted(LABEL_FIELDS))}")
    return text


def _networks(given: str | Iterable[object]) -> tuple[Network, ...]:
    """One text, its networks separated by commas, or a list of TOML."""
    try:
        listed = given.split(",") if isinstance(given, str) else given
        return tuple(ip_network(str(part).strip()) for part in listed if part)
    except (TypeError, ValueError) as error:
        raise ValueError("must be addresses or networks such as 127.0.0.1, 10.0.0.0/8") from error


Region = Annotated[str, AfterValidator(_region)]
Label = Annotated[str, AfterValidator(_label)]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A group of settings; unknown names are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ItflowSection(Section):
    """Where ITFlow is and how to ask it."""

    url: AnyHttpUrl | None = Field(None, description="Address of ITFlow, such as https://itflow.example.com")
    api_key: SecretStr | None = Field(None, description="API key of ITFlow (Admin > API keys)")
    api_key_file: Path | None = Field(None, description="File that holds the API key, instead of itflow.api_key")
    timeout_s: Seconds = Field(10, description="Longest wait for one answer of ITFlow")
    page_size: int = Field(1000, ge=2, description="Rows asked for at once; halves by itself when ITFlow fails")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.api_key is not None and self.api_key_file is not None:
            raise ValueError("set itflow.api_key or itflow.api_key_file, not both")
        return self

    def require(self) -> tuple[str, str]:
        """The address and the API key.

        Raises:
            SettingsError: One of them is not set, or the key file cannot be read.
        """
        faults = []
        if self.url is None:
            faults.append("itflow.url is not set: give ITFlow's address, as in BRIDGE_ITFLOW_URL=https://…")
        key = ""
        try:
            key = self.key()
        except SettingsError as error:
            faults += error.faults
        if faults or self.url is None:
            raise SettingsError(faults)
        return str(self.url), key

    def key(self) -> str:
        """The API key, as the setting or the file has it now.

        Raises:
            SettingsError: It is not set, or the file cannot be read or is empty.
        """
        if self.api_key_file is None:
            if self.api_key is not None and self.api_key.get_secret_value():
                return self.api_key.get_secret_value()
            fault = (
                "itflow.api_key is not set: make a key in ITFlow (Admin > API keys) and give it as "
                "BRIDGE_ITFLOW_API_KEY or in the file named by BRIDGE_ITFLOW_API_KEY_FILE"
            )
            raise SettingsError([fault])
        try:
            key = self.api_key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise SettingsError([f"itflow.api_key_file cannot be read: {error}"]) from error
        if not key:
            raise SettingsError([f"itflow.api_key_file: {self.api_key_file} is empty; write ITFlow's API key into it"])
        return key


class HttpSection(Section):
    """The door for phone systems, phones and tools."""

    host: str = Field(
        "0.0.0.0, ::",
        description="Addresses to listen on, separated by commas; 0.0.0.0 is all of IPv4, :: all of IPv6",
    )
    port: Port = Field(8080, description="Port to listen on")
    public_url: AnyHttpUrl | None = Field(
        None, description="Address under which callers reach the bridge, written into menus and set-up texts"
    )
    max_connections: int = Field(4096, ge=16, description="Open connections; for one more, an idle one is closed")
    max_connections_per_address: int = Field(
        1024, ge=4, description="Open connections of one address; for one more, its longest idle one is closed"
    )
    max_body_bytes: int = Field(
        32 * 1024 * 1024, ge=1 << 16, description="Size of all unfinished request bodies together"
    )
    trusted_proxies: Annotated[tuple[Network, ...], BeforeValidator(_networks), NoDecode] = Field(
        (), description="Proxies whose X-Forwarded-* and Forwarded headers are believed: networks, separated by commas"
    )
    tls_cert: Path | None = Field(None, description="Certificate chain (PEM), to speak TLS without a proxy")
    tls_key: Path | None = Field(None, description="Its private key (PEM, without a password)")

    @model_validator(mode="after")
    def _whole_pair(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("set http.tls_cert and http.tls_key, or neither")
        return self

    @property
    def hosts(self) -> tuple[str, ...]:
        """Each address to listen on."""
        return tuple(host.strip().strip("[]") for host in self.host.split(",") if host.strip())

    @property
    def scheme(self) -> str:
        """What callers speak: https with a certificate, else http."""
        return "https" if self.tls_cert else "http"


class NumbersSection(Section):
    """How numbers are read."""

    region: Region = Field("US", description="Country whose national numbers need no country code (ISO 3166)")
    trunk: Trunk | None = Field(
        None,
        description="How the trunk writes foreign numbers: plus (+44), exit-code (0044) or bare (44); unset: unknown",
    )


class StorageSection(Section):
    """Where the bridge keeps its state."""

    path: Path = Field(Path("bridge.db"), description="The one file of state: mirror, keys, journal, call log")


class SyncSection(Section):
    """How the mirror follows ITFlow."""

    interval_s: Seconds = Field(60, description="Time between two pulls of clients, contacts, locations, vendors")
    money_interval_s: Seconds = Field(300, description="Time between two pulls of invoices and payments")
    max_wait_s: Seconds = Field(900, description="Longest wait between two tries while ITFlow fails")
    stale_s: Seconds = Field(
        3600, description="Age of the mirror from which on it is called stale; two intervals at least"
    )
    max_loss: float = Field(
        0.2, ge=0, le=1, description="Share of the known rows that one pull may lose before it is doubted"
    )


class CalleridSection(Section):
    """Which name a caller gets."""

    label: Label = Field(
        "{name}", description="The text shown; {name}, {client}, {title}, {department}, {number} are filled in"
    )
    max_chars: int = Field(60, ge=1, description="Longest name, in characters")
    ascii: bool = Field(False, description="Transliterate names to ASCII, for old handsets")
    leads: bool = Field(True, description="Show leads too")
    several_clients: Literal["both", "none"] = Field(
        "both", description="A number of exactly two clients shows both names, or none"
    )
    main_line_digits: int = Field(
        4, ge=0, le=6, description="Digits that may follow a stored main line where numbering is open; 0: off"
    )


class PhonebookSection(Section):
    """What a phonebook holds."""

    templates: Path | None = Field(None, description="Folder with formats of your own (formats.toml, *.xsl)")
    title: str = Field("Contacts", description="Heading of a phonebook")
    contacts: Literal["primary", "all", "billing", "technical", "important", "none"] = Field(
        "all", description="Which contacts: primary, all, billing, technical, important or none"
    )
    locations: bool = Field(True, description="Locations too")
    vendors: bool = Field(True, description="Vendors too")
    leads: bool = Field(True, description="Leads too")
    name_form: Literal["first-last", "last-first", "client-name", "as-is"] = Field(
        "first-last",
        description="Ada Muster (first-last), Muster Ada (last-first), Client - Ada Muster (client-name) or as "
        "ITFlow has it (as-is)",
    )
    client_in_name: bool = Field(
        True, description="Front Desk · Bluebird where a phone has no place for the client; off: the name alone"
    )
    sort: Literal["name", "last", "client"] = Field(
        "name", description="Order of a book: by the name shown, by last name, or by client"
    )
    group_by: Literal["none", "client", "kind"] | None = Field(
        None, description="Groups or menus: by client, by kind (contacts, locations, vendors), none; unset: by format"
    )
    number_form: Literal["e164", "international", "national"] | None = Field(
        None, description="How numbers are written: e164, international or national; unset: as the format has it"
    )
    outside_prefix: str = Field(
        "", pattern="^[0-9*#]*$", description="Digits dialled before an outside number, such as 0 or 9"
    )
    outside_min_digits: int = Field(
        7, ge=1, description="Shorter numbers are extensions or feature codes and get no outside_prefix"
    )
    outside_except: str = Field(
        "", description="Beginnings of numbers that get no outside_prefix, separated by commas"
    )


class PinRule(StrEnum):
    """Who hears a balance without a PIN; see ``agi/trust.py``."""

    ALWAYS = "always"  # nobody
    ATTESTED = "attested"  # of a client without PINs: a known caller whose number the network vouches for
    TYPED = "typed"  # of release 1.0; means always today
    IF_SET = "if_set"  # of release 1.0; means always today

    @property
    def hint(self) -> str:
        """What an old value means today; empty for the others."""
        if self in (PinRule.ALWAYS, PinRule.ATTESTED):
            return ""
        return (
            f"agi.pin (BRIDGE_AGI_PIN) = {self} means always today: a caller's number can be faked, so a PIN of the "
            "client is asked for every time, and a client without PINs hears no balance. Write always, or attested: "
            "then a client without PINs hears it where the network vouches for the caller's number (attestation A)."
        )


def _exten(text: str) -> str:
    if not re.fullmatch(r"[\w*#+-]+@[\w-]+", text):
        raise ValueError("must be EXTENSION@CONTEXT, such as 200@from-internal")
    return text


class AgiSection(Section):
    """The FastAGI door for Asterisk."""

    enabled: bool = Field(True, description="Listen for FastAGI")
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: Port = Field(4573, description="Port to listen on")
    key: str | None = Field(
        None, description="Name of the key for calls that bring none; its networks decide which Asterisk may"
    )
    max_calls: int = Field(500, ge=1, description="Calls served at once; more are refused, and the dialplan goes on")
    max_waiting: int = Field(
        250, ge=1, description="Connections of one address that have not shown their key yet; more are closed"
    )
    pin: PinRule = Field(
        PinRule.ALWAYS,
        description="Who hears a balance without a PIN: always asks everybody; attested lets a client without PINs "
        "hear it who calls from a known number that the network vouches for (STIR/SHAKEN attestation A)",
    )
    pin_tries: int = Field(3, ge=1, description="Wrong PINs before a caller and a client are locked out")
    lockout_s: Seconds = Field(
        900,
        description="How long the first lock lasts; the second is 4 times as long, every later one 96 times (a day)",
    )
    max_age_s: Seconds = Field(3600, description="Age of the invoices from which on no balance is spoken")
    accounts: Annotated[str, AfterValidator(_exten)] | None = Field(
        None, description="Where the balance menu transfers to, such as 200@from-internal"
    )


def _suffix(text: str) -> str:
    if not re.fullmatch(r"[a-zA-Z]+=[\w. -]+(,[a-zA-Z]+=[\w. -]+)*", text):
        raise ValueError("must be a DN such as dc=phonebook, or dc=example,dc=com")
    return text


class LdapSection(Section):
    """The LDAP door for phones that search while somebody types."""

    port: Port | None = Field(None, description="Port to listen on, usually 389; unset: LDAP is off")
    tls_port: Port | None = Field(
        None, description="Port for LDAPS, usually 636, with the certificate of http.tls_cert; unset: none"
    )
    host: str = Field("0.0.0.0", description="Address to listen on")  # noqa: S104 - phones ask from outside
    base: Annotated[str, AfterValidator(_suffix)] = Field("dc=phonebook", description="DN that the entries are below")
    key: str | None = Field(
        None, description="Name of the key for phones that bind without a password; its networks decide which may"
    )
    keypad: bool = Field(False, description="Digits typed as a name find names as a keypad spells them (23 for Ada)")
    max_results: int = Field(
        500, ge=1, description="Most entries of one answer; a client that asks in pages gets all of them"
    )
    max_connections: int = Field(
        2048, ge=4, description="Open connections; for one more, the one that was silent the longest is closed"
    )
    max_waiting: int = Field(
        64,
        ge=1,
        description="Connections of one address that have shown no key; for one more, the oldest is closed",
    )
    idle_s: Seconds = Field(600, description="Time after which a silent connection is closed")


class AssetsSection(Section):
    """How new assets, and contacts, tickets and notes like them, reach ITFlow."""

    deadline_s: Seconds = Field(5, description="Longest time a caller waits for ITFlow's confirmation")
    repeat_window_s: Seconds = Field(600, description="Time in which the same asset sent again is the same asset")
    answer_s: Seconds = Field(
        600,
        description="Longest time that the answer to a write is waited for: ITFlow holds writes while its database "
        "is dumped with locked tables",
    )
    settle_s: Seconds = Field(
        60,
        description="Time after a write's answer was lost until it is looked for and, if it is not there, repeated; "
        "twice as long after each further loss, up to max_wait_s",
    )
    max_wait_s: Seconds = Field(900, description="Longest wait between two tries to deliver an asset")


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


class PageSection(Section):
    """The page for people."""

    enabled: bool = Field(True, description="Answer / and /page; nobody signs in before people are added")
    session_days: int = Field(30, ge=1, le=365, description="Days after which a browser must sign in again")
    max_streams: int = Field(500, ge=1, description="Open pages that follow calls; more are asked to come later")


class LogSection(Section):
    """What is logged."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged")
    format: Literal["text", "json"] = Field("text", description="Lines of text, or a JSON object a line (json)")
    calls: bool = Field(
        False, description="A line for each caller-ID answer: number (masked), result, rule, key, milliseconds"
    )


class Settings(BaseSettings):
    """All settings; see the sections."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        extra="forbid",
        frozen=True,
    )

    itflow: ItflowSection = ItflowSection()
    http: HttpSection = HttpSection()
    numbers: NumbersSection = NumbersSection()
    storage: StorageSection = StorageSection()
    sync: SyncSection = SyncSection()
    callerid: CalleridSection = CalleridSection()
    phonebook: PhonebookSection = PhonebookSection()
    agi: AgiSection = AgiSection()
    ldap: LdapSection = LdapSection()
    assets: AssetsSection = AssetsSection()
    calls: CallsSection = CallsSection()
    ami: AmiSection = AmiSection()
    tickets: TicketsSection = TicketsSection()
    page: PageSection = PageSection()
    log: LogSection = LogSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings names the parameters
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of the table of settings."""

    name: str
    environment: str
    default: str
    help: str


def table() -> Iterator[SettingRow]:
    """Every setting there is, in the order of the sections."""
    for section, field in Settings.model_fields.items():
        for name, setting in type(field.default).model_fields.items():
            default: object = setting.default
            none = default is None or default == ()
            yield SettingRow(
                name=f"{section}.{name}",
                environment=f"{ENVIRONMENT_PREFIX}{section}_{name}".upper(),
                default="" if none else str(default).lower() if isinstance(default, bool) else str(default),
                help=setting.description or "",
            )


def load(path: Path | None = None, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Read the settings.

    Args:
        path: A TOML file, or none.
        overrides: Values of the command line by section and name; they come before environment and file.

    Raises:
        SettingsError: The file cannot be read, or settings are wrong; every fault is listed.
    """

    class FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    if path is not None and (path.is_dir() or not path.exists()):
        raise SettingsError([f"there is no settings file {path}"])
    faults = list(_stray_environment())
    sections: dict[str, Any] = {name: dict(values) for name, values in (overrides or {}).items()}
    try:
        settings = FileSettings(**sections)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([*faults, f"{path} is not TOML: {error}"]) from error
    except UnicodeError as error:
        raise SettingsError([*faults, f"{path} is not UTF-8 ({error}); save it in that encoding"]) from error
    except OSError as error:
        raise SettingsError([*faults, f"{path} cannot be read: {error.strerror}"]) from error
    except ValidationError as error:
        raise SettingsError([*faults, *explain(error)]) from error
    if faults:
        raise SettingsError(faults)
    return settings


def explain(error: ValidationError) -> Iterator[str]:
    """A line for each fault, naming the setting both ways and never its value."""
    names = [row.name for row in table()]
    for fault in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in fault["loc"][:2])
        if fault["type"] == "extra_forbidden":
            near = get_close_matches(name, names, n=1)
            yield f"{name}: there is no such setting" + (f"; did you mean {near[0]}?" if near else "")
        else:
            variable = f"{ENVIRONMENT_PREFIX}{name.replace('.', '_').upper()}"
            yield f"{name} ({variable}): {fault['msg'].removeprefix('Value error, ')}"


def _stray_environment() -> Iterator[str]:
    """Variables with our prefix that name no section; pydantic-settings passes those over in silence."""
    for variable in sorted(os.environ.keys() - NO_SETTINGS):
        section = variable.removeprefix(ENVIRONMENT_PREFIX).split("_")[0].lower()
        if variable.startswith(ENVIRONMENT_PREFIX) and section not in Settings.model_fields:
            near = get_close_matches(variable, [row.environment for row in table()], n=1)
            yield f"{variable}: there is no such setting" + (f"; did you mean {near[0]}?" if near else "")
