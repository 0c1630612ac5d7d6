"""People as the rules and the outbox see them: who answered, and who writes with a key of their own."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bridge.calls.people import People
from bridge.errors import NotFound
from bridge.followup.rules import Colleague
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.outbox.attempts import ClientOf
from bridge.settings import ItflowSection

log = logging.getLogger(__name__)


def colleagues(people: People) -> Callable[[str], Colleague | None]:
    """Who is meant by what a phone system calls somebody who answered."""

    def colleague(called: str) -> Colleague | None:
        person = people.of(called) if called else None
        return Colleague(person.name, person.itflow_user_id) if person else None

    return colleague


@asynccontextmanager
async def personal_clients(section: ItflowSection, people: People) -> AsyncIterator[ClientOf]:
    """Clients that ask ITFlow with people's own keys, read from their files each time: a new key counts at once.

    Raises:
        SettingsError: ITFlow's address is not set.
    """
    url, _ = section.require()
    async with open_session() as session:

        def client_of(name: str) -> ItflowClient | None:
            try:
                file = people.named(name).key_file
                key = file.read_text(encoding="utf-8").strip() if file else ""
            except NotFound:
                return None
            except (OSError, UnicodeError) as error:
                log.warning("ITFlow's key of %s cannot be read; the bridge's own is used: %s", name, error)
                return None
            if not key:
                return None
            return ItflowClient(session, url, key, timeout_s=section.timeout_s, page_size=section.page_size)

        yield client_of
