"""The door of the phonebooks: a request as each maker's phone sends it, against a real server."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bridge import callerid
from bridge.http.phonebook import BOOKS
from bridge.http.state import IN_USE, MIRROR
from bridge.settings import Settings
from tests.http.phonebook_door import BALANCE_ONLY, KEY, LIMITED, Door, open_door, show
from tests.phonebook.people import crowd, hostile
from tests.phonebook.readers import read


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path) as opened:
        yield opened


GRANDSTREAM = "Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b828aa872"
YEALINK = "Yealink SIP-T46G 28.83.0.50 00:15:65:aa:bb:cc"
BASIC = "Basic " + base64.b64encode(f"phone:{KEY}".encode()).decode()

# As each maker's phone asks: format, method, path, headers, MAC address that is remembered.
ASKED = [
    ("grandstream", "GET", f"/phonebook/grandstream/{KEY}/phonebook.xml", {"User_Agent": GRANDSTREAM}, "000b828aa872"),
    (
        "grandstream",
        "GET",
        f"//phonebook//grandstream/{KEY}//PhoneBook.XML",
        {"User_Agent": GRANDSTREAM},
        "000b828aa872",
    ),
    ("grandstream", "GET", "/phonebook/grandstream/phonebook.xml", {"Authorization": BASIC}, ""),
    ("grandstream", "GET", f"/PHONEBOOK/GRANDSTREAM/{KEY}/PHONEBOOK.XML", {"User_Agent": GRANDSTREAM}, "000b828aa872"),
    ("grandstream-mobile", "GET", f"/Phonebook/grandstream-mobile/{KEY}/phonebook.xml", {}, ""),
    ("gigaset-n530", "GET", f"/phonebook/gigaset-n530?api_key={KEY}", {}, ""),
    ("panasonic-book", "GET", f"/phonebook/panasonic-book?api_key={KEY}", {}, ""),
    ("digium", "GET", f"/phonebook/digium/{KEY}/000fd3aabbcc-contacts.xml", {}, "000fd3aabbcc"),
    ("grandstream-old", "GET", f"/phonebook/grandstream-old/{KEY}/gs_phonebook.xml", {}, ""),
    ("grandstream-cell", "GET", f"/phonebook/grandstream-cell/{KEY}/phonebook.xml", {}, ""),
    ("gigaset-central", "GET", "/phonebook/gigaset-central", {"Authorization": BASIC}, ""),
    ("yealink", "GET", f"/phonebook/yealink?api_key={KEY}", {"User_Agent": YEALINK}, "001565aabbcc"),
    ("yealink", "GET", f"/phonebook/Yealink?api_key={KEY}&", {"User_Agent": YEALINK}, "001565aabbcc"),
    ("yealink", "GET", f"/phonebook/auto?api_key={KEY}", {"User_Agent": YEALINK}, "001565aabbcc"),
    ("yealink", "GET", "/phonebook/yealink", {"Authorization": BASIC, "User_Agent": YEALINK}, "001565aabbcc"),
    ("yealink", "GET", "/phonebook/yealink", {"Authorization": f"Bearer {KEY}"}, ""),
    ("yealink-book", "GET", f"/phonebook/yealink-book?api_key={KEY}", {}, ""),
    ("cisco", "GET", f"/phonebook/cisco/{KEY}/list?name=SEP001122AABBCC", {}, "001122aabbcc"),
    ("snom-tbook", "POST", f"/phonebook/snom-tbook?api_key={KEY}", {}, ""),
    (
        "snom-m",
        "GET",
        f"/phonebook/snom-m/{KEY}/book.xml",
        {"User_Agent": "Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)"},
        "000413b60680",
    ),
    (
        "fanvil",
        "GET",
        f"/phonebook/fanvil?api_key={KEY}",
        {"User_Agent": "Fanvil X6U Pro 0.0.10 0c383e2cd782"},
        "0c383e2cd782",
    ),
    ("polycom", "GET", f"/phonebook/polycom/{KEY}/0004f2ABCDEF-directory.xml", {}, "0004f2abcdef"),
    ("polycom", "GET", "/phonebook/polycom/000000000000-directory.xml", {"Authorization": BASIC}, ""),
    ("polycom", "GET", f"/phonebook/polycom/{KEY}/000000000000-directory~.xml", {}, ""),
    (
        "polycom",
        "GET",
        f"/phonebook/auto/{KEY}/0004f2abcdef-directory.xml",
        {"User_Agent": "FileTransport PolycomVVX-VVX_400-UA/4.1"},
        "0004f2abcdef",
    ),
    ("mitel-csv", "GET", f"/phonebook/mitel-csv/{KEY}/directory.csv", {}, ""),
    (
        "htek",
        "GET",
        f"/phonebook/htek?api_key={KEY}&search=",
        {"User_Agent": "Htek UC903 2.0.4.2 00:1f:c1:1c:22:a9"},
        "001fc11c22a9",
    ),
    (
        "panasonic",
        "GET",
        f"/phonebook/panasonic?api_key={KEY}",
        {"User_Agent": "Panasonic_KX-UT113/01.133 (0080f0c8c381)"},
        "0080f0c8c381",
    ),
    ("vtech", "GET", f"/phonebook/vtech?api_key={KEY}", {}, ""),
    ("digium", "GET", f"/phonebook/digium/{KEY}/000fd3aabbcc-contacts.cfg", {}, "000fd3aabbcc"),
    ("digium-a", "GET", f"/phonebook/digium-a?api_key={KEY}", {}, ""),
    ("avaya", "GET", f"/phonebook/avaya?api_key={KEY}", {}, ""),
    ("fritzbox", "GET", f"/phonebook/fritzbox?api_key={KEY}", {}, ""),
    ("vcard3", "GET", f"/phonebook/vcard3?api_key={KEY}", {}, ""),
    ("vcard4", "GET", f"/phonebook/vcard4/{KEY}/contacts.vcf", {}, ""),
    ("csv", "GET", f"/phonebook/csv/{KEY}/contacts.csv", {}, ""),
]


@pytest.mark.parametrize(("name", "method", "path", "headers", "mac"), ASKED)
async def test_as_that_phone(door: Door, name: str, method: str, path: str, headers: dict[str, str], mac: str) -> None:
    status, sent, body = await door.get(path, method, **headers)
    assert status == 200
    assert any("Ada" in item.name for item in read(name, body))
    assert sent["Content-Length"] == str(len(body))
    assert "Transfer-Encoding" not in sent
    assert "Content-Encoding" not in sent
    assert sent["Content-Type"].endswith("; charset=utf-8")
    assert sent["Age"] == "90"
    door.phones.flush()
    (seen,) = door.phones.all()
    assert (seen.phone.mac, seen.phone.format, seen.phone.key) == (mac, name, "all")
    assert seen.entries == len(read(name, body))


async def test_yealink_search_and_menu(door: Door) -> None:
    _, _, body = await door.get(f"/phonebook/yealink?api_key={KEY}&search=must%20ad")
    assert [item.name for item in read("yealink", body)] == ["Ada Muster (Muster & Söhne)"]
    _, _, body = await door.get(f"/phonebook/yealink-menu?api_key={KEY}")
    (vendors,) = [
        url.text or "" for url in ET.fromstring(body).iterfind("MenuItem/URL") if "vendors" in (url.text or "")
    ]
    _, _, body = await door.get(vendors)
    assert [item.name for item in read("yealink", body)] == ["A (Muster & Söhne)", "Pipes | Co; \\n, Ltd"]


async def test_cisco_walks_menu_search_and_pages(door: Door) -> None:
    show(door, crowd(40))
    _, sent, body = await door.get(f"/phonebook/cisco/{KEY}?name=SEP001122AABBCC")
    menu = ET.fromstring(body)
    assert (menu.tag, sent["Content-Type"]) == ("CiscoIPPhoneMenu", "text/xml; charset=utf-8")
    urls = {item.findtext("Name"): item.findtext("URL") or "" for item in menu.iterfind("MenuItem")}
    assert all(url.startswith(f"http://127.0.0.1:{door.client.port}/phonebook/cisco/{KEY}/") for url in urls.values())

    _, sent, body = await door.get(urls["All"])
    first = ET.fromstring(body)
    assert len(first.findall("DirectoryEntry")) == 32
    assert [key.findtext("Name") for key in first.iterfind("SoftKeyItem")] == [
        "Dial",
        "EditDial",
        "Exit",
        "Next",
        "Search",
    ]
    next_url = first.findtext("SoftKeyItem[4]/URL") or ""
    assert sent["Refresh"] == f"0; url={next_url}"
    assert sent["Expires"] == "Fri, 02 Jan 1970 00:00:00 GMT"

    _, sent, body = await door.get(next_url)
    assert ET.fromstring(body).findtext("Prompt") == "33-64 of 80"
    assert read("cisco", body)[0].name == "Ada00017 Muster · Client (work)"

    _, _, body = await door.get(urls["Search"])
    form = ET.fromstring(body)
    parameter = form.findtext("InputItem/QueryStringParam")
    _, _, body = await door.get(f"{form.findtext('URL')}?{parameter}=muster00033")
    assert [item.name for item in read("cisco", body)] == [
        "Ada00033 Muster · Client (work)",
        "Ada00033 Muste · Client (mobile)",
    ]
    async with door.client.session.post(form.findtext("URL") or "", data={parameter: "nobody"}) as answer:
        assert ET.fromstring(await answer.read()).findtext("DirectoryEntry/Name") == "No entries"


async def test_pages_of_a_search_in_a_group(door: Door) -> None:
    show(door, crowd(400, clients=2))
    _, _, body = await door.get(f"/phonebook/cisco?api_key={KEY}&contacts=all&group=1&search=ada&screen=list")
    url = ET.fromstring(body).findtext("SoftKeyItem[4]/URL") or ""
    assert url.endswith(f"/phonebook/cisco/list?api_key={KEY}&contacts=all&group=1&search=ada&offset=32")
    _, _, body = await door.get(url)
    assert ET.fromstring(body).findtext("Prompt") == "33-64 of 400"
    assert {int(item.name[3:8]) % 2 for item in read("cisco", body)} == {0}


async def test_a_menu_of_more_groups_than_fit(door: Door) -> None:
    show(door, crowd(400))
    names = []
    url = f"/phonebook/cisco/{KEY}?group_by=client"
    while url:
        _, _, body = await door.get(url)
        items = {
            item.findtext("Name") or "": item.findtext("URL") for item in ET.fromstring(body).iterfind("MenuItem")
        }
        assert len(items) <= 100
        url = items.pop("More", None) or ""
        names += [name for name in items if name.startswith("Client")]
    assert len(set(names)) == len(names) == 200


async def test_cisco_7940_reads_latin_1(door: Door) -> None:
    path = f"/phonebook/cisco/{KEY}/list?search=zo%EB"
    _, sent, body = await door.get(path, Accept_Charset="iso-8859-1, utf-8;q=0.8")
    assert sent["Content-Type"] == "text/xml; charset=iso-8859-1"
    assert "Zoë".encode("latin-1") in body
    assert read("cisco", body)[0].name == "Zoë 👩‍👩‍👧 Emoji · O'Neill"
    _, sent, _ = await door.get(path, Accept_Charset="utf-8, iso-8859-1;q=0.8")
    assert sent["Content-Type"] == "text/xml; charset=utf-8"


@pytest.mark.parametrize(
    ("public", "start"),
    [("https://pbx.example/bridge/", "https://pbx.example:443/bridge/"), ("http://[::1]:81", "http://[::1]:81/")],
)
async def test_links_go_to_the_public_address(door: Door, public: str, start: str) -> None:
    door.app[IN_USE].settings = Settings.model_validate({"http": {"public_url": public}})
    _, _, body = await door.get(f"/phonebook/cisco?api_key={KEY}")
    url = ET.fromstring(body).findtext("MenuItem/URL")
    assert url == f"{start}phonebook/cisco/search?api_key={KEY}"


async def test_a_host_that_is_no_address(door: Door) -> None:
    assert (await door.get(f"/phonebook/cisco/{KEY}", Host="bridge:99999"))[0] == 400
    assert (await door.get(f"/phonebook/grandstream/{KEY}/phonebook.xml", Host="bridge:99999"))[0] == 200


async def test_snom_search_token_and_second_page(door: Door) -> None:
    show(door, crowd(20))
    _, _, body = await door.get(f"/phonebook/snom?api_key={KEY}")
    urls = {item.get("name"): item.findtext("Url") or "" for item in ET.fromstring(body).iterfind("MenuItem")}
    _, _, body = await door.get(urls["Search"])
    typed = (ET.fromstring(body).findtext("Url") or "").replace("__X__", "ada")
    _, _, body = await door.get(typed)
    assert len(read("snom", body)) == 16
    key = ET.fromstring(body).find("SoftKeyItem")
    assert key is not None
    assert key.findtext("Name") == "F4"
    _, _, body = await door.get(key.findtext("URL") or "")
    assert read("snom", body)[0].name == "Ada00009 Muster00009 · Client & Söhne 10 (work)"


async def test_mitel_form_and_pages(door: Door) -> None:
    show(door, crowd(20))
    _, _, body = await door.get(f"/phonebook/mitel/{KEY}/search", User_Agent="Mitel6920 MAC:14-00-E9-1F-03-EA V:6.4")
    form = ET.fromstring(body)
    _, _, body = await door.get(f"{form.findtext('URL')}?{form.findtext('Parameter')}=ada")
    assert len(body) <= 10_000
    (next_url,) = [
        item.findtext("URI")
        for item in ET.fromstring(body).iterfind("MenuItem")
        if item.findtext("Prompt") == "Next page"
    ]
    _, _, body = await door.get(next_url or "")
    assert read("mitel", body)[0].name == "Ada00009 Muster00009 · Client & Söhne 10 (work)"
    door.phones.flush()
    assert {seen.phone.mac for seen in door.phones.all()} == {"1400e91f03ea", ""}


GIGASET = "command=get_list&type=pr&lang=9&mac=7C2F80AABBCC&reqsrc=user&handsetid=1&limit=20480"


async def gigaset(door: Door, query: str) -> ET.Element:
    agent = '"Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80AABBCC;Handset=1"'
    status, sent, body = await door.get(f"/phonebook/gigaset/{KEY}?{query}", User_Agent=agent)
    assert (status, sent["Content-Type"]) == (200, "text/xml; charset=utf-8")
    return ET.fromstring(body)


async def test_gigaset_search_by_fields(door: Door) -> None:
    found = await gigaset(door, f"{GIGASET}&ln=mu%2a&fn=%2a&hm=%2a&first=1&count=10&reqid=77")
    assert found.attrib == {
        "response": "get_list",
        "type": "pr",
        "reqid": "77",
        "total": "7",
        "first": "1",
        "last": "7",
    }
    assert [entry.findtext("fn") for entry in found.iterfind("entry")][:3] == ["", "", "Ada"]


async def test_gigaset_jump_pages_and_byte_limit(door: Door) -> None:
    show(door, crowd(30))
    found = await gigaset(door, f"{GIGASET}&set_first=*muster*&first=11&count=10")
    assert (found.get("first"), found.get("last"), found.get("total")) == ("11", "20", "30")
    assert next(found.iterfind("entry")).get("id") == "11"
    small = await gigaset(door, GIGASET.replace("20480", "1024") + "&first=1&count=20")
    assert 1 <= len(small.findall("entry")) < 20
    assert len(ET.tostring(small)) <= 1024


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("03055500103", "Tom & <Jerry> \"the\" 'cat' ]]>"),
        ("101", "Front Desk"),
        ("0305550010", None),  # a part of several numbers
        ("10", None),
        ("030555001034", "Muster & Söhne"),  # an extension behind a main line
        ("anonymous", None),
        ("15551012345", None),
    ],
)
async def test_gigaset_is_told_callers_as_caller_id_is(door: Door, number: str, shown: str | None) -> None:
    """Gigaset Phonebook Search Protocol 1.4: ``hm=NUMBER&reqsrc=auto`` asks who is calling; a stranger has no name."""
    verdict = callerid.lookup(hostile(), door.key, number)
    assert (shown or "") in verdict.name
    for source in ("auto", "user"):
        query = f"{GIGASET.replace('reqsrc=user', f'reqsrc={source}')}&hm={number}"
        found = await gigaset(door, query)
        assert [entry.findtext("ln") for entry in found.iterfind("entry")] == ([verdict.name] if shown else [])
        assert (found.get("notfound"), found.get("total")) == ((None, "1") if shown else ("hm", "0"))


async def test_gigaset_is_told_callers_of_the_snapshot_of_now(door: Door) -> None:
    query = f"{GIGASET}&hm=03055500103&reqsrc=auto"
    assert (await gigaset(door, query)).get("total") == "1"
    show(door, crowd(3))
    assert (await gigaset(door, query)).get("total") == "0"


async def test_gigaset_is_told_callers_while_a_large_book_is_made(door: Door) -> None:
    show(door, crowd(10_000))
    large = asyncio.create_task(door.get(f"/phonebook/fritzbox?api_key={KEY}"))
    while not door.app[BOOKS].renders:
        await door.get("/phonebook/nokia")
    assert (await gigaset(door, f"{GIGASET}&hm=0305550001&reqsrc=auto")).get("total") == "1"
    assert not large.done()
    assert (await large)[0] == 200


async def test_gigaset_of_a_key_is_told_its_clients_callers(door: Door) -> None:
    _, _, body = await door.get(f"/phonebook/gigaset/{LIMITED}?{GIGASET}&hm=03055500104")
    assert ET.fromstring(body).get("total") == "0"
    _, _, body = await door.get(f"/phonebook/gigaset/{LIMITED}?{GIGASET}&hm=03055500103")
    assert ET.fromstring(body).get("total") == "1"


async def test_panasonic_searches_and_pages(door: Door) -> None:
    """TGP600 and HDV XML developer's guide 2.52: the phone adds ``&name=TEXT``; ``max_rec`` is its page size."""
    show(door, crowd(40))
    path = f"/phonebook/panasonic?api_key={KEY}"
    assert len(read("panasonic", (await door.get(path))[2])) == 20
    assert len(read("panasonic", (await door.get(f"{path}&name=ada&max_rec=10"))[2])) == 10
    (found,) = read("panasonic", (await door.get(f"{path}&name=muster00033&max_rec=20"))[2])
    assert found.name.startswith("Ada00033")


