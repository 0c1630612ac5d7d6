"""One Asterisk and one phone for all tests here, each test with a dialplan of its own."""

import os
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from tests.agi.world import mirror, world
from tests.counterparts import lacking
from tests.pbx import asterisk, bridge, sipp

INSTALLED = Path(os.environ.get("PBX_FOLDER", asterisk.ROOT / ".cache" / "asterisk"))


@pytest.fixture(scope="session")
def installed():
    """The folder of Asterisk and SIPp; without it these tests are skipped, but never in CI."""
    if not (INSTALLED / "ready").exists():
        lacking(f"there is no Asterisk in {INSTALLED}; get one with tests/pbx/install.sh (no root needed, 300 MB)")
    return INSTALLED


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pbx(installed):
    """A running Asterisk."""
    async with asterisk.running(installed) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def phone(installed, pbx):
    """A phone at that Asterisk."""
    async with sipp.phone(installed, pbx) as phone:
        yield phone


@pytest.fixture
def dial(installed, pbx):
    """Makes calls by the trunk: ``async with dial(caller, exten) as call``."""
    return partial(sipp.call, installed, pbx)


@pytest.fixture
async def door(tmp_path):
    """The FastAGI door before the small firm's clients."""
    async with world(tmp_path, mirror()) as made:
        yield made


@pytest.fixture
async def http(door):
    """The address of the HTTP door before the same clients."""
    async with bridge.serving(door) as url:
        yield url
