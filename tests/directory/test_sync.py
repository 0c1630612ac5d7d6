"""What a pull takes over, and what it leaves alone."""

from decimal import Decimal

import pytest

from bridge.directory.entries import Client, Entry, Kind, Label, Phone
from bridge.directory.sync import Sync
from bridge.errors import StorageError
from tests.directory.conftest import House, MakeSync, crowd


async def test_the_first_pull_makes_a_snapshot(house: House, sync: Sync) -> None:
    report = await sync.people()
    snapshot = house.snapshot()
    assert list(snapshot.clients()) == [
        Client(1, "Acme & Sons", currency="USD"),
        Client(2, "Köln GmbH", favorite=True, currency="EUR", region="DE"),
        Client(4, "Maybe LLC", lead=True),
    ]
    assert next(snapshot.entries()) == Entry(
        Kind.CONTACT,
        1,
        1,
        "Ann Lee",
        (Phone("+12125550100", Label.WORK, "12"), Phone("+12125550199", Label.MOBILE)),
        email="ann@acme.example",
        title="CEO",
        primary=True,
        has_pin=True,
    )
    assert report.modules["contacts"].seen == 8
    assert report.reread == 1  # the location itself, whose country was not known yet
    assert house.freshness().people_at is not None
    assert house.freshness().money_at is None


@pytest.mark.parametrize(
    ("number", "names"),
    [
        ("+12125550100", ["Ann Lee", "Bob Ray"]),
        ("+12125550199", ["Ann Lee"]),
        ("+492219876512", ["Ute Maier"]),  # no country code, but her client's primary location is in Germany
        ("+492219876500", ["Werk"]),
        ("+18005550111", ["Telco"]),
        ("+12125550106", ["Lea Lead"]),
        ("+12125550107", ["Nobody's"]),
        ("+12125550104", []),  # archived
        ("+12125550105", []),  # of an archived client
        ("+12125550108", []),  # of a client that was deleted
        ("+12125550150", []),  # archived location
    ],
)
async def test_who_is_found(house: House, sync: Sync, number: str, names: list[str]) -> None:
    await sync.people()
    assert house.names(number) == names


async def test_nothing_private_is_stored(house: House, sync: Sync) -> None:
    await sync.people()
    await sync.money()
    stored = b"".join(path.read_bytes() for path in house.path.parent.iterdir())
    assert b"Ann Lee" in stored
    assert b"4711-SECRET" not in stored
    assert b"PRIVATE" not in stored


async def test_changes_are_followed_and_only_they_are_read_again(house: House, sync: Sync) -> None:
    crowd(house, 600)
    await sync.people()
    before = house.snapshot()
    house.sql("UPDATE contacts SET contact_name = 'Ann New', contact_mobile = '2125550222' WHERE contact_id = 1")
    report = await sync.people()
    assert house.names("+12125550222") == ["Ann New"]
    assert house.names("+12125550199") == []
    assert report.modules["contacts"].changed == 1
    assert report.reread == 0
    assert house.snapshot().version != before.version


async def test_nothing_changed_is_noticed_without_a_look_into_the_pages(house: House, make_sync: MakeSync) -> None:
    crowd(house, 250)
    sync = make_sync(page_size=100)
    await sync.people()
    version = house.snapshot().version
    report = await sync.people()
    contacts = report.modules["contacts"]
    assert (contacts.pages, contacts.same_pages, contacts.seen) == (3, 3, 258)
    assert house.snapshot().version == version


@pytest.mark.parametrize("page_size", [1000, 20])
async def test_deleted_rows_go_and_come_back(house: House, make_sync: MakeSync, page_size: int) -> None:
    crowd(house, 60)
    sync = make_sync(page_size=page_size)
    await sync.people()
    house.sql("DELETE FROM contacts WHERE contact_id IN (1005, 1020)")
    report = await sync.people()
    assert report.modules["contacts"].lost == 2
    assert house.names("+13035550004") == []
    assert house.names("+13035550005") == ["Contact 1006"]
    house.itflow.load(
        {
            "contacts": [
                {
                    "contact_id": 1005,
                    "contact_name": "Back",
                    "contact_phone": "3035550004",
                    "contact_client_id": 1,
                }
            ]
        }
    )
    await sync.people()
    assert house.names("+13035550004") == ["Back"]
    assert house.freshness().rows["contacts"] == 67


async def test_archiving_a_client_takes_its_people_out_and_unarchiving_brings_them_back(
    house: House, sync: Sync
) -> None:
    await sync.people()
    house.sql("UPDATE clients SET client_archived_at = '2026-01-01 00:00:00' WHERE client_id = 1")
    await sync.people()
    assert house.names("+12125550100") == []
    assert house.snapshot().client(1) is None
    house.sql("UPDATE clients SET client_archived_at = NULL WHERE client_id = 1")
    report = await sync.people()
    assert house.names("+12125550100") == ["Ann Lee", "Bob Ray"]
    assert report.reread == 0


async def test_a_location_moving_to_another_country_rereads_the_numbers_of_its_client(
    house: House, sync: Sync
) -> None:
    await sync.people()
    house.sql("UPDATE locations SET location_country = 'Austria' WHERE location_id = 1")
    report = await sync.people()
    assert report.reread == 2
    assert house.names("+432219876512") == ["Ute Maier"]


async def test_another_region_rereads_every_number_without_itflow(house: House, make_sync: MakeSync) -> None:
    await make_sync().people()
    house.itflow.faults.add("dropped", times=None)
    assert await make_sync(region="CA").refresh() == 9  # all of 11 but Cologne's two


