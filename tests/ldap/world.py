"""A firm's people and the LDAP door in front of them, as the tests of real clients and of bytes use it."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from sansldap import (
    BindResponse,
    LDAPClient,
    LDAPFilter,
    LDAPMessage,
    SearchResultDone,
    SearchResultEntry,
    SearchScope,
)

from bridge.access.keys import Feature, Keys, Options
from bridge.access.phones import Phones
from bridge.directory.entries import Client, Entry, Kind, Label, Phone
from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from bridge.http.tls import certified
from bridge.ldap.operations import Times
from bridge.ldap.server import TIMES, Server, listening
from bridge.settings import HttpSection, LdapSection, NumbersSection, Settings
from bridge.storage import Database

SECRET = "8c1f3a90d7be4462b05e9a7714c2fd68"
LIMITED = "51b7e02d9c6f48a3a1d40e85f37c9b26"
CALLER = "e6a40b7215d94c8f93c27d018fb56a3e"
DEADLINE_S = 60  # of whatever is waited for; a book of many takes a busy machine a while
CLIENTS = (Client(1, "Muster & Söhne"), Client(2, "Bluebird"), Client(3, "Prospect Ltd", lead=True))


def person(id_: int, client_id: int, name: str, work: str = "", mobile: str = "", **facts) -> Entry:
    phones = [Phone(work, Label.WORK)] * bool(work) + [Phone(mobile, Label.MOBILE)] * bool(mobile)
    return Entry(Kind.CONTACT, id_, client_id, name, tuple(phones), **facts)


PEOPLE = (
    person(1, 1, "Ada Muster", "+493055501001", "+4917155501002", email="ada@example.com", title="Chief"),
    person(2, 1, "Front Desk", "+493055501003"),
    person(3, 2, "Front Desk", "+442079460003"),
    person(4, 2, "Jürgen Weiß", "+493055501004", department="Sales"),
    person(5, 2, "Bob Ray", "+442079460099"),
    person(6, 2, "Bea Ray", "+442079460099"),
    person(7, 1, "Twin One", "+493055501077"),
    person(8, 2, "Twin Two", "+493055501077"),
    person(9, 1, "Inside", "101"),
    person(10, 3, "Leo Lead", "+442079460114"),
    Entry(Kind.LOCATION, 1, 2, "Main Office", (Phone("+442079460000", Label.WORK),)),
    Entry(Kind.VENDOR, 1, 0, "Pipes, Ltd", (Phone("+442079460118", Label.WORK),)),
)


def snapshot(entries: Iterable[Entry] = PEOPLE, clients: Iterable[Client] = CLIENTS) -> Snapshot:
    return Snapshot.build(clients=clients, entries=entries)


@dataclass(frozen=True)
class World:
    server: Server
    keys: Keys
    mirror: Mirror
    phones: Phones
    ports: dict[str, int]

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.ports['ldap']}"


@asynccontextmanager
async def world(
    folder: Path,
    snap: Snapshot | None = None,
    *,
    cert: Path | None = None,
    tls_key: Path | None = None,
    times: Times = TIMES,
    **section,
) -> AsyncIterator[World]:
    """The door with keys for everything, for client 2 alone, and for caller ID alone."""
    settings = Settings(
        numbers=NumbersSection(region="DE"),
        ldap=LdapSection(**{"host": "127.0.0.1", "port": 0, **section}),
    )
    with closing(Database(folder / "bridge.db")) as database:
        keys = Keys(database, settings)
        keys.add("all", Options(), secret=SECRET)
        keys.add("blue", Options(clients=frozenset({2})), secret=LIMITED)
        keys.add("caller", Options(features=frozenset({Feature.CALLERID})), secret=CALLER)
        mirror = Mirror(snap or snapshot())
        phones = Phones(database)
        async with (
            certified(HttpSection(tls_cert=cert, tls_key=tls_key)) as tls,
            listening(settings.ldap, keys, mirror, phones, tls, times) as (server, ports),
        ):
            yield World(server, keys, mirror, phones, ports)


class Wire:
    """A client of bytes: what sansldap writes, sent and read with deadlines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.ldap = LDAPClient()

    @classmethod
    async def at(cls, world: World, scheme: str = "ldap", tls: ssl.SSLContext | None = None) -> Wire:
        return cls(*await asyncio.open_connection("127.0.0.1", world.ports[scheme], ssl=tls))

    async def bind(self, secret: str = SECRET, name: str = "cn=phone") -> int:
        self.ldap.bind_simple(name, secret)
        (answer,) = await self.answers()
        assert isinstance(answer, BindResponse)
        return answer.result.result_code

    async def search(self, text: str, base: str = "dc=phonebook", **asked) -> tuple[list[SearchResultEntry], int]:
        asked.setdefault("attributes", ["cn"])
        self.ldap.search_request(base, filter=LDAPFilter.from_string(text), **asked)
        *entries, done = await self.answers()
        assert isinstance(done, SearchResultDone)
        return [entry for entry in entries if isinstance(entry, SearchResultEntry)], done.result.result_code

    async def names(self, text: str, **asked) -> list[str]:
        entries, code = await self.search(text, scope=SearchScope.ONE_LEVEL, **asked)
        assert code == 0
        return [value.decode() for entry in entries for one in entry.attributes for value in one.values]

    async def answers(self) -> list[LDAPMessage]:
        """The messages up to the one that ends the operation."""
        self.writer.write(self.ldap.data_to_send())
        found: list[LDAPMessage] = []
        while not found or isinstance(found[-1], SearchResultEntry):
            data = await asyncio.wait_for(self.reader.read(65536), DEADLINE_S)
            assert data, "the door was closed"
            found.extend(self.ldap.receive(data))
        return found

    async def rest(self) -> bytes:
        """All that comes until the door closes."""
        return await asyncio.wait_for(self.reader.read(), DEADLINE_S)

    def close(self) -> None:
        self.writer.close()


async def _serve(folder: str) -> None:
    """A door in a process of its own, over so many people that an answer is long; prints its port."""
    people = [person(at, 1, f"Ada {'x' * 100} {at}", f"+4930{at:07}") for at in range(1, 3001)]
    async with world(Path(folder), snapshot(people), max_results=5000, times=Times(write_s=5)) as here:
        sys.stdout.write(f"{here.ports['ldap']}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
