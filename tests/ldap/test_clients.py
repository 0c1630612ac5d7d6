"""OpenLDAP's tools (ldap-utils) against the door: what they print and how they end."""

from __future__ import annotations

import asyncio
import base64
import shutil

import pytest

from bridge.access.keys import Options
from tests.counterparts import lacking
from tests.http.test_tls import PAIRS
from tests.ldap.world import CALLER, LIMITED, SECRET, person, snapshot, world

BASE = ("-b", "dc=phonebook")
EVERYBODY = {
    *("Ada Muster", "Bea Ray", "Bluebird - Main Office", "Bob Ray", "Front Desk", "Inside", "Jürgen Weiß"),
    *("Leo Lead", "Pipes, Ltd", "Twin One", "Twin Two"),
}


async def tool(*words: str, until: str = "", **environment: str) -> tuple[int | None, str]:
    """Run a tool; where it goes on asking, until it has printed something."""
    if shutil.which("ldapsearch") is None:
        lacking("There is no ldapsearch: apt install ldap-utils")
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"LDAPTLS_REQCERT": "demand", **environment},
    )  # fmt: skip
    assert process.stdout is not None
    text = ""
    async with asyncio.timeout(20):
        while line := (await process.stdout.readline()).decode():
            text += line
            if until and until in line:
                process.kill()
                break
        return await process.wait(), text


async def search(at, *words: str, secret: str = SECRET, until: str = "") -> tuple[int | None, str]:
    lines = ("stdbuf", "-oL") if until else ()
    bound = ("-D", "cn=phone", "-w", secret) if secret else ()
    return await tool(
        *lines, "ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", at.url, *bound, *words, until=until
    )


def values(text: str, attribute: str) -> list[str]:
    found = []
    for line in text.splitlines():
        name, _, value = line.partition(": ")
        if name.rstrip(":") == attribute:
            found.append(base64.b64decode(value).decode() if name.endswith(":") else value)
    return found


FILTERS = [
    ("(|(cn=mus*)(sn=mus*))", {"Ada Muster"}),
    ("(cn=MUSTER ad*)", {"Ada Muster"}),
    ("(cn=weiss*)", {"Jürgen Weiß"}),
    ("(cn=*urge*)", {"Jürgen Weiß"}),
    ("(cn=*ray)", {"Bob Ray", "Bea Ray"}),
    ("(cn=b*ray)", {"Bob Ray", "Bea Ray"}),
    ("(cn=ada muster)", {"Ada Muster"}),
    ("(cn=ada)", set()),
    ("(cn~=muster)", {"Ada Muster"}),
    ("(o=blue*)", {"Front Desk", "Jürgen Weiß", "Bob Ray", "Bea Ray", "Twin Two", "Bluebird - Main Office"}),
    ("(&(cn=front*)(o=muster*))", {"Front Desk"}),
    ("(&(objectClass=person)(!(cn=*a*))(telephoneNumber=*))", {"Bob Ray", "Front Desk", "Inside", "Twin One",
     "Twin Two", "Leo Lead", "Pipes, Ltd", "Jürgen Weiß", "Bluebird - Main Office"} - {"Bob Ray",  "Leo Lead",
     "Bluebird - Main Office"}),
    ("(sn>=twin)", {"Jürgen Weiß", "Twin Two"} - {"Twin Two"} | {"Twin Two"}),
    ("(&(sn>=m)(sn<=n))", {"Ada Muster"}),
    ("(mobile=*)", {"Ada Muster"}),
    ("(cn:=ada muster)", {"Ada Muster"}),
    ("(cn:caseIgnoreMatch:=ada muster)", {"Ada Muster"}),
    ("(nonsense=1)", set()),
    ("(!(nonsense=1))", set()),
    ("(|(nonsense=1)(cn=ada*))", {"Ada Muster"}),
    ("(!(homePhone=*))", EVERYBODY),
    ("(mail=ada@ex*)", {"Ada Muster"}),
    ("(title=chief)", {"Ada Muster"}),
    ("(ou=sal*)", {"Jürgen Weiß"}),
    ("(uid=contact-1)", {"Ada Muster"}),
    ("(&)", EVERYBODY),
    ("(|)", set()),
    ("(telephoneNumber=+493055501001)", {"Ada Muster"}),
    ("(telephoneNumber=03055501001)", {"Ada Muster"}),
    ("(telephoneNumber=004930 5550-1001)", {"Ada Muster"}),
    ("(|(telephoneNumber=01715550 1002)(mobile=01715550 1002)(homePhone=01715550 1002))", {"Ada Muster"}),
    ("(telephoneNumber=0305550*)", {"Ada Muster", "Front Desk", "Jürgen Weiß", "Twin One", "Twin Two"}),
    ("(telephoneNumber=*1004)", {"Jürgen Weiß"}),
    ("(telephoneNumber=*0044207946 0118*)", {"Pipes, Ltd"}),
    ("(telephoneNumber=101)", {"Inside"}),
    ("(telephoneNumber=555)", set()),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "names"), FILTERS)
