"""Doubt never destroys: what an answer must be before it replaces what is known."""

from collections.abc import Callable

import pytest

from bridge.directory.sync import Sync
from bridge.embedded.schema import Level
from bridge.errors import ItflowFailing, ItflowUnreachable, KeyRefused
from tests.directory.conftest import KEY, House, MakeSync, crowd

Spoil = Callable[[House], object]


def _empty(house: House) -> None:
    house.sql("CREATE TABLE hidden AS SELECT * FROM contacts")
    house.sql("DELETE FROM contacts")


def _lose(house: House) -> None:
    _empty(house)
    house.sql("INSERT INTO contacts SELECT * FROM hidden WHERE contact_id <= 40")


def _garble(house: House) -> None:
    house.sql("CREATE TABLE hidden AS SELECT * FROM contacts")
    house.itflow.faults.add("html", "contacts", times=None)


def _refuse(house: House) -> None:
    house.itflow.keys.clear()
    house.itflow.add_key(KEY, rights={"client": Level.NONE, "support": Level.FULL, "financial": Level.FULL})


def _return(house: House) -> None:
    house.itflow.faults.clear()
    house.itflow.add_key(KEY)
    house.sql("DELETE FROM contacts")
    house.sql("INSERT INTO contacts SELECT * FROM hidden")


DOUBTS = [
    pytest.param(_empty, "no contacts at all, but the mirror knows 68", id="empty"),
    pytest.param(_lose, "30 of 68 known contacts are gone", id="loss"),
    pytest.param(_garble, "not ITFlow's", id="garbled"),
]


@pytest.mark.parametrize(("spoil", "says"), DOUBTS)
async def test_a_doubt_keeps_what_is_known_until_the_rows_return(
    house: House, sync: Sync, spoil: Spoil, says: str
) -> None:
    crowd(house, 60, first_id=11)
    await sync.people()
    version, people_at = house.snapshot().version, house.freshness().people_at
    spoil(house)
    for _ in range(2):
        report = await sync.people()
        assert says in house.freshness().doubts["contacts"]
        assert says in report.modules["contacts"].problem
        assert house.snapshot().version == version
        assert house.freshness().people_at == people_at
    _return(house)
    await sync.people()
    assert not house.freshness().doubts
    assert house.snapshot().version == version
    assert house.freshness().people_at != people_at


@pytest.mark.parametrize(("spoil", "left"), [(_empty, 0), (_lose, 38)])
async def test_the_operator_accepts_a_loss(house: House, make_sync: MakeSync, spoil: Spoil, left: int) -> None:
    service = make_sync()
    crowd(house, 60, first_id=11)
    await service.people()
    spoil(house)
    await service.people()
    await make_sync().people(accept=True)
    assert not house.freshness().doubts
    assert house.freshness().rows.get("contacts", 0) == left
    assert house.names("+12125550100") == (["Ann Lee", "Bob Ray"] if left else [])
    await service.people()
    assert not house.freshness().doubts


async def test_a_doubtful_module_does_not_hold_the_others_up(house: House, sync: Sync) -> None:
    await sync.people()
    _garble(house)
    house.sql("UPDATE vendors SET vendor_name = 'New Telco'")
    await sync.people()
    assert house.names("+18005550111") == ["New Telco"]


@pytest.mark.parametrize(("left", "doubted"), [(4, False), (3, True)])
async def test_a_small_mirror_may_lose_half_its_rows(house: House, sync: Sync, *, left: int, doubted: bool) -> None:
    await sync.people()
    house.sql("DELETE FROM contacts WHERE contact_id > ?", left)
    await sync.people()
    assert ("contacts" in house.freshness().doubts) is doubted
    assert house.freshness().rows["contacts"] == (8 if doubted else left)


@pytest.mark.parametrize("max_loss", [0.05, 0.5])
async def test_the_share_that_may_be_lost_is_a_setting(house: House, make_sync: MakeSync, max_loss: float) -> None:
    sync = make_sync(max_loss=max_loss)
    crowd(house, 60, first_id=11)
    await sync.people()
    _lose(house)
    await sync.people()
    assert ("contacts" in house.freshness().doubts) is (max_loss < 0.4)


@pytest.mark.parametrize("generation", ["26.08"])
async def test_a_right_that_was_taken_away_is_a_doubt(house: House, make_sync: MakeSync) -> None:
    sync = make_sync()
    await sync.people()
    version = house.snapshot().version
    _refuse(house)
    await sync.people()
    assert set(house.freshness().doubts) == {"clients", "locations", "contacts", "vendors"}
    assert "--accept" in house.freshness().doubts["contacts"]
    assert house.snapshot().version == version


