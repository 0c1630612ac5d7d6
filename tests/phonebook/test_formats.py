"""The table of formats, and a user's own folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bridge import resources
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotFound, SettingsError
from bridge.phonebook.formats import TABLE, Format, Formats
from bridge.phonebook.pages import Ask, Wish
from bridge.phonebook.render import Books
from bridge.phonebook.setup import setup_text, table
from bridge.phonebook.view import View
from bridge.settings import PhonebookSection
from tests.phonebook.people import crowd, hostile

OWN_ROW = """
[escene]
title = "Escene ES620"
content_type = "application/xml"
agents = ["^ESCENE"]
slots = { Office = "work internal", Cell = "mobile" }
max_entries = 5
setup = { "Enterprise phonebook" = "{url}" }

[yealink]
numbers_per_entry = 1
"""

OWN_STYLESHEET = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8"/>
  <xsl:template match="/book">
    <all><xsl:for-each select="entry"><book name="{@name}" office="{number[@slot = 'Office']}"/></xsl:for-each></all>
  </xsl:template>
</xsl:stylesheet>
"""


def render(formats: Formats, name: str, snapshot: Snapshot) -> bytes:
    row = formats.get(name)
    return Books(formats).make(snapshot, Wish(row, View.of(row, PhonebookSection(), "DE", None, {}), Ask())).body


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "formats.toml").write_text(OWN_ROW)
    (tmp_path / "escene.xsl").write_text(OWN_STYLESHEET)
    return tmp_path


def test_a_new_phone_is_a_row_and_a_stylesheet(own: Path) -> None:
    formats = Formats(own)
    body = render(formats, "escene", hostile())
    assert body.count(b"<book ") == 5
    assert b'<book name="Ada Muster" office="+493055500101"/>' in body
    assert formats.for_phone("ESCENE ES620").name == "escene"
    assert "http://b/phonebook/escene?api_key=K" in setup_text(formats.get("escene"), "http://b/", "K")


def test_own_columns_come_before_ours(own: Path) -> None:
    row = Formats(own).get("yealink")
    assert row.numbers_per_entry == 1
    assert row.title == Formats().get("yealink").title


def test_own_stylesheet_comes_before_ours(own: Path) -> None:
    (own / "htek.xsl").write_text(OWN_STYLESHEET)
    assert render(Formats(own), "htek", hostile()).count(b"<all>") == 1


@pytest.mark.parametrize(
    ("toml", "fault"),
    [
        ("[x]\ntitle = 1", "[x] title: Input should be a valid string"),
        ("[yealink]\nname_limitt = 3", "[yealink] name_limitt: there is no such column"),
        ('[yealink]\nmore_numbers = "drop"', "[yealink] more_numbers: Input should be 'split' or 'cut'"),
        ("[Bad]\ntitle = 'x'", "[Bad] name: String should match pattern"),
        ('[x]\ntitle = "x"', "[x] stylesheet: there is no file x.xsl in"),
        ('[x]\ntitle = "x"\nagents = ["("]', "[x] agents.0: Input should be a valid regular expression"),
        (
            '[yealink]\nsetup = { A = "{urll}" }',
            "[yealink] setup: Value error, '{urll}' has the unknown field {urll}; there is",
        ),
        ('[yealink]\nsuffix = " ({word})"', "[yealink] suffix: Value error, ' ({word})' has the unknown field {word}"),
        (
            '[yealink]\nclient_in_name = "{company}"',
            "[yealink] client_in_name: Value error, '{company}' has the unknown",
        ),
        ('[yealink]\nfiles = ["{serial}.xml"]', "[yealink] files: Value error, '{serial}.xml' has the unknown field"),
        (
            '[yealink]\nslots = { A = "wrk" }',
            "[yealink] slots: Value error, A has the unknown label wrk; there is internal",
        ),
        ('[yealink]\nsetup = { A = "{" }', "[yealink] setup: Value error"),
        ("x = 1", "must have one table for each format"),
        ("[", "is not TOML"),
    ],
)
def test_faults_name_file_row_and_column(tmp_path: Path, toml: str, fault: str) -> None:
    (tmp_path / "formats.toml").write_text(toml)
    with pytest.raises(SettingsError) as raised:
        Formats(tmp_path)
    assert str(tmp_path / "formats.toml") in str(raised.value)
    assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("value", "shown"), [("true", "{name} ({client})"), ("false", ""), ('"{client}"', "{client}")]
)
def test_the_client_in_names_of_an_own_format(own: Path, value: str, shown: str) -> None:
    (own / "formats.toml").write_text(f"[htek]\nclient_in_name = {value}")
    assert Formats(own).get("htek").client_in_name == shown


