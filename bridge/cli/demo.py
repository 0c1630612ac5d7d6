"""``itflow-bridge demo``: the main job at once, with sample data and no ITFlow needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.controls import log_to_stderr

if TYPE_CHECKING:
    from bridge.settings import Settings

KEY = "demo"
AGI_PORT = 4573

# What to try, with the path and query of each feature; every number and id is of the sample data.
TOUR = (
    ("Who is calling?", "/api.php?api_key=demo&cid=12065550123"),
    ("The same number as a trunk in Germany sends it", "/api.php?api_key=demo&cid=0012065550123"),
    ("A main line that four people share", "/api.php?api_key=demo&cid=2125550110"),
    ("An unknown caller keeps the trunk's name", "/api.php?api_key=demo&cid=2125559999&name=WIRELESS%20CALLER"),
    ("All facts about a caller", "/callerid?api_key=demo&number=%2B442079460101&format=json"),
    ("Why this name?", "/explain?api_key=demo&number=2125550110"),
    ("The old phonebook", "/api.php?api_key=demo&phonebook"),
    ("A Yealink's phonebook; docs/phones.md names every other phone's", "/phonebook/yealink?api_key=demo"),
    ("The clients' e-mail addresses", "/api.php?api_key=demo&client_emails"),
    ("The primary contacts' numbers", "/api.php?api_key=demo&primary_contact_numbers"),
    ("A client's balance", "/api.php?api_key=demo&account_balance=1"),
    ("The same with its invoices", "/balance?api_key=demo&client_id=1"),
    ("A new asset", "/api.php?api_key=demo&client_id=1&add_asset=FRONT-DESK-PC&type=Desktop&serial=DEMO-1"),
    ("A call comes in", "/api.php?api_key=demo&incoming_call&cid=12065550123"),
    ("How old is the mirror?", "/readyz"),
)


def demo(
    port: Annotated[int, typer.Option(help="Port to listen on, on 127.0.0.1.")] = 8080,
) -> None:
    """Serve a bridge in front of an embedded ITFlow with sample data; the key is demo."""
    import asyncio

    asyncio.run(_demo(port))


async def _demo(port: int) -> None:
    import asyncio
    import tempfile

    from aiohttp import web

    from bridge import service
    from bridge.access.keys import Feature, Keys, Options
    from bridge.cli import samplecalls
    from bridge.directory.sync import sync_once
    from bridge.embedded import EmbeddedItflow
    from bridge.storage import Database
    from bridge.tasks import running

    itflow = EmbeddedItflow()
    itflow.load_sample()
    itflow.add_key(KEY)
    runner = web.AppRunner(itflow.make_app(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        with tempfile.TemporaryDirectory(prefix="itflow-bridge-") as folder:
            settings = _settings(f"http://127.0.0.1:{runner.addresses[0][1]}", port, Path(folder))
            log_to_stderr(settings.log.level)
            database = Database(settings.storage.path)
            Keys(database, settings).add(KEY, Options(features=frozenset(Feature)), secret=KEY)
            link = samplecalls.people(database, settings)
            await sync_once(settings)  # so that the first command already has its answer
            await samplecalls.last_week(database, settings)
            database.close()
            there: asyncio.Future[str] = asyncio.get_running_loop().create_future()

            def started(url: str) -> None:
                _tell(url, link, settings.storage.path)
                there.set_result(url)

            async with running(samplecalls.ringing(there, KEY), "sample calls"):
                await service.run(settings, started)
    finally:
        await runner.cleanup()
        itflow.close()


def _settings(itflow_url: str, port: int, folder: Path) -> Settings:
    from bridge.settings import load

    return load(
        None,
        {
            "itflow": {"url": itflow_url, "api_key": KEY},
            "http": {"host": "127.0.0.1", "port": port},
            "agi": {"port": AGI_PORT if port else 0},
            "storage": {"path": folder / "bridge.db"},
            "tickets": {"mirror": True},
        },
    )


def _tell(url: str, link: str, path: Path) -> None:
    from bridge.cli.console import console
    from bridge.cli.place import program

    headline = f"The bridge answers on {url}, from an embedded ITFlow with sample data.\n"
    console.print(headline, soft_wrap=True)
    console.print(f"# Calls come in every few seconds; watch them\n{url}/sign-in?link={link}\n", soft_wrap=True)
    for title, query in TOUR:
        console.print(f"# {title}\ncurl '{url}{query}'\n", soft_wrap=True)
    explained = f"BRIDGE_STORAGE_PATH={path} {program()} phonebook grandstream --key {KEY} --explain"
    console.print(f"# What a Grandstream's phonebook leaves out, and why\n{explained}\n", soft_wrap=True)
