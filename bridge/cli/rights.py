"""``itflow-bridge people rights``: what somebody may see and do on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.options import Allow, Config, features, network_of

if TYPE_CHECKING:
    from bridge.access.key import Key


def rights(
    name: Annotated[str, typer.Argument(help="The person, as `itflow-bridge people list` shows the name.")],
    allow: Allow = None,
    client: Annotated[list[int] | None, typer.Option(help="Id of a client the person may see. Without: all.")] = None,
    networks: Annotated[
        list[str] | None, typer.Option("--network", help="Where from, such as 192.0.2.0/24. Without: anywhere.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Change nothing.")] = False,
    config: Config = None,
) -> None:
    """Give a person these rights in place of all others; a running bridge follows within a second."""
    from bridge.access.key import Options
    from bridge.access.rights import OF_PEOPLE, Rights
    from bridge.calls.people import People
    from bridge.cli.common import database, settings_in_use

    settings = settings_in_use(config)
    with database(settings) as opened:
        people, given = People(opened), Rights(opened, settings)
        people.load()
        person = people.named(name)
        given.load()
        if not show:
            options = Options(
                features=features(allow) if allow else OF_PEOPLE,
                clients=frozenset(client) if client else None,
                networks=tuple(network_of(text) for text in networks or []),
            )
            given.give(person.name, options)
        _print(given.of(person.name))


def _print(key: Key) -> None:
    from bridge.cli.console import console

    console.print(f"{key.name} may: {', '.join(sorted(key.features)) or 'nothing'}")
    console.print(f"Clients: {'all' if key.clients is None else ', '.join(map(str, sorted(key.clients)))}")
    if key.networks:
        console.print(f"From: {', '.join(map(str, key.networks))}")
