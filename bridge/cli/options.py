"""Options that several commands have, and how the words in them are read."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

import typer

from bridge.access.feature import EVERYDAY, Feature
from bridge.errors import BadParameter
from bridge.networks import Network

# Where the packages have the settings of the service.
INSTALLED = Path("/etc/itflow-bridge/bridge.toml")

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="BRIDGE_CONFIG", help=f"TOML file of settings; without: {INSTALLED}, if it is there.",
        show_default=False,
    ),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Allow = Annotated[
    list[str] | None,
    typer.Option(help=f"Features, with commas: {', '.join(Feature)}. Without: {', '.join(sorted(EVERYDAY))}."),
]


def features(texts: list[str] | None) -> frozenset[Feature]:
    """The features of ``--allow``; without any, the everyday ones.

    Raises:
        BadParameter: There is no such feature.
    """
    names = {name.strip() for text in texts or [] for name in text.split(",") if name.strip()}
    if unknown := sorted(names - set(Feature)):
        raise BadParameter(f"--allow {', '.join(unknown)}: there are {', '.join(Feature)}")
    return frozenset(map(Feature, names)) or EVERYDAY


def network_of(text: str) -> Network:
    """A network of ``--network``.

    Raises:
        BadParameter: It is none.
    """
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise BadParameter(f"--network {text}: give a network such as 192.0.2.0/24 or 2001:db8::/32") from error
