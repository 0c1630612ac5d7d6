"""Fuzzes the HTTP interface of a whole bridge: no 500, no traceback, no death, nothing but names where phones ask.

``python -m tests.fuzz.http SECONDS [SEED]`` starts ``itflow-bridge demo`` and sends it good requests that were changed
at random, in random pieces. What breaks it is kept in ``tests/data/fuzz/http``, and ``test_fuzz_corpus.py`` sends all
of that again. The same seed makes the same requests.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.http.callerid_desk import replies

CORPUS = Path(__file__).parents[1] / "data/fuzz/http"
KEY = b"demo"
CONNECTIONS = 8
ANSWER_S = 0.3
KEPT = 24  # the last requests before a line of the log that tells of a fault

_HEAD = b"Host: bridge\r\nConnection: close\r\n"
_JSON, _FORM = b"Content-Type: application/json\r\n", b"Content-Type: application/x-www-form-urlencoded\r\n"
_PART = b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
_MULTIPART = _PART % (b"name", b"PC-1") + _PART % (b"client_id", b"1") + b"--x--\r\n"


def _get(target: bytes, fields: bytes = b"", method: bytes = b"GET") -> bytes:
    return b"%b %b HTTP/1.1\r\n%b%b\r\n" % (method, target, _HEAD, fields)


def _post(target: bytes, fields: bytes, body: bytes, method: bytes = b"POST") -> bytes:
    return _get(target, b"%bContent-Length: %d\r\n" % (fields, len(body)), method) + body


_PATHS = (
    *(
        b"/api.php?api_key=demo&" + question
        for question in (
            *(
                b"cid=%2B12125550199&name=Trunk",
                b"cid=2125550199",
                b"incoming_call&cid=1",
                b"phonebook",
                b"client_emails",
            ),
            *(
                b"primary_contact_emails",
                b"client_numbers",
                b"primary_contact_numbers",
                b"account_balance=1",
                b"client_id=1",
            ),
            *(b"add_asset=PC-1&client_id=1", b"number=1"),
        )
    ),
    *(b"/callerid?api_key=demo&number=2125550199&format=" + form for form in (b"text", b"json", b"hash")),
    *(b"/explain?api_key=demo&number=2125550199&as=demo", b"/balance?api_key=demo&client_id=1"),
    *(b"/emails?api_key=demo&format=rfc5322&who=all", b"/numbers?api_key=demo&format=csv&leads=0"),
    *(
        b"/assets/1?api_key=demo",
        b"/calls?api_key=demo&missed=1&number=2125550199&format=csv",
        b"/healthz",
        b"/readyz",
        b"/openapi.json",
        b"/metrics",
        b"/nothing?cid=1",
        b"/old/api.php?cid=1",
        b"//api.php?cid=1",
    ),
    *(b"/.well-known/carddav", b"/carddav/book/itflow-contact-1.vcf?api_key=demo"),
    *(b"/phonebook/yealink/demo/book.xml?q=a&page=2", b"/phonebook/auto?api_key=demo", b"//phonebook/cisco/demo"),
    *(
        b"/",
        b"/page/calls?which=missed&since=2026-11-01&client=A+%28%231%29",
        b"/page/calls.csv?number=1",
        b"/page/calls/1/assets",
        b"/page/live?after=1",
    ),
    *(
        b"/page/week?day=2026-11-27",
        b"/page/lookup?q=2125550199",
        b"/page/books?format=snom&search=a",
        b"/page/outbox",
    ),
    *(b"/contacts/1?api_key=demo", b"/tickets/1?api_key=demo", b"/notes/1?api_key=demo"),
    *(b"/page/data", b"/page/setup", b"/page/health", b"/page/contact?number=1", b"/page/static/1/page.css"),
    *(b"/sign-in?back=/page/week", b"/sign-in?link=" + b"0" * 43),
    *(b"/phonebook/grandstream/demo/phonebook.xml", b"/phonebook/snom?api_key=demo&contacts=all&sort=client"),
)
_CARDS = b"xmlns:d='DAV:' xmlns:c='urn:ietf:params:xml:ns:carddav'"
_QUERY = (
    b"<c:addressbook-query %b><d:prop><d:getetag/><c:address-data/></d:prop><c:filter test='anyof'><c:prop-filter"
    b" name='FN'><c:text-match match-type='contains'>ann</c:text-match></c:prop-filter></c:filter>"
    b"</c:addressbook-query>" % _CARDS
)
_MULTIGET = b"<c:addressbook-multiget %b><d:href>/carddav/book/itflow-contact-1.vcf</d:href></c:addressbook-multiget>"
_SYNC = b"<d:sync-collection %b><d:sync-token/><d:prop><d:getetag/></d:prop></d:sync-collection>" % _CARDS
_WITH_BODIES = (
    *(_post(b"/carddav/book/?api_key=demo", b"", body, b"REPORT") for body in (_QUERY, _MULTIGET % _CARDS, _SYNC)),
    _post(b"/carddav/?api_key=demo", b"Depth: 1\r\n", b"<propfind xmlns='DAV:'><allprop/></propfind>", b"PROPFIND"),
    *(_get(b"/carddav/", b"", b"OPTIONS"), _get(b"/.well-known/carddav", b"", b"PROPFIND")),
    _post(b"/contacts?api_key=demo", _JSON, b'{"client_id": 1, "name": "Ann", "email": "ann@example.com"}'),
    _post(b"/tickets?api_key=demo", _JSON, b'{"client_id": 1, "subject": "Printer"}'),
    _post(b"/notes?api_key=demo", _JSON, b'{"client_id": 1, "ticket_id": 1, "text": "Called"}'),
    *(
        _post(b"/" + path, _FORM, b"token=x&name=Demo&password=x&ids=1,2&id=1&number=1&system=snom&row=1&ticket=1")
        for path in (
            *(b"sign-in", b"page/sign-out", b"page/dial", b"page/calls/done", b"page/outbox/retry", b"page/setup"),
            *(b"page/health/accept", b"page/contact", b"page/ticket"),
        )
    ),
    _post(b"/assets?api_key=demo", _JSON, b'{"client_id": 1, "name": "PC-1", "serial": "S1"}'),
    _post(b"/assets?api_key=demo", _FORM, b"client_id=1&name=B%FCro+PC"),
    _post(b"/assets?api_key=demo", b"Content-Type: multipart/form-data; boundary=x\r\n", _MULTIPART),
    _post(b"/api.php?api_key=demo&add_asset=PC-2", _FORM, b"client_id=1"),
    _post(b"/api.php?cid=1&name=Trunk", _JSON, b"{}"),
    _post(
        b"/calls/events?api_key=demo",
        _FORM,
        b"event=newCall&callId=1&direction=in&from=12125550199&user[]=A&userId[]=w0",
    ),
    _post(
        b"/calls/events/zammad?api_key=demo",
        _JSON,
        b'{"event": "hangup", "callId": 1, "direction": "in", "user": [1]}',
    ),
    _post(b"/calls/dial?api_key=demo", _JSON, b'{"number": "12125550199", "extension": "101"}'),
    _post(b"/phonebook/cisco", _FORM, b"api_key=demo&q=a"),
    _get(b"/assets?api_key=demo", _JSON + b"Transfer-Encoding: chunked\r\n", b"POST")
    + b'2a\r\n{"client_id": 1, "name": "PC-3", "os": "L"}\r\n0\r\n\r\n',
)
_FIELDS = (
    *(
        b"",
        b"Authorization: Bearer demo\r\n",
        b"Authorization: Basic eDpkZW1v\r\n",
        b"User-Agent: Yealink SIP-T46S\r\n",
    ),
    *(b"Accept-Encoding: gzip;q=0.5, br\r\n", b'If-None-Match: "x", W/"y"\r\n', b"Accept-Charset: iso-8859-1;q=1\r\n"),
    *(b"Expect: 100-continue\r\n", b"X-Forwarded-For: 1.2.3.4, unknown\r\n", b"Forwarded: for=_x;proto=https\r\n"),
    *(b"Content-Encoding: gzip\r\n", b"Range: bytes=0-1\r\n", b"Cookie: a=b\r\n", b"Upgrade: h2c\r\n"),
)
# What breaks parsers.
_WORDS = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\x00",
        b"\xff",
        b"\xc3\xa9",
        b"%00",
        b"%0d%0a",
        b"%ed%a0%80",
        b"%f0%9f%98%80",
        b"%",
        b"%zz",
    ),
    *(
        b"\\ud800",
        b"\\u0000",
        b"&",
        b"=",
        b";",
        b"+",
        b"#",
        b"?",
        b"//",
        b"/../",
        b"%2f",
        b" ",
        b"\t",
        b'"',
        b",",
        b"[]",
    ),
    *(
        b"-1",
        b"0",
        b"99999999999999999999",
        b"1e999",
        b"NaN",
        b"null",
        b"{",
        b"[",
        b"''",
        b"\xe2\x80\xae",
        b"\x1b[31m",
    ),
    *(b"HTTP/1.1", b"HTTP/1.0", b"Host: y\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(
        b"cid=",
        b"name=",
        b"number=",
        b"api_key=",
        b"format=",
        b"charset=klingon",
        b"; boundary=",
        b"*" * 300,
        b"a" * 9000,
    ),
    *(b"http://[::1", b"[", b"]", b":0", b":99999", b"@", b"gzip", b"q=x", b"W/", b"\xed\xa0\x80"),
)
_METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"CONNECT", b"get", b"QUERY")


def requests(rng: random.Random) -> Iterator[bytes]:
    """Good requests, changed; without end."""
    while True:
        octets = good(rng)
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            octets = rng.choice(_CHANGES)(rng, octets)
        if rng.random() < 0.8:
            octets = _measured(octets)
        yield octets + (good(rng) if rng.random() < 0.1 else b"")


def good(rng: random.Random) -> bytes:
    """A request that is answered, for the key ``demo``."""
    if rng.random() < 0.4:
        return rng.choice(_WITH_BODIES)
    return _get(rng.choice(_PATHS), rng.choice(_FIELDS), rng.choice(_METHODS) if rng.random() < 0.2 else b"GET")


def _put(rng: random.Random, octets: bytes) -> bytes:
    at = rng.randint(0, len(octets))
    return octets[:at] + rng.choice(_WORDS) + octets[at:]


def _replace(rng: random.Random, octets: bytes) -> bytes:
    """Another value for one that stands behind ``=``, ``: `` or ``/``."""
    places = [found.span(1) for found in re.finditer(rb"[=/]([^=&/ \r\n]*)|: ([^\r\n]*)", octets) if found[1]]
    if not places:
        return _put(rng, octets)
    start, end = rng.choice(places)
    return octets[:start] + rng.choice(_WORDS) + octets[end:]


def _flip(rng: random.Random, octets: bytes) -> bytes:
    changed = bytearray(octets or b"x")
    changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(rng: random.Random, octets: bytes) -> bytes:
    start, end = sorted((rng.randint(0, len(octets)), rng.randint(0, len(octets))))
    return octets[:start] + octets[end:] if rng.random() < 0.7 else octets[:end]


def _double(rng: random.Random, octets: bytes) -> bytes:
    start, end = sorted((rng.randint(0, len(octets)), rng.randint(0, len(octets))))
    return octets[:end] + octets[start:end] * rng.choice((1, 2, 50)) + octets[end:]


def _field(rng: random.Random, octets: bytes) -> bytes:
    line, newline, rest = octets.partition(b"\r\n")
    return line + newline + rng.choice(_FIELDS) + rest


def _splice(rng: random.Random, octets: bytes) -> bytes:
    other = good(rng)
    return octets[: rng.randint(0, len(octets))] + other[rng.randint(0, len(other)) :]


def _measured(octets: bytes) -> bytes:
    """With the length that the body has now, so that it is read to its end."""
    head, end, body = octets.partition(b"\r\n\r\n")
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head, count=1) + end + body


_CHANGES = (*(_replace,) * 6, _put, _put, _field, _field, _flip, _cut, _double, _splice)


_FOR_A_NAME = re.compile(rb"[A-Z]+ /(?:old/)?api\.php\?(?:[^?]*&)?cid=")

_TEXTS = re.compile(
    rb'This request|Ask for|Missing|Incorrect|The |POST is|\d{3}: |Bad |\{"type": "about:blank"|.* must be '
)


def wrong(request: bytes, answer: bytes) -> str | None:
    """What is wrong with the answer to a request, or None."""
    if b"HEAD " in request:  # where the next answer begins cannot be told
        return "500" if b"HTTP/1.1 500" in answer else None
    try:
        found = replies(re.sub(rb"HTTP/1\.1 100 Continue\r\n\r\n", b"", answer))
    except (AssertionError, ValueError):
        return "what came back is not HTTP"
    line = request.partition(b"\r\n")[0]
    for reply in found:
        if reply.status == 500:
            return "500"
    if found and _FOR_A_NAME.match(line) and _TEXTS.match(found[0].body):
        return "a text that would be shown as a name"
    return None


@dataclass
class Bridge:
    """The bridge under test.

    Attributes:
        faults: Lines of its log that tell of a fault.
    """

    process: asyncio.subprocess.Process
    port: int
    faults: list[str] = field(default_factory=list)

    async def ask(self, octets: bytes, rng: random.Random) -> bytes:
        """Send a request in random pieces; everything that comes back in time."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answer = b""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                cuts = sorted(rng.randint(0, len(octets)) for _ in range(rng.choice((0, 0, 1, 3))))
                for start, end in zip((0, *cuts), (*cuts, len(octets)), strict=True):
                    writer.write(octets[start:end])
                    await writer.drain()
                if rng.random() < 0.5:
                    writer.write_eof()
                while part := await reader.read(1 << 16):
                    answer += part
        writer.transport.abort()
        return answer