@pytest.mark.parametrize("generation", ["26.08"])
async def test_a_module_that_could_never_be_read_is_a_gap(house: House, sync: Sync) -> None:
    house.itflow.keys.clear()
    house.itflow.add_key(KEY, rights={"client": Level.FULL, "financial": Level.NONE, "sales": Level.NONE})
    await sync.people()
    await sync.money()
    freshness = house.freshness()
    assert house.names("+12125550100") == ["Ann Lee", "Bob Ray"]
    assert set(freshness.unreadable) == {"invoices", "payments"}
    assert not freshness.doubts
    assert freshness.people_at is not None
    assert freshness.money_at is None


async def test_payments_of_a_key_for_one_client_are_a_gap(house: House, make_sync: MakeSync) -> None:
    house.itflow.add_key("KEYONE", client_id=1)
    sync = make_sync(key="KEYONE")
    await sync.people()
    await sync.money()
    assert set(house.freshness().unreadable) == {"payments"}
    assert not house.snapshot().payments
    assert house.snapshot().invoices(1)[1].paid is None


async def test_payments_that_are_refused_later_keep_the_money_as_it_was(house: House, sync: Sync) -> None:
    await sync.people()
    await sync.money()
    version = house.snapshot().version
    house.itflow.keys.clear()
    house.itflow.add_key(KEY, client_id=1)
    house.sql("UPDATE invoices SET invoice_status = 'Paid' WHERE invoice_id = 2")
    await sync.money()
    assert "payments" in house.freshness().doubts
    assert house.snapshot().version == version
    await sync.money(accept=True)
    assert house.snapshot().invoices(1)[1].status == "Paid"
    assert house.snapshot().invoices(1)[1].paid is None


@pytest.mark.parametrize("generation", ["26.08"])
async def test_a_page_for_payments_that_fails_keeps_the_money_as_it_was_and_one_that_is_gone_does_not(
    house: House, sync: Sync
) -> None:
    house.itflow.dropin = True
    await sync.people()
    await sync.money()
    version = house.snapshot().version
    house.sql("UPDATE invoices SET invoice_status = 'Paid' WHERE invoice_id = 2")
    house.itflow.faults.add("empty-500", "custom/invoices", times=None)
    with pytest.raises(ItflowFailing):
        await sync.money()
    assert house.snapshot().version == version
    assert house.snapshot().payments
    house.itflow.faults.clear()
    house.itflow.dropin = False
    await sync.money()
    assert house.snapshot().invoices(1)[1].paid is None
    assert not house.snapshot().payments


@pytest.mark.parametrize("generation", ["26.08"])
async def test_contacts_without_readable_clients_are_still_found(house: House, sync: Sync) -> None:
    house.itflow.faults.add("html", "clients", status=404, times=None)
    await sync.people()
    assert "clients" in house.freshness().unreadable
    assert house.names("+12125550105") == ["Of Gone"]  # nobody can tell that the client is archived
    house.itflow.faults.clear()
    await sync.people()
    assert house.names("+12125550105") == []


@pytest.mark.parametrize(("fault", "error"), [("dropped", ItflowUnreachable), ("empty-500", ItflowFailing)])
async def test_an_outage_is_a_fault_and_no_doubt(house: House, sync: Sync, fault: str, error: type[Exception]) -> None:
    await sync.people()
    version, people_at = house.snapshot().version, house.freshness().people_at
    house.itflow.faults.add(fault, "contacts", times=None)
    with pytest.raises(error):
        await sync.people()
    assert set(house.freshness().faults) == {"contacts"}
    assert not house.freshness().doubts
    assert house.snapshot().version == version
    assert house.freshness().people_at == people_at
    house.itflow.faults.clear()
    await sync.people()
    assert not house.freshness().faults


async def test_a_failing_module_does_not_hold_the_next_ones_up(house: House, sync: Sync) -> None:
    await sync.people()
    house.sql("UPDATE vendors SET vendor_name = 'New Telco'")
    house.itflow.faults.add("empty-500", "contacts", times=None)
    with pytest.raises(ItflowFailing):
        await sync.people()
    assert house.names("+18005550111") == ["New Telco"]


async def test_a_refused_key_is_a_fault(house: House, sync: Sync) -> None:
    await sync.people()
    house.itflow.keys.clear()
    for pull in (sync.people, sync.money):
        with pytest.raises(KeyRefused):
            await pull()
    assert house.names("+12125550199") == ["Ann Lee"]
    assert "401" in house.freshness().faults["clients"]
    assert "401" in house.freshness().faults["invoices"]