async def test_a_filter_finds(tmp_path, asked, names):
    async with world(tmp_path) as here:
        code, text = await search(here, *BASE, "-s", "one", asked, "cn")
    assert code == 0, text
    assert set(values(text, "cn")) == names


async def test_a_number_of_several_has_the_name_that_caller_id_gives(tmp_path):
    """Two colleagues of one client are that client; two clients are both."""
    async with world(tmp_path) as here:
        shared = await search(here, *BASE, "(|(telephoneNumber=02079460099)(telephoneNumber=02079460099))", "cn")
        shared = await search(here, *BASE, "(telephoneNumber=+442079460099)", "cn", "telephoneNumber")
        both = await search(here, *BASE, "(telephoneNumber=+493055501077)", "cn")
    assert (values(shared[1], "cn"), values(shared[1], "telephoneNumber")) == (["Bluebird"], ["+442079460099"])
    (name,) = values(both[1], "cn")
    assert set(name.split(" / ")) == {"Bluebird", "Muster & Söhne"}


async def test_digits_find_names_by_keypad_where_the_setting_says_so(tmp_path):
    async with world(tmp_path, keypad=True) as here:
        assert values((await search(here, *BASE, "(cn=232*)", "cn"))[1], "cn") == ["Ada Muster", "Bea Ray"]
    (tmp_path / "bridge.db").unlink()
    async with world(tmp_path) as here:
        assert values((await search(here, *BASE, "(cn=232*)", "cn"))[1], "cn") == []


async def test_attributes_come_by_the_names_they_were_asked_by(tmp_path):
    async with world(tmp_path) as here:
        _, some = await search(here, *BASE, "(uid=contact-1)", "gn", "surname", "TELEPHONENUMBER", "company")
        _, none = await search(here, *BASE, "(uid=contact-1)", "1.1")
        _, names = await search(here, "-A", *BASE, "(uid=contact-1)", "cn")
        _, everything = await search(here, *BASE, "(uid=contact-1)")
    assert some.split("\n")[1:5] == [
        *("gn: Ada", "surname: Muster", "TELEPHONENUMBER: +493055501001"),
        "company:: " + base64.b64encode("Muster & Söhne".encode()).decode(),
    ]
    assert none == "dn: uid=contact-1,dc=phonebook\n\n"
    assert names == "dn: uid=contact-1,dc=phonebook\ncn:\n\n"
    assert values(everything, "objectClass") == ["top", "person", "organizationalPerson", "inetOrgPerson"]


