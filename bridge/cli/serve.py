"""``itflow-bridge serve``: the bridge itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated

import typer

from bridge import service
from bridge.cli.common import Config, errors, exposed, refuse_beside, settings_in_use
from bridge.controls import log_to_stderr

log = logging.getLogger(__name__)


def serve(
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of http.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, instead of http.port.")] = None,
) -> None:
    """Serve phone systems, phones and tools until SIGTERM."""
    given = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
    settings = settings_in_use(config, {"http": given} if given else None)
    settings.itflow.require()
    refuse_beside(settings)
    log_to_stderr(settings.log.level, settings.log.format, calls=settings.log.calls, unhurried=True)
    for fault in exposed(config, settings):
        log.warning("%s", fault)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(service.run(settings, _tell))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop's event loop, which answers with a third less processor time, where it is installed."""
    try:
        import uvloop  # noqa: PLC0415 - there is none on some systems
    except ImportError:
        return None
    return uvloop.new_event_loop


def _tell(url: str) -> None:
    errors.print(f"itflow-bridge answers on {url}")