async def test_there_is_no_snapshot_before_every_readable_module_was_read(house: House, sync: Sync) -> None:
    house.itflow.faults.add("empty-500", "locations", times=None)
    with pytest.raises(ItflowFailing):
        await sync.people()
    with pytest.raises(LookupError):
        house.snapshot()


async def test_payments_that_itflow_no_longer_has_are_unknown_and_not_nothing(house: House, sync: Sync) -> None:
    """Also while the invoices are in doubt, so that the money as a whole is not taken over."""
    await sync.people()
    await sync.money()
    house.itflow.faults.add("html", "payments", status=404, times=None)
    house.itflow.faults.add("html", "invoices", times=None)
    await sync.money()
    house.sql("UPDATE vendors SET vendor_name = 'New Telco'")
    await sync.people()
    assert house.names("+18005550111") == ["New Telco"]
    assert not house.snapshot().payments
    assert {invoice.paid for invoice in house.snapshot().invoices(1)} == {None}


async def test_a_row_that_cannot_be_read_is_left_out_and_named_and_the_others_are_there(
    house: House, sync: Sync
) -> None:
    house.sql("UPDATE contacts SET contact_client_id = -7 WHERE contact_id = 3")
    await sync.people()
    assert house.names("+12125550100") == ["Ann Lee", "Bob Ray"]
    assert house.names("+492219876512") == []
    doubt = house.freshness().doubts["contacts"]
    assert "contact_client_id of row 3" in doubt
    assert "-7" not in doubt
    assert house.freshness().people_at is not None
    house.sql("UPDATE contacts SET contact_client_id = 2 WHERE contact_id = 3")
    await sync.people()
    assert house.names("+492219876512") == ["Ute Maier"]
    assert not house.freshness().doubts


async def test_a_known_row_that_cannot_be_read_any_more_stays_as_it_was(house: House, sync: Sync) -> None:
    await sync.people()
    house.sql("UPDATE contacts SET contact_client_id = -7, contact_name = 'New' WHERE contact_id = 3")
    for _ in range(2):
        await sync.people()
        assert house.names("+492219876512") == ["Ute Maier"]
        assert "row 3" in house.freshness().doubts["contacts"]