async def test_scopes(tmp_path):
    async with world(tmp_path) as here:
        found = {
            scope: values((await search(here, *BASE, "-s", scope, "(objectClass=*)", "1.1"))[1], "dn")
            for scope in ("base", "one", "sub")
        }
        _, own = await search(here, "-b", "UID=contact-1 , dc=Phonebook", "-s", "base", "(objectclass=*)", "cn")
        _, empty = await search(here, "-b", "", "-s", "sub", "(cn=ada*)", "cn")
        gone = await search(here, "-b", "uid=contact-99,dc=phonebook", "-s", "base")
        wrong = await search(here, "-b", "no dn")
    assert found["base"] == ["dc=phonebook"]
    assert found["sub"] == [*found["base"], *found["one"]]
    assert len(found["one"]) == 12
    assert values(own, "cn") == values(empty, "cn") == ["Ada Muster"]
    assert (gone[0], "dc=phonebook" in gone[1], wrong[0]) == (32, True, 34)


async def test_limits(tmp_path):
    async with world(tmp_path, max_results=5) as here:
        few = await search(here, *BASE, "-z", "2", "(cn=*)", "cn")
        many = await search(here, *BASE, "(cn=*)", "cn")
        just = await search(here, *BASE, "-z", "2", "(cn=*ray)", "cn")
    assert (few[0], len(values(few[1], "cn"))) == (4, 2)
    assert (many[0], len(values(many[1], "cn"))) == (4, 5)
    assert (just[0], len(values(just[1], "cn"))) == (0, 2)


@pytest.mark.parametrize("size", [1, 2, 5, 11, 12, 100])
async def test_pages_hold_everybody_once(tmp_path, size):
    async with world(tmp_path) as here:
        _, whole = await search(here, *BASE, "(cn=*)", "1.1")
        _, sorted_by = await search(here, *BASE, "-E", "sss=-sn", "(cn=*)", "1.1")
        code, paged = await search(here, *BASE, "-E", f"pr={size}/noprompt", "(cn=*)", "1.1")
        _, both = await search(here, *BASE, "-E", f"pr={size}/noprompt", "-E", "sss=-sn", "(cn=*)", "1.1")
    assert code == 0
    assert values(paged, "dn") == values(whole, "dn")
    assert values(both, "dn") == values(sorted_by, "dn")


@pytest.mark.parametrize("order", ["sn", "-sn", "o/sn", "-mobile", "displayName"])
async def test_sorting(tmp_path, order):
    async with world(tmp_path) as here:
        code, text = await search(here, *BASE, "-E", f"sss={order}", "(objectClass=person)", "sn", "o", "mobile")
    assert code == 0
    assert "# sortResult: (0) Success" in text
    sn = [name.lower().replace("ß", "ss") for name in values(text, "sn")]
    if order.endswith("sn") and "/" not in order:
        assert sn == sorted(sn, reverse=order.startswith("-"))
    if order == "o/sn":
        assert values(text, "o") == sorted(values(text, "o"))


# What the readers of a country file apart, and where they look for it (CLDR, common/collation); ``aa`` is å in Danish.
FILED = [
    ("SE", ["Ahlberg", "Olsson", "Zorn", "Åberg", "Ärlig", "Öberg"]),
    ("DE", ["Åberg", "Ahlberg", "Ärlig", "Öberg", "Olsson", "Zorn"]),
    ("DK", ["Olsen", "Zorn", "Æbelø", "Ørsted", "Aagaard"]),
    ("US", ["Aagaard", "Æbelø", "Olsen", "Ørsted", "Zorn"]),
    ("JP", ["青木 (あおき)", "田中 (たなか)", "山田 (やまだ)"]),
]


@pytest.mark.parametrize(("region", "listed"), FILED)
@pytest.mark.parametrize("by", ["cn", "-cn", "o/cn"])
async def test_names_are_sorted_as_the_readers_of_the_key_look_for_them(tmp_path, region, listed, by):
    """A list, and where a view of it begins that is asked for by a name (draft-ietf-ldapext-ldapv3-vlv-09)."""
    people = snapshot(person(at, 1, name, f"+4930{at:07}") for at, name in enumerate(sorted(listed), 1))
    async with world(tmp_path, people) as here:
        secret = here.keys.add("readers", Options(settings={"numbers.region": region}))
        asked = (*BASE, "-E", f"sss={by}", "-s", "one", "(objectClass=person)", "cn")
        _, whole = await search(here, *asked, secret=secret)
        windows = [
            await search(
                here, *BASE, "-E", f"sss={by}", "-E", f"vlv=0/0:{name}", *asked[4:], secret=secret, until="vlvR"
            )
            for name in listed
        ]
    assert values(whole, "cn") == listed[:: -1 if by.startswith("-") else 1]
    if by != "o/cn":
        assert [values(text, "cn") for _, text in windows] == [[name] for name in listed]


