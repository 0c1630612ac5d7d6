"""``itflow-bridge serve``: the bridge itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.options import Config
from bridge.controls import log_to_stderr
from bridge.errors import AddressTaken, SettingsError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from bridge.settings import Settings

log = logging.getLogger(__name__)

# sysexits.h, EX_CONFIG: whoever starts the service again meets the same fault (RestartPreventExitStatus).
EXIT_SETTINGS = 78


def serve(
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="Addresses to listen on, instead of http.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, instead of http.port.")] = None,
) -> None:
    """Serve phone systems, phones and tools until SIGTERM; SIGHUP reads the settings anew.

    Ends with 78 where settings are wrong, and with 1 for a fault that may pass: a port in use, bridge.db locked.
    """
    import asyncio

    from bridge import service
    from bridge.cli.common import errors, exposed, refuse_beside, settings_in_use

    given = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}

    def read() -> Settings:
        return settings_in_use(config, {"http": given} if given else None)

    try:
        settings = read()
        settings.itflow.require()
        refuse_beside(settings)
        log_to_stderr(settings.log.level, settings.log.format, calls=settings.log.calls, unhurried=True)
        for fault in exposed(config, settings):
            log.warning("%s", fault)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(service.run(settings, _tell, read))
    except AddressTaken:
        raise
    except SettingsError as error:
        errors.print(str(error), style="red")
        raise typer.Exit(EXIT_SETTINGS) from error


def loop_factory() -> Callable[[], AbstractEventLoop] | None:
    """Uvloop's event loop, which answers with a third less processor time, where it is installed."""
    try:
        import uvloop  # there is none on some systems
    except ImportError:
        return None
    return uvloop.new_event_loop


def _tell(url: str) -> None:
    from bridge.cli.console import errors

    errors.print(f"itflow-bridge answers on {url}")
