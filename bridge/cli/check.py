"""``itflow-bridge check``: what works with these settings and this ITFlow, what does not, and what to do."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from bridge import controls
from bridge.cli.options import Config


def check(
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what works with these settings and this ITFlow, what does not, and what to do.

    The exit status is 0 where all works, 1 where something does not, 3 where something is stale or doubtful.
    """
    import asyncio

    from rich.text import Text

    from bridge.cli import findings
    from bridge.cli.common import console, errors, pasted, settings_in_use

    settings = settings_in_use(config)
    settings.itflow.require()
    with errors.status(f"ITFlow is asked; it has {settings.itflow.timeout_s:g} s for each answer."):
        told, rows = asyncio.run(findings.all_findings(config, settings))
    told = [(what, state, pasted(advice, config)) for what, state, advice in told]
    worst = max((state for _, state, _ in told), key=list(findings.State).index)
    if as_json:
        whole = {
            "status": findings.STATUS[worst],
            "findings": [{"what": what, "state": state, "advice": advice} for what, state, advice in told],
            "path": str(settings.storage.path.absolute()),
            "rows": rows,
        }
        typer.echo(controls.in_json(json.dumps(whole, indent=2)))
    else:
        # No table: one would break the commands in it, and they are to be pasted.
        width = max(len(what) for what, _, _ in told)
        for what, state, advice in told:
            state_text = (f"{state:13}  ", findings.COLOURS[state])
            console.print(Text.assemble(f"{what:{width}}  ", state_text, advice), soft_wrap=True)
    if findings.EXITS[worst]:
        raise typer.Exit(findings.EXITS[worst])