async def test_gigaset_reverse_lookup_and_nothing_found(door: Door) -> None:
    found = await gigaset(door, f"{GIGASET}&hm=03055500103&reqsrc=auto")
    assert [entry.findtext("bp") for entry in found.iterfind("entry")] == ["+493055500103"]
    none = await gigaset(door, f"{GIGASET}&hm=0309999999&reqsrc=auto")
    assert none.attrib == {"response": "get_list", "type": "pr", "notfound": "hm", "total": "0"}


async def test_gigaset_errors_are_documents(door: Door) -> None:
    assert (await gigaset(door, f"{GIGASET}&first=x")).findtext("errorid") == "4"
    assert (await gigaset(door, GIGASET.replace("get_list", "set_entry"))).findtext("errorid") == "4"
    door.app[MIRROR].current = None
    failed = await gigaset(door, GIGASET)
    assert (failed.tag, failed.findtext("errorid")) == ("error", "6")
    assert (await door.get("/phonebook/gigaset/wrong?command=get_list"))[0] == 401
    _, _, denied = await door.get(f"/phonebook/gigaset/{BALANCE_ONLY}?{GIGASET}")
    assert ET.fromstring(denied).findtext("errorid") == "1"


async def test_a_posted_form_in_latin_1(door: Door) -> None:
    async with door.client.session.post(
        f"http://127.0.0.1:{door.client.port}/phonebook/cisco/{KEY}/list",
        data=b"search=zo\xeb",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ) as answer:
        assert [item.name for item in read("cisco", await answer.read())] == ["Zoë 👩‍👩‍👧 Emoji · O'Neill"]