@asynccontextmanager
async def demo() -> AsyncIterator[Bridge]:
    """A bridge with an embedded ITFlow and sample data, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge", "demo", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    port = 0
    while not port:
        line = await process.stdout.readline()
        assert line, "the demo does not start"
        if told := re.search(rb"answers on http://[^:]+:(\d+)", line):
            port = int(told[1])
    bridge = Bridge(process, port)

    async def read(stream: asyncio.StreamReader) -> None:
        async for raw in stream:
            line = raw.decode(errors="replace")
            refused = " is refused: " in line  # by ITFlow, and so it should be said
            if not refused and re.search(r"Traceback|\bERROR\b|failed with|never awaited|never retrieved", line):
                bridge.faults.append(line.strip())

    reading = [asyncio.create_task(read(stream)) for stream in (process.stdout, process.stderr)]
    try:
        yield bridge
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await asyncio.gather(*reading)


async def fuzz(seconds: float, seed: int) -> int:
    """Fuzz for so long; tells what was found, and gives how much that is."""
    rng = random.Random(seed)
    source, end, found = requests(rng), time.monotonic() + seconds, 0
    statuses: Counter[str] = Counter()
    last: list[bytes] = []

    def keep(octets: bytes, why: str) -> None:
        nonlocal found
        found += 1
        name = hashlib.sha256(octets).hexdigest()[:16]
        (CORPUS / f"{name}.bin").write_bytes(octets)
        sys.stdout.write(f"{why}: {name}.bin {octets[:100]!r}\n")

    async with demo() as bridge:

        async def connection(own: random.Random) -> None:
            while time.monotonic() < end and bridge.process.returncode is None:
                octets = next(source)
                last.append(octets)
                del last[:-KEPT]
                with suppress(OSError):
                    answer = await bridge.ask(octets, own)
                    statuses[answer[9:12].decode("latin-1") or "none"] += 1
                    if why := wrong(octets, answer):
                        keep(octets, why)
                if bridge.faults:
                    keep(b"\0\0".join(last), bridge.faults[0])
                    bridge.faults.clear()

        async with asyncio.TaskGroup() as group:
            for number in range(CONNECTIONS):
                group.create_task(connection(random.Random(seed * 1000 + number)))
        if bridge.process.returncode is not None:
            keep(b"\0\0".join(last), f"death with status {bridge.process.returncode}")
    sent = sum(statuses.values())
    sys.stdout.write(f"seed {seed}: {sent} requests, {dict(sorted(statuses.items()))}, {found} found\n")
    return found


if __name__ == "__main__":
    CORPUS.mkdir(parents=True, exist_ok=True)
    _seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
    sys.exit(asyncio.run(fuzz(float(sys.argv[1]), _seed)) > 0)