async def test_what_cannot_be_sorted_by(tmp_path):
    async with world(tmp_path) as here:
        plain = await search(here, *BASE, "-E", "sss=nonsense", "(cn=ada*)", "cn")
        critical = await search(here, *BASE, "-E", "!sss=nonsense", "(cn=ada*)", "cn")
    assert (plain[0], values(plain[1], "cn")) == (0, ["Ada Muster"])
    assert "# sortResult: (16) No such attribute" in plain[1]
    assert critical[0] == 12


WINDOWS = [
    ("1/1/3/0", slice(1, 4), 3),
    ("0/2/1/0", slice(3), 1),
    ("1/0:rayx", slice(9, 11), 11),
    ("1/0:zz", slice(11, 12), 13),
]


@pytest.mark.parametrize(("asked", "part", "target"), WINDOWS)
async def test_a_window_of_a_list(tmp_path, asked, part, target):
    """draft-ietf-ldapext-ldapv3-vlv-09: by place, and by the beginning of a name."""
    async with world(tmp_path) as here:
        _, whole = await search(here, *BASE, "-E", "sss=sn", "(objectClass=person)", "sn")
        controls = ("-E", "sss=sn", "-E", f"vlv={asked}")
        _, text = await search(here, *BASE, *controls, "(objectClass=person)", "sn", until="vlvResult")
    assert values(text, "sn") == values(whole, "sn")[part]
    assert f"pos={target} count=12" in text


async def test_compare_and_who(tmp_path):
    async with world(tmp_path) as here:
        bound = ("-x", "-H", here.url, "-D", "cn=phone", "-w", SECRET)
        who = "uid=contact-1,dc=phonebook"
        found = [
            (await tool("ldapcompare", *bound, "-z", dn, assertion))[0]
            for dn, assertion in (
                *((who, "cn:ada muster"), (who, "cn:ada"), (who, "telephoneNumber:030 5550 1001")),
                *((who, "homePhone:1"), (who, "nonsense:1"), ("uid=contact-99,dc=phonebook", "cn:x")),
            )
        ]
        me = await tool("ldapwhoami", *bound)
        nobody = await tool("ldapwhoami", "-x", "-H", here.url)
    assert found == [6, 5, 6, 16, 16, 32]
    assert (me[1], nobody[1]) == ("u:all\n", "anonymous\n")


async def test_nothing_can_be_written(tmp_path):
    async with world(tmp_path) as here:
        bound = ("-x", "-H", here.url, "-D", "cn=phone", "-w", SECRET)
        change = tmp_path / "change.ldif"
        change.write_text("dn: uid=contact-1,dc=phonebook\nchangetype: modify\nreplace: cn\ncn: x\n")
        codes = [
            (await tool(*words))[0]
            for words in (
                ("ldapmodify", *bound, "-f", str(change)),
                ("ldapdelete", *bound, "uid=contact-1,dc=phonebook"),
                ("ldapmodrdn", *bound, "uid=contact-1,dc=phonebook", "uid=contact-2"),
                ("ldappasswd", *bound, "-s", "new"),
            )
        ]
    assert codes == [53, 53, 53, 1]  # an operation of its own, which the server does not know


