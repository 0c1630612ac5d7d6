"""Every number of the sample data is found, whichever way a trunk sends it, and leads to nobody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import phonenumbers
import pytest
from aiohttp.test_utils import TestServer
from phonenumbers import PhoneNumber, PhoneNumberFormat

from bridge import numbers
from bridge.callerid import lookup
from bridge.directory.entries import Kind
from bridge.directory.reader import Reader
from bridge.directory.sync import Sync
from bridge.embedded import EmbeddedItflow
from bridge.embedded.sample import rows
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.numbers import Trunk
from bridge.settings import NumbersSection
from bridge.storage import Database
from tests.callerid.people import Asker

# Kind, table, beginning of its columns; number columns, each with the beginning of its country code's.
HOLDERS = (
    (Kind.CONTACT, "contacts", "contact_", (("phone", "phone"), ("mobile", "mobile"))),
    (Kind.LOCATION, "locations", "location_", (("phone", "phone"),)),
    (Kind.VENDOR, "vendors", "vendor_", (("phone", "phone"),)),
)
HOME = "US"


def held() -> Mapping[str, set[tuple[Kind, int]]]:
    """Who has which number, as phonenumbers alone reads the files."""
    tables = rows()
    regions = {
        row["location_client_id"]: numbers.region_named(row["location_country"] or "")
        for row in tables["locations"]
        if row["location_primary"] == "1"
    }
    gone = {row["client_id"] for row in tables["clients"] if row["client_archived_at"]}
    found: dict[str, set[tuple[Kind, int]]] = defaultdict(set)
    for kind, table, prefix, columns in HOLDERS:
        for row in tables[table]:
            client_id = row[f"{prefix}client_id"]
            if row[f"{prefix}archived_at"] or client_id in gone:
                continue
            for column, code_column in columns:
                code = row[f"{prefix}{code_column}_country_code"]
                region = phonenumbers.region_code_for_country_code(int(code)) if code else regions.get(client_id, HOME)
                if text := row[f"{prefix}{column}"]:
                    number = phonenumbers.format_number(phonenumbers.parse(text, region), PhoneNumberFormat.E164)
                    found[number].add((kind, int(row[f"{prefix}id"] or 0)))
    return found


def ways(number: PhoneNumber) -> Iterator[tuple[str, str, Trunk | None]]:
    """How a trunk sends a number: the text, the key's region, and the key's trunk."""
    plus = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    bare = plus[1:]
    national = "".join(filter(str.isdigit, phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)))
    code = number.country_code or 0
    home = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(code)
    for region in ("DE", "US", home):
        for trunk in (None, *Trunk):
            yield plus, region, trunk
        yield bare, region, None
        yield bare, region, Trunk.BARE
    for trunk in (None, Trunk.EXIT_CODE):
        yield f"00{bare}", "DE", trunk
        yield f"011{bare}", "US", trunk
    for trunk in (None, Trunk.EXIT_CODE, Trunk.PLUS):
        yield national, home, trunk
        yield bare, home, trunk


@pytest.mark.parametrize("trunk", [None, *Trunk])
async def test_every_number_of_the_sample_data_is_found(tmp_path: Path, trunk: Trunk | None) -> None:
    itflow = EmbeddedItflow()
    itflow.load_sample()
    itflow.add_key("KEY")
    async with TestServer(itflow.make_app()) as server, open_session() as session:
        database = Database(tmp_path / "bridge.db")
        client = ItflowClient(session, str(server.make_url("/")), "KEY", timeout_s=5)
        await Sync(client, database, region=HOME, max_loss=0.2).people()
        snapshot, _ = Reader(database).read()
        database.close()
    itflow.close()
    assert snapshot
    everybody = held()
    assert len(everybody) > 150
    wrong = []
    for number, holders in everybody.items():
        for text, region, of_trunk in ways(phonenumbers.parse(number)):
            if of_trunk is trunk:
                verdict = lookup(snapshot, Asker(numbers=NumbersSection(region=region, trunk=trunk)), text)
                if {(entry.kind, entry.id) for entry in verdict.candidates} != holders or not verdict.name:
                    wrong.append((number, text, region, verdict.rule.value, verdict.candidates, holders))
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(map(str, wrong))
