"""The examples in docs/examples, each run by its own interpreter against a bridge."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.counterparts import lacking

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
RUN = {"itflow.sh": ["sh"], "itflow.py": [sys.executable], "itflow.php": ["php"], "itflow.ps1": ["pwsh", "-File"]}


def test_every_example_is_run():
    assert {path.name for path in EXAMPLES.iterdir()} == set(RUN)


@pytest.fixture
def generation():
    return "26.02"


@pytest.mark.parametrize("name", RUN)
async def test_an_example_asks_the_bridge(serve, name):
    interpreter, *words = RUN[name]
    if shutil.which(interpreter) is None:
        if interpreter == "pwsh":
            pytest.skip("needs pwsh, which Debian does not have")
        lacking(f"needs {interpreter}")
    if name == "itflow.sh" and shutil.which("curl") is None:
        lacking("needs curl")
    bridge = await serve()
    await bridge.ready()

    async def run(*asked, fails=False, url=bridge.url):
        process = await asyncio.create_subprocess_exec(
            *(interpreter, *words, str(EXAMPLES / name), *asked),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "BRIDGE_URL": url.rstrip("/"), "BRIDGE_KEY": "all"},
        )
        out, err = await process.communicate()
        assert (process.returncode != 0) == fails, err.decode()
        return (out + err).decode() if fails else out.decode().strip()

    assert await run("caller", "+12125550101") == "Alice O'Neil"
    assert json.loads(await run("balance", "1"))["amount"] == "220.10"
    assert "alice@acme.example" in (await run("emails")).splitlines()
    assert json.loads(await run("asset", "1", "PC & é"))["name"] == "PC & é"
    assert "404" in await run("balance", "99", fails=True)
    assert "asset" in await run(fails=True), "it says how it is used"
    (line,) = (await run("balance", "1", fails=True, url="http://127.0.0.1:1")).strip().splitlines()
    assert "onnect" in line, "it says that nobody is there"
