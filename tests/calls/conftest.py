"""A ``bridge.db``, a book on it, and events of calls."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bridge.calls.book import CallBook
from bridge.calls.party import Party
from bridge.settings import CallsSection
from bridge.storage import Database
from tests.calls.told import ANN

Opened = Callable[..., AbstractAsyncContextManager[CallBook]]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "bridge.db")
    yield database
    database.close()


def who(number: str) -> Party:
    """Ann of client 1 has one number, and nobody has the others."""
    if number == ANN:
        return Party(ANN, "Ann", "hit", 1, "Apex", 11)
    return Party(number, result="miss" if number else "withheld")


@pytest.fixture
def opened(database: Database) -> Opened:
    """Opens the book, with settings of the section ``calls``."""

    @asynccontextmanager
    async def open_(**settings: object) -> AsyncIterator[CallBook]:
        async with CallBook.on(database, CallsSection.model_validate(settings), who) as book:
            yield book

    return open_


@pytest.fixture
async def book(opened: Opened) -> AsyncIterator[CallBook]:
    async with opened() as book:
        yield book


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