async def test_an_odd_row_is_told_once_and_another_one_again(
    house: House, sync: Sync, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bridge.directory.sync")
    told = []
    for statement in (
        "UPDATE contacts SET contact_client_id = -7 WHERE contact_id = 3",
        "",
        "UPDATE contacts SET contact_client_id = -7 WHERE contact_id = 5",
        "",
        "UPDATE contacts SET contact_client_id = 1 WHERE contact_id IN (3, 5)",
        "",
    ):
        if statement:
            house.sql(statement)
        await sync.people()
        told.append([f"{record.levelname} {record.message}" for record in caplog.records])
        caplog.clear()
    first, none, second, still_none, again, quiet = told
    assert len(first) == len(second) == len(again) == 1
    assert first[0].startswith("WARNING Left out: ")
    assert "row 3" in first[0]
    assert "row 5" in second[0]
    assert "row 3" not in second[0]
    assert again == ["INFO contacts can be followed again"]
    assert not [*none, *still_none, *quiet]


async def test_an_invoice_that_cannot_be_read_is_its_client_s_matter(house: House, sync: Sync) -> None:
    house.sql("UPDATE invoices SET invoice_amount = 'much' WHERE invoice_id = 2")
    await sync.people()
    await sync.money()
    snapshot = house.snapshot()
    assert [invoice.id for invoice in snapshot.invoices(1)] == [1, 4]
    assert "invoice_amount of row 2" in snapshot.odd_invoices(1)[0]
    assert snapshot.odd_invoices(2) == []


async def test_a_payment_that_cannot_be_read_leaves_open_what_was_paid(house: House, sync: Sync) -> None:
    house.sql("UPDATE payments SET payment_amount = 'much' WHERE payment_id = 2")
    await sync.people()
    await sync.money()
    paid = [(invoice.id, invoice.paid is None) for invoice in house.snapshot().invoices(1)]
    assert paid == [(1, False), (2, True), (4, False)]


def _small_firm(house: House) -> None:
    """Six clients with a contact each."""
    for table in ("clients", "contacts", "locations", "vendors"):
        house.sql(f"DELETE FROM {table}")
    for number in range(1, 7):
        house.itflow.load({"clients": [{"client_id": number, "client_name": f"Client {number}"}]})
    crowd(house, 6)
    house.sql("UPDATE contacts SET contact_client_id = contact_id - 1000")


@pytest.mark.parametrize("generation", ["26.02", "26.08"])
async def test_a_key_that_suddenly_sees_one_client_only_erases_nobody(house: House, sync: Sync) -> None:
    _small_firm(house)
    await sync.people()
    house.itflow.keys.clear()
    house.itflow.add_key(KEY, client_id=1)
    await sync.people()
    assert [house.names(f"+1303555000{number}") for number in range(6)] == [[f"Contact {1001 + n}"] for n in range(6)]
    assert set(house.freshness().doubts) >= {"clients", "contacts"}


async def test_a_key_that_sees_one_of_two_clients_erases_nobody(house: House, sync: Sync) -> None:
    house.sql("DELETE FROM clients WHERE client_id > 2")
    await sync.people()
    house.itflow.keys.clear()
    house.itflow.add_key(KEY, client_id=1)
    await sync.people()
    assert house.names("+492219876512") == ["Ute Maier"]
    assert "one client only" in house.freshness().doubts["clients"]


@pytest.mark.parametrize("people_first", [True, False])
@pytest.mark.parametrize("generation", ["26.02", "26.08"])
async def test_invoices_do_not_go_with_clients_that_a_key_no_longer_sees(
    house: House, sync: Sync, *, people_first: bool
) -> None:
    house.sql("UPDATE invoices SET invoice_client_id = 2 WHERE invoice_id = 4")
    await sync.people()
    await sync.money()
    house.itflow.keys.clear()
    house.itflow.add_key(KEY, client_id=1)
    house.sql("DELETE FROM invoices WHERE invoice_id = 3")
    if people_first:
        await sync.people()
    await sync.money()
    assert [invoice.id for invoice in house.snapshot().invoices(2)] == [4]
    assert "clients" in house.freshness().doubts["invoices"]


@pytest.mark.parametrize("generation", ["26.08"])
async def test_an_invoice_that_is_deleted_goes(house: House, sync: Sync) -> None:
    await sync.people()
    await sync.money()
    house.sql("DELETE FROM invoices WHERE invoice_id = 4")
    await sync.money()
    assert [invoice.id for invoice in house.snapshot().invoices(1)] == [1, 2]
    assert not house.freshness().doubts


@pytest.mark.parametrize("generation", ["26.08"])
async def test_a_client_does_not_go_while_its_contacts_cannot_be_read(house: House, sync: Sync) -> None:
    _small_firm(house)
    await sync.people()
    house.itflow.faults.add("html", "contacts", times=None)
    house.sql("DELETE FROM clients WHERE client_id = 6")
    await sync.people()
    assert house.names("+13035550005") == ["Contact 1006"]
    assert "contacts cannot be trusted" in house.freshness().doubts["clients"]
    house.itflow.faults.clear()
    await sync.people()
    assert house.names("+13035550005") == []
    assert not house.freshness().doubts


async def test_what_is_new_is_taken_over_from_a_doubted_pull(house: House, sync: Sync) -> None:
    crowd(house, 60, first_id=11)
    await sync.people()
    _lose(house)
    house.sql("UPDATE contacts SET contact_name = 'Ann New' WHERE contact_id = 1")
    await sync.people()
    assert house.names("+12125550199") == ["Ann New"]
    assert "contacts" in house.freshness().doubts


async def test_payments_that_an_update_takes_away_are_told_loudly_once_and_stay_a_doubt(
    house: House, sync: Sync, caplog: pytest.LogCaptureFixture
) -> None:
    await sync.people()
    await sync.money()
    house.itflow.faults.add("html", "payments", status=404, times=None)
    for _ in range(3):
        await sync.money()
        assert "no longer exact" in house.freshness().doubts["payments"]
        assert not house.snapshot().payments
    loud = [record for record in caplog.records if record.levelname == "WARNING" and "payments" in record.message]
    assert len(loud) == 1
    await sync.money(accept=True)
    assert not house.freshness().doubts
    await sync.money()
    assert not house.freshness().doubts


async def test_payments_that_come_back_are_no_doubt(house: House, sync: Sync) -> None:
    await sync.people()
    await sync.money()
    house.itflow.faults.add("html", "payments", status=404, times=None)
    await sync.money()
    house.itflow.faults.clear()
    await sync.money()
    assert not house.freshness().doubts
    assert house.snapshot().payments