JSON_STYLESHEET = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:bridge="https://itflow-bridge/xslt">
  <xsl:output method="text" encoding="UTF-8"/>
  <xsl:template match="/book">[<xsl:for-each select="entry"><xsl:if test="position() > 1">,</xsl:if>
    {"name": <xsl:value-of select="bridge:json(@name)"/>, "at": <xsl:value-of select="bridge:json(position())"/>,
     "number": <xsl:value-of select="bridge:json(number)"/>, "no": <xsl:value-of select="bridge:json(@none)"/>,
     "alone": <xsl:value-of select="bridge:json(count(number) = 1)"/>}</xsl:for-each>]</xsl:template>
</xsl:stylesheet>
"""


def test_a_stylesheet_writes_json(own: Path) -> None:
    (own / "escene.xsl").write_text(JSON_STYLESHEET)
    (own / "formats.toml").write_text(OWN_ROW.replace("max_entries = 5", ""))
    found = json.loads(render(Formats(own), "escene", hostile()))
    names = [one["name"] for one in found]
    assert "Tom & <Jerry> \"the\" 'cat' ]]>" in names
    assert "Pipes | Co; \\n, Ltd" in names
    assert "Zoë 👩‍👩‍👧 Emoji" in names
    assert [one["at"] for one in found] == list(range(1, len(found) + 1))
    assert all(one["number"].strip("+*").isdigit() and one["no"] == "" for one in found)
    assert {one["alone"] for one in found} == {True, False}


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "formats.toml").write_text("[a]\ntitle = 1\n[b]\ntitle = 'b'\nstylesheet = 'broken.xsl'")
    (tmp_path / "broken.xsl").write_text("<xsl:stylesheet")
    with pytest.raises(SettingsError) as raised:
        Formats(tmp_path)
    assert [fault.split("] ")[1].split(":")[0] for fault in raised.value.faults] == ["title", "stylesheet"]


def test_the_table_explains_every_column() -> None:
    head = (resources.path("templates/phonebook") / TABLE).read_text().partition("\n[")[0]
    explained = {line.split()[1] for line in head.splitlines() if re.match("#   [a-z]", line)}
    assert explained == set(Format.model_fields) - {"name"}


def test_missing_folder() -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        Formats(Path("/nonexistent"))


@pytest.mark.parametrize("reach", ["document('{secret}')", "document('http://127.0.0.1:9/x.xml')"])
def test_a_stylesheet_reaches_no_file_and_no_network(own: Path, reach: str) -> None:
    secret = own / "secret.xml"
    secret.write_text("<a>secret</a>")
    (own / "escene.xsl").write_text(
        OWN_STYLESHEET.replace("<all>", f'<all x="{{{reach.format(secret=secret.as_uri())}}}">')
    )
    with pytest.raises(SettingsError, match=r"the stylesheet escene\.xsl fails"):
        render(Formats(own), "escene", hostile())


TWICE = '<xsl:call-template name="again"><xsl:with-param name="depth" select="$depth + 1"/></xsl:call-template>' * 2
RUNAWAYS = [
    # a template that does not end, one that takes for ever, and a document of gigabytes
    ('<xsl:call-template name="for-ever"/>', "line 1: .* infinite template recursion"),
    ('<xsl:call-template name="again"/>', "it takes too long"),
    (
        '<xsl:for-each select="//*">' * 2 + '<xsl:copy-of select="/"/>' + "</xsl:for-each>" * 2,
        "limits are 5 s and 1024",
    ),
]


@pytest.mark.parametrize(("body", "reason"), RUNAWAYS)
def test_a_stylesheet_out_of_hand_is_an_error(own: Path, body: str, reason: str) -> None:
    (own / "escene.xsl").write_text(
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        f'<xsl:template match="/book"><all>{body}</all></xsl:template>'
        '<xsl:template name="for-ever"><xsl:call-template name="for-ever"/></xsl:template>'
        '<xsl:template name="again"><xsl:param name="depth" select="0"/>'
        f'<xsl:if test="$depth &lt; 60">{TWICE}</xsl:if></xsl:template></xsl:stylesheet>'
    )
    (own / "formats.toml").write_text(OWN_ROW.replace("max_entries = 5", ""))
    with pytest.raises(SettingsError, match=reason):
        render(Formats(own), "escene", crowd(1000))


def test_a_stylesheet_writes_utf_8(own: Path) -> None:
    (own / "escene.xsl").write_text(OWN_STYLESHEET.replace("UTF-8", "ISO-8859-1"))
    with pytest.raises(SettingsError, match="the encoding must be UTF-8"):
        Formats(own)


AGENTS = [
    ("Yealink SIP-T46G 28.83.0.50 00:15:65:aa:bb:cc", "yealink"),
    ("yealink SIP-T20P 9.72", "yealink"),
    ("Flyingvoice FIP13G V0.6.24 00:21:F2:00:00:00", "yealink"),
    ("Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b828aa872", "grandstream"),
    ("Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16 00041396D9B4 SXM:0 UXM:0)", "snom"),
    ("Mozilla/4.0 (compatible; snom320-SIP 8.7)", "snom"),
    ("Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)", "snom-m"),
    ("Fanvil X6U Pro 0.0.10 0c383e2cd782", "fanvil"),
    ("Htek UC903 2.0.4.2 00:1f:c1:1c:22:a9", "htek"),
    ("FileTransport PolycomVVX-VVX_400-UA/4.1.4.7430 Type/Application", "polycom"),
    ("Panasonic_KX-UT113/01.133 (0080f0c8c381)", "panasonic"),
    ("Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605", "gigaset"),
    ("Cisco/SPA508G-7.4.4 (0002FDFF2103)(CBT141400UK)", "cisco"),
    ("Linksys/SPA-942-6.1.5(a) (serial)", "cisco"),
    ("Aastra6731i MAC:00-08-5D-23-74-29 V:3.2.0.70-SIP", "mitel"),
    ("Mitel6920 MAC:14-00-E9-1F-03-EA V:6.4.0.140-SIP", "mitel"),
]


@pytest.mark.parametrize(("agent", "name"), AGENTS)
def test_phone_is_known_by_its_user_agent(formats: Formats, agent: str, name: str) -> None:
    assert formats.for_phone(agent).name == name


def test_phone_is_known_by_its_file(formats: Formats) -> None:
    assert formats.for_phone("", "0004f2ABCDEF-directory.xml").name == "polycom"
    with pytest.raises(NotFound, match="Name the format"):
        formats.for_phone("curl/8", "")


def test_every_format_says_what_to_type(formats: Formats) -> None:
    for row in formats:
        text = setup_text(row, "http://bridge:8080", "KEY")
        assert "KEY" in text
        assert "{" not in text.replace("{mac}", "")
        assert row.title in table(formats)


def test_grandstream_is_told_the_scheme_apart(formats: Formats) -> None:
    text = setup_text(formats.get("grandstream"), "https://pb.example/x", "KEY")
    assert "      pb.example/x/phonebook/grandstream/KEY\n" in text
    assert "      HTTPS\n" in text