async def test_numbers_that_another_release_read_stay_in_use_until_they_are_read_again(
    house: House, make_sync: MakeSync
) -> None:
    await make_sync().people()
    with house.database.write() as connection:
        connection.execute("UPDATE entry SET read_as = 'US of an older release'")
    assert house.names("+12125550199") == ["Ann Lee"]
    report = await make_sync().people()
    assert report.modules["contacts"].same_pages == 1
    assert report.reread == 11
    assert house.names("+12125550199") == ["Ann Lee"]


async def test_new_rows_are_found_early(house: House, sync: Sync) -> None:
    await sync.people()
    house.itflow.requests.clear()
    crowd(house, 3)
    assert await sync.new_people() == 3
    assert house.names("+13035550001") == ["Contact 1002"]
    assert len(house.itflow.requests) == 4
    report = await sync.people()
    assert report.modules["contacts"].changed == 0
    assert house.freshness().rows["contacts"] == 11


async def test_money_is_summed_by_invoice(house: House, sync: Sync) -> None:
    await sync.people()
    await sync.money()
    snapshot = house.snapshot()
    assert snapshot.payments
    invoices = snapshot.invoices(1)
    assert [(i.id, i.number, i.status, i.amount, i.paid) for i in invoices] == [
        (1, "INV-101", "Sent", Decimal("100.10"), Decimal(0)),
        (2, "INV-102", "Partial", Decimal("200.00"), Decimal("50.10")),
        (4, "INV-104", "Cancelled", Decimal("7.00"), Decimal("7.00")),
    ]
    assert snapshot.invoices(3) == []  # archived
    assert house.freshness().money_at is not None
    assert house.freshness().payments == "module"


@pytest.mark.parametrize("generation", ["26.08"])
@pytest.mark.parametrize("dropin", [False, True])
async def test_money_of_a_generation_without_payments(house: House, sync: Sync, dropin: bool) -> None:
    house.itflow.dropin = dropin
    await sync.people()
    await sync.money()
    freshness = house.freshness()
    assert freshness.money_at is not None
    assert house.snapshot().payments is dropin
    assert house.snapshot().invoices(1)[1].paid == (Decimal("50.10") if dropin else None)
    assert freshness.payments == ("dropin" if dropin else "")
    assert ("payments" in freshness.unreadable) is not dropin
    version = house.snapshot().version
    await sync.money()
    assert house.snapshot().version == version  # what is still not there is no change: books are not made anew
    assert not freshness.doubts


async def test_two_pullers_do_not_mix(house: House, make_sync: MakeSync) -> None:
    """The second begins while the first is under way; what the first found is void and pulled again."""
    first, second = make_sync(), make_sync()
    await first.people()
    house.sql("UPDATE contacts SET contact_name = 'Early' WHERE contact_id = 1")
    pulls: list[int] = []

    def meanwhile(seen: object) -> None:
        if getattr(seen, "module", "") == "contacts" and not pulls:
            pulls.append(house.store.known("contacts").pull)
            with house.database.write() as connection:
                connection.execute("UPDATE mirror_modules SET pull = pull + 1 WHERE module = 'contacts'")

    house.itflow.on_request = meanwhile
    await second.people()
    assert pulls
    assert house.names("+12125550199") == ["Early"]
    assert [seen.module for seen in house.itflow.requests].count("contacts") == 3


def break_the_file(house: House, *, broken: bool) -> None:
    """Let the last step of taking contacts over fail, or no longer."""
    with house.database.write() as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE UPDATE OF pulled_at ON mirror_modules WHEN new.module = 'contacts'"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            if broken
            else "DROP TRIGGER full"
        )


@pytest.mark.parametrize("name", ["Passing", "Ann Lee"])
@pytest.mark.parametrize("new_process", [False, True])
async def test_a_pull_that_was_broken_off_is_done_again(
    house: House, make_sync: MakeSync, name: str, new_process: bool
) -> None:
    """Rows were taken over, their pages not; meanwhile ITFlow may have the old rows again, in pages once known."""
    sync = make_sync()
    await sync.people()
    house.sql("UPDATE contacts SET contact_name = 'Passing' WHERE contact_id = 1")
    break_the_file(house, broken=True)
    with pytest.raises(StorageError, match="disk full"):
        await sync.people()
    break_the_file(house, broken=False)
    house.sql("UPDATE contacts SET contact_name = ? WHERE contact_id = 1", name)
    await (make_sync() if new_process else sync).people()
    assert house.names("+12125550199") == [name]
    assert house.freshness().rows["contacts"] == 8


async def test_the_last_rows_can_go(house: House, make_sync: MakeSync) -> None:
    crowd(house, 60)
    sync = make_sync(page_size=20)
    await sync.people()
    house.sql("DELETE FROM contacts WHERE contact_id > 1058")
    report = await sync.people()
    assert report.modules["contacts"].lost == 2
    assert house.names("+13035550059") == []


async def test_the_money_is_known_only_when_the_snapshot_holds_it(house: House, sync: Sync) -> None:
    await sync.people()
    with house.database.write() as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON payment BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(StorageError, match="disk full"):
        await sync.money()
    assert house.freshness().money_at is None
    with house.database.write() as connection:
        connection.execute("DROP TRIGGER full")
    await sync.money()
    assert house.freshness().money_at is not None
    assert house.snapshot().invoices(1)
