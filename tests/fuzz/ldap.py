"""Fuzzes LDAP: ``python -m tests.fuzz.ldap SECONDS [SEED]`` plays phones whose messages were changed at random.

It opens the door over the sample people in this process, sends searches, binds and controls with random bytes in them,
and after every hundred a good search, which must be answered right. A log of an error, a wrong answer, or connections
or memory that stay are a find. The same seed sends the same bytes.
"""

from __future__ import annotations

import asyncio
import logging
import random
import resource
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from sansldap import LDAPClient, LDAPFilter, PagedResultControl

from tests.ldap.world import SECRET, Wire, World, world

AT_ONCE = 8
GOOD_EVERY = 100
MOST_KIB = 64 * 1024  # more than a book and its caches
_FILTERS = (
    "(|(cn=ada*)(o=*b*))",
    "(&(objectClass=*)(!(sn>=m))(|(telephoneNumber=030*)(mobile=+4917155501002)))",
    "(cn:caseIgnoreMatch:=x)",
    "(!(!(!(cn~=a*b*c))))",
)


def messages(rng: random.Random) -> bytes:
    """A bind and some operations, more or less."""
    client = LDAPClient()
    client.bind_simple("cn=phone", SECRET if rng.random() < 0.9 else "wrong")
    bound = client.data_to_send()
    asker = LDAPClient()
    for _ in range(rng.randint(1, 4)):
        asker.search_request(
            rng.choice(("dc=phonebook", "", "uid=contact-1,dc=phonebook", "cn=subschema", "\\,=,")),
            filter=LDAPFilter.from_string(rng.choice(_FILTERS)),
            scope=rng.randrange(3),
            size_limit=rng.choice((0, 1, 50)),
            attributes=rng.choice(([], ["*", "+"], ["cn", "no"], ["1.1"])),
            controls=[PagedResultControl(critical=True, size=2, cookie=rng.choice((b"", b"contact-1:0", b"::9")))]
            if rng.random() < 0.3
            else [],
        )
    octets = bytearray(asker.data_to_send())
    for _ in range(rng.choice((0, 1, 1, 2, 5, 20))):
        octets[rng.randrange(len(octets))] = rng.randrange(256)
    if rng.random() < 0.1:
        del octets[rng.randrange(len(octets)) :]
    return bound + bytes(octets)


async def talk(here: World, rng: random.Random) -> None:
    """One connection that may go any way."""
    reader, writer = await asyncio.open_connection("127.0.0.1", here.ports["ldap"])
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(0.2):
            writer.write(messages(rng))
            while await reader.read(65536):
                pass
    writer.transport.abort()


async def good(here: World) -> bool:
    """Whether an ordinary search gets its answer."""
    async with asyncio.timeout(10):
        wire = await Wire.at(here)
        try:
            return await wire.bind() == 0 and await wire.names("(cn=mus*)") == ["Ada Muster"]
        finally:
            wire.close()


async def fuzz(seconds: float, seed: int) -> int:
    """Fuzz for so long; tells what was found, and gives how much that is."""
    rng, found, sent, end = random.Random(seed), 0, 0, time.monotonic() + seconds
    faults: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: faults.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder)) as here:
            assert await good(here)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            while time.monotonic() < end:
                await asyncio.gather(*(talk(here, random.Random(rng.random())) for _ in range(AT_ONCE)))
                sent += AT_ONCE
                if sent % GOOD_EVERY < AT_ONCE and not await good(here):
                    found += 1
                    sys.stdout.write(f"seed {seed}: a good search after {sent} connections was answered wrong\n")
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            if grown > MOST_KIB:
                found += 1
                sys.stdout.write(f"seed {seed}: memory grew by {grown} KiB\n")
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    while len(here.server.places):  # noqa: ASYNC110 - the server tells nobody
                        await asyncio.sleep(0.01)
            if len(here.server.places):
                found += 1
                sys.stdout.write(f"seed {seed}: {len(here.server.places)} connections stayed\n")
    for fault in dict.fromkeys(faults):
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(f"{sent} connections in {seconds:.0f} s, seed {seed}: {found + len(faults)} found\n")
    return found + len(faults)


if __name__ == "__main__":
    sys.exit(bool(asyncio.run(fuzz(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))))