async def test_who_may_bind(tmp_path):
    async with world(tmp_path) as here:
        url = ("-x", "-H", here.url)
        codes = [
            (await tool("ldapwhoami", *url, "-D", dn, "-w", secret))[0]
            for dn, secret in (("cn=x", SECRET), ("all", SECRET), ("cn=x", "wrong"), ("cn=x", CALLER))
        ]
        anonymous = await search(here, *BASE, "(cn=*)", secret="")
        root = await search(here, "-b", "", "-s", "base", "(objectClass=*)", "namingContexts", secret="")
    assert codes == [0, 0, 49, 50]
    assert anonymous[0] == 50
    assert values(root[1], "namingContexts") == ["dc=phonebook"]


async def test_a_setting_names_the_key_of_those_who_bring_none(tmp_path):
    async with world(tmp_path, key="blue", base="dc=example,dc=com") as here:
        code, text = await search(here, "-b", "dc=example,dc=com", "-s", "one", "(cn=*)", "o", "cn", secret="")
    assert code == 0
    assert set(values(text, "o")) == {"Bluebird"}


async def test_a_limited_key_sees_its_client_alone(tmp_path):
    async with world(tmp_path) as here:
        _, whole = await search(here, *BASE, "-s", "one", "(cn=*)", "o", secret=LIMITED)
        gone = [
            await search(here, *where, secret=LIMITED)
            for where in (
                (*BASE, "(telephoneNumber=03055501001)"),
                (*BASE, "(cn=ada*)"),
                (*BASE, "(telephoneNumber=*1001)"),
                ("-b", "uid=contact-1,dc=phonebook", "-s", "base"),
            )
        ]
        bound = ("-x", "-H", here.url, "-D", "cn=phone", "-w", LIMITED)
        compared = await tool("ldapcompare", *bound, "uid=contact-1,dc=phonebook", "cn:ada muster")
    assert set(values(whole, "o")) == {"Bluebird"}
    assert not [values(text, "dn") for _, text in gone if values(text, "dn")]
    assert compared[0] == 32


async def test_start_tls_and_ldaps(tmp_path):
    cert = PAIRS / "one.pem"
    trust, other = ({"LDAPTLS_CACERT": str(PAIRS / name)} for name in ("one.pem", "two.pem"))
    async with world(tmp_path, cert=cert, tls_key=PAIRS / "one.key", tls_port=0) as here:
        bound = ("-D", "cn=phone", "-w", SECRET)
        started = await tool("ldapwhoami", "-x", "-ZZ", "-H", here.url, *bound, **trust)
        ldaps = await tool("ldapwhoami", "-x", "-H", f"ldaps://127.0.0.1:{here.ports['ldaps']}", *bound, **trust)
        strange = await tool("ldapwhoami", "-x", "-ZZ", "-H", here.url, *bound, **other)
    (tmp_path / "bridge.db").unlink()
    async with world(tmp_path) as here:
        without = await tool("ldapwhoami", "-x", "-ZZ", "-H", here.url, *bound)
    assert (started, ldaps) == ((0, "u:all\n"), (0, "u:all\n"))
    assert strange[0] != 0  # the certificate is looked at
    assert without[0] != 0
    assert "Server is unavailable (52)" in without[1]


async def test_the_schema_is_told(tmp_path):
    async with world(tmp_path) as here:
        root = ("-b", "", "-s", "base", "(objectClass=*)", "subschemaSubentry")
        (where,) = values((await search(here, *root))[1], "subschemaSubentry")
        _, text = await search(here, "-b", where, "-s", "base", "(objectClass=subschema)", "attributeTypes")
    assert any("2.5.4.3 NAME ( 'cn'" in one for one in values(text, "attributeTypes"))


async def test_where_caller_id_would_guess_nobody_is_found(tmp_path):
    """Three clients share a number: no name is certain, and a phone would show the first entry as the caller."""
    shared = [person(at, at, f"Twin {at}", "+493055501077") for at in (1, 2, 3)]
    async with world(tmp_path, snapshot(shared)) as here:
        for asked in ("(telephoneNumber=03055501077)", "(|(mobile=03055501077)(cn=zzz*))"):
            assert values((await search(here, *BASE, asked, "cn"))[1], "cn") == []
