"""The doors: HTTP, FastAGI, LDAP and the page for people."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, AnyHttpUrl, Field, model_validator

from bridge.settings.kinds import Networks, Port, Seconds, Section


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
    max_connections: int = Field(4096, ge=16, description="Most open connections; one more closes an idle one")
    max_connections_per_address: int = Field(
        1024, ge=4, description="Most open connections of one address; one more closes its longest idle one"
    )
    max_body_bytes: int = Field(
        32 * 1024 * 1024, ge=1 << 16, description="Most bytes of unfinished request bodies, all together"
    )
    trusted_proxies: Networks = Field(
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
        250, ge=1, description="Most connections of one address without a key yet; more are closed"
    )
    pin: PinRule = Field(
        PinRule.ALWAYS,
        description="Who hears a balance without a PIN: always asks every caller; attested lets a client without PINs "
        "hear it who calls from a known number that the network vouches for (STIR/SHAKEN attestation A)",
    )
    pin_tries: int = Field(3, ge=1, description="Wrong PINs before a caller and a client are locked out")
    lockout_s: Seconds = Field(
        900,
        description="How long the first lock lasts; the second is 4 times as long, every later one 96 times (a day)",
    )
    max_age_s: Seconds = Field(3600, description="Oldest invoice data that a balance is spoken from")
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
        2048, ge=4, description="Most open connections; one more closes the one that was silent the longest"
    )
    max_waiting: int = Field(
        64,
        ge=1,
        description="Most connections of one address without a key; one more closes the oldest",
    )
    idle_s: Seconds = Field(600, description="Time after which a silent connection is closed")


class PageSection(Section):
    """The page for people."""

    enabled: bool = Field(True, description="Answer / and /page; nobody signs in before people are added")
    session_days: int = Field(30, ge=1, le=365, description="Days after which a browser must sign in again")
    max_streams: int = Field(
        500, ge=1, description="Most open pages that follow calls; one more is asked to come later"
    )
