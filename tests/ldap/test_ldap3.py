"""ldap3, a client library with rules of its own, against every line of what the door promises.

It reads the schema first, and refuses names and syntaxes that are not in it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from ldap3 import (
    ALL,
    ALL_ATTRIBUTES,
    ASYNC,
    AUTO_BIND_NONE,
    BASE,
    LEVEL,
    NO_ATTRIBUTES,
    SUBTREE,
    Connection,
    Server,
    Tls,
)
from ldap3.core.exceptions import LDAPAttributeError, LDAPExceptionError
from ldap3.protocol.controls import build_control
from ldap3.utils.conv import escape_filter_chars

from bridge.ldap import controls
from tests.http.test_tls import PAIRS
from tests.ldap.test_wire import element
from tests.ldap.world import DEADLINE_S, LIMITED, SECRET, World, person, snapshot, world

HERE = "dc=phonebook"
ADA = f"uid=contact-1,{HERE}"


OPENED: list[Connection] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPENED:
        with suppress(LDAPExceptionError):
            OPENED.pop().unbind()


def connection(here: World, secret: str = SECRET, tls: Tls | None = None, **how: Any) -> Connection:
    server = Server("127.0.0.1", here.ports["ldap"], tls=tls, get_info=ALL, connect_timeout=10)
    OPENED.append(Connection(server, "cn=phone", secret, auto_bind=AUTO_BIND_NONE, receive_timeout=DEADLINE_S, **how))
    return OPENED[-1]


def bound(here: World, secret: str = SECRET, **how: Any) -> Connection:
    found = connection(here, secret, **how)
    assert found.bind()
    return found


def names(of: Connection, text: str, **asked: Any) -> list[str]:
    of.search(HERE, text, **{"search_scope": LEVEL, "attributes": ["cn"], **asked})
    return [str(entry.cn) for entry in of.entries]


async def played(folder: Path, play: Callable[[World], None], **settings: Any) -> None:
    async with world(folder, **settings) as here:
        await asyncio.to_thread(play, here)


async def test_what_the_root_and_the_schema_tell(tmp_path):
    def play(here: World) -> None:
        of = bound(here)
        info, schema = of.server.info, of.server.schema
        assert info.naming_contexts == [HERE]
        assert info.supported_ldap_versions == ["3"]
        assert {oid for oid, *_ in info.supported_controls} >= {controls.PAGED, controls.SORT, controls.WINDOW}
        assert schema.object_classes["inetOrgPerson"].superior == ["organizationalPerson"]
        assert schema.attribute_types["telephoneNumber"].oid == "2.5.4.20"
        assert of.extend.standard.who_am_i() == "u:all"
        # A name that no schema has is refused by the client itself.
        with pytest.raises(LDAPAttributeError):
            of.search(HERE, "(nonsense=1)")

    await played(tmp_path, play)


async def test_scopes_and_attributes(tmp_path):
    def play(here: World) -> None:
        of = bound(here)
        found = {}
        for scope in (BASE, LEVEL, SUBTREE):
            of.search(HERE, "(objectClass=*)", search_scope=scope, attributes=NO_ATTRIBUTES)
            found[scope] = [one["dn"] for one in of.response or ()]
        assert found[BASE] == [HERE]
        assert found[SUBTREE] == [HERE, *found[LEVEL]]
        of.search(ADA, "(objectClass=person)", search_scope=BASE, attributes=ALL_ATTRIBUTES)
        (ada,) = of.entries
        assert (ada.sn.value, ada.o.value, ada.mail.value) == ("Muster", "Muster & Söhne", "ada@example.com")
        assert (ada.telephoneNumber.value, ada.mobile.value) == ("+493055501001", "+4917155501002")
        assert ada.objectClass.values == ["top", "person", "organizationalPerson", "inetOrgPerson"]
        assert not of.search("uid=contact-99,dc=phonebook", "(cn=*)", search_scope=BASE)
        assert of.result["description"] == "noSuchObject"

    await played(tmp_path, play)


FILTERS: Iterable[tuple[str, set[str]]] = (
    ("(&(objectClass=person)(|(sn=ray)(sn=muster))(!(givenName=bob)))", {"Ada Muster", "Bea Ray"}),
    ("(cn=*mus*)", {"Ada Muster"}),
    ("(cn=a*mus*er)", {"Ada Muster"}),
    ("(cn~=MUSTER)", {"Ada Muster"}),
    ("(&(sn>=m)(sn<=n))", {"Ada Muster"}),
    ("(mobile=*)", {"Ada Muster"}),
    ("(cn:caseIgnoreMatch:=ADA MUSTER)", {"Ada Muster"}),
    ("(cn=jurg*)", {"Jürgen Weiß"}),
    ("(cn=JÜRG*)", {"Jürgen Weiß"}),
    ("(cn=juerg*)", {"Jürgen Weiß"}),
    ("(sn=weiss)", {"Jürgen Weiß"}),
    ("(o=sohne*)", {"Ada Muster", "Front Desk", "Inside", "Twin One"}),
    *((f"(telephoneNumber={escape_filter_chars(number)})", {"Ada Muster"}) for number in (
        "+493055501001", "03055501001", "004930 5550-1001", "(030) 5550 1001")),
    ("(|(telephoneNumber=0171 55501002)(mobile=0171 55501002)(homePhone=0171 55501002))", {"Ada Muster"}),
)  # fmt: skip


async def test_filters(tmp_path):
    def play(here: World) -> None:
        of = bound(here)
        for text, wanted in FILTERS:
            assert set(names(of, text)) == wanted, text

    await played(tmp_path, play)


async def test_digits_of_a_keypad(tmp_path):
    def play(here: World) -> None:
        of = bound(here)
        assert names(of, "(cn=232*)") == ["Ada Muster", "Bea Ray"]
        assert names(of, "(sn=68783*)") == ["Ada Muster"]
        # Both ways to write the umlaut.
        assert names(of, "(cn=587*)") == ["Jürgen Weiß"]
        assert names(of, "(cn=5837*)") == ["Jürgen Weiß"]

    await played(tmp_path, play, keypad=True)


async def test_limits_of_size_and_time(tmp_path):
    def play(here: World) -> None:
        of = bound(here)
        assert len(names(of, "(cn=*)", size_limit=3)) == 3
        assert of.result["description"] == "sizeLimitExceeded"
        assert len(names(of, "(cn=*)", size_limit=100, time_limit=5)) == 12
        assert of.result["description"] == "success"

    await played(tmp_path, play)


async def test_a_search_that_takes_longer_than_it_may(tmp_path):
    people = [person(at, 1, f"Ada {'x' * 40} {at}", f"+49305{at:06}") for at in range(1, 60_001)]

    def play(here: World) -> None:
        of = bound(here, check_names=False)
        names(of, "(cn=ada 1)")
        parts = "".join(f"(!(cn=*{at:03}*y))(!(o=*{at:03}*z*))" for at in range(60))
        names(of, f"(&{parts}(!(cn=*a*)))", time_limit=1)
        assert of.result["description"] == "timeLimitExceeded"

    await played(tmp_path, play, snap=snapshot(people))


async def test_pages(tmp_path):
    async with world(tmp_path) as here:
        whole = await asyncio.to_thread(lambda: names(bound(here), "(cn=*)"))
    (tmp_path / "bridge.db").unlink()

    def play(here: World) -> None:
        of = bound(here)
        assert names(of, "(cn=*)") == whole[:5]
        paged: list[str] = []
        cookie: bytes | None = None
        while cookie or not paged:
            paged += names(of, "(cn=*)", paged_size=5, paged_cookie=cookie)
            cookie = of.result["controls"][controls.PAGED]["value"]["cookie"]
        assert paged == whole

    await played(tmp_path, play, max_results=5)


def text(value: str, tag: int = 4) -> bytes:
    return element(tag, value.encode())


async def test_sorting_and_a_window_of_a_list(tmp_path):
    """RFC 2891, and draft-ietf-ldapext-ldapv3-vlv-09: two before and one after the first whose name is not less."""
    by_name = build_control(controls.SORT, True, element(0x30, element(0x30, text("sn"))), encode_control_value=False)
    back = element(0x30, element(0x30, text("sn") + b"\x81\x01\xff"))
    backwards = build_control(controls.SORT, True, back, encode_control_value=False)
    around = element(0x30, b"\x02\x01\x02\x02\x01\x01" + text("rayx", 0x81))
    window = build_control(controls.WINDOW, True, around, encode_control_value=False)

    def play(here: World) -> None:
        of = bound(here)
        listed = names(of, "(objectClass=person)", attributes=["cn", "sn"], controls=[by_name])
        assert of.result["controls"][controls.SORTED]["value"] == b"\x30\x03\x0a\x01\x00"
        assert [sn.lower() for sn in map(str, (one.sn for one in of.entries))][:2] == [
            "bluebird - main office",
            "desk",
        ]
        assert sorted(names(of, "(objectClass=person)", controls=[backwards])) == sorted(listed)
        assert str(of.entries[0].cn) == listed[-1]
        seen = names(of, "(objectClass=person)", controls=[by_name, window])
        assert len(seen) == 4
        at = listed.index(seen[0])
        assert seen == listed[at : at + 4]
        assert {"Bob Ray", "Bea Ray"} == set(seen[:2])

    await played(tmp_path, play)


async def test_compare(tmp_path):
    def play(here: World) -> None:
        of = bound(here)
        found = [
            of.compare(ADA, *assertion) and of.result["description"]
            for assertion in (("cn", "ADA MUSTER"), ("cn", "Ada"), ("telephoneNumber", "030 5550 1001"))
        ]
        assert found == ["compareTrue", False, "compareTrue"]

    await played(tmp_path, play)


async def test_abandon_and_what_is_asked_next(tmp_path):
    people = [person(at, 1, f"Ada {at}", f"+49305{at:06}") for at in range(1, 20_001)]

    def play(here: World) -> None:
        of = bound(here, client_strategy=ASYNC)
        of.get_response(of.search(HERE, "(cn=ada 1)"))
        asked = of.search(HERE, "(&(cn=*a*)(!(cn=*a*)))", search_scope=LEVEL)
        assert of.abandon(asked)
        found, result = of.get_response(of.search(HERE, "(cn=ada 7)", attributes=["cn"]))
        assert [one["attributes"]["cn"] for one in found] == [["Ada 7"]]
        assert result["description"] == "success"

    await played(tmp_path, play, snap=snapshot(people))


async def test_start_tls_before_the_key_is_shown(tmp_path):
    def play(here: World) -> None:
        # ldapsearch looks at the certificate; this library does with functions that Python no longer has.
        tls = Tls(validate=ssl.CERT_NONE)
        of = connection(here, tls=tls)
        assert of.start_tls()
        assert of.bind()
        assert names(of, "(cn=ada*)") == ["Ada Muster"]

    await played(tmp_path, play, cert=PAIRS / "one.pem", tls_key=PAIRS / "one.key")


async def test_who_may_bind_and_what_a_limited_key_sees(tmp_path):
    def play(here: World) -> None:
        wrong = connection(here, "wrong")
        assert not wrong.bind()
        assert wrong.result["description"] == "invalidCredentials"
        of = bound(here, LIMITED)
        assert names(of, "(cn=ada*)") == names(of, "(telephoneNumber=03055501001)") == []
        of.search(HERE, "(cn=*)", search_scope=LEVEL, attributes=["o"])
        assert {str(one.o) for one in of.entries} == {"Bluebird"}
        here.keys.revoke("blue")
        assert not of.search(HERE, "(cn=*)")
        assert of.result["description"] == "insufficientAccessRights"
        assert not of.modify(ADA, {"sn": [("MODIFY_REPLACE", ["x"])]})
        assert of.result["description"] == "unwillingToPerform"

    await played(tmp_path, play)
