"""What sections are made of: the kinds of values that several of them hold."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from bridge.networks import Network

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A group of settings; unknown names are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _networks(given: str | Iterable[object]) -> tuple[Network, ...]:
    """One text, its networks separated by commas, or a list of TOML."""
    try:
        listed = given.split(",") if isinstance(given, str) else given
        return tuple(ip_network(str(part).strip()) for part in listed if part)
    except (TypeError, ValueError) as error:
        raise ValueError("must be addresses or networks such as 127.0.0.1, 10.0.0.0/8") from error


Networks = Annotated[tuple[Network, ...], BeforeValidator(_networks), NoDecode]
