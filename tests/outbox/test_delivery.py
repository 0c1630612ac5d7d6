"""One asset in, exactly one asset in ITFlow, whatever ITFlow does meanwhile."""

import pytest
from prometheus_client import REGISTRY

from bridge.embedded import FaultKind
from bridge.errors import NotFound, NotReady, StorageError, WriteRefused
from bridge.outbox.journal import State
from bridge.outbox.request import read
from tests.outbox.conftest import SLOW_S, until


def added_so_far():
    return REGISTRY.get_sample_value("itflow_bridge_asset_attempts_total", {"outcome": "added"}) or 0


async def test_an_asset_is_confirmed_with_its_id(itflow, deliver, journal):
    before = added_so_far()
    async with deliver() as deliverer:
        entry = await deliverer.add(3, read({"name": "PC-1", "serial": "S1", "os": "Linux"}), None, "key")
    assert (entry.state, entry.itflow_id, entry.key) == (State.ADDED, 1, "key")
    assert itflow.assets() == [(3, "PC-1")]
    (seen,) = itflow.creates()
    notes = f"[itflow-bridge {entry.tag}-1]"
    given = {"client_id": 3, "asset_name": "PC-1", "asset_serial": "S1", "asset_os": "Linux", "asset_notes": notes}
    assert dict(seen.body) == given
    assert journal.counts() == {State.PENDING: 0, State.ADDED: 1, State.REFUSED: 0}
    assert added_so_far() == before + 1


@pytest.mark.parametrize(
    ("function", "kind"),
    [*(("create", kind) for kind in FaultKind), ("read", FaultKind.HANG), ("read", FaultKind.HTML)],
)
async def test_one_fault_leaves_one_asset(itflow, deliver, function, kind):
    serial = "S-1" if itflow.embedded.generation == "26.02" else ""
    itflow.faults.add(kind, "assets", function, delay_s=SLOW_S, status=504)
    async with deliver() as deliverer:
        entry = await deliverer.add(1, read({"name": "PC & <b>1</b>", "serial": serial}), None, "key")
    await itflow.rest()
    assert (entry.state, entry.itflow_id) == (State.ADDED, 1)
    assert itflow.assets() == [(1, "PC & 1")]


async def test_an_asset_that_looks_the_same_and_was_there_before_is_not_taken_for_it(itflow, deliver):
    itflow.embedded.load({"assets": [{"asset_name": "PC-1", "asset_client_id": 1}]})
    itflow.faults.add(FaultKind.EMPTY_500, "assets", "create")
    async with deliver() as deliverer:
        entry = await deliverer.add(1, read({"name": "PC-1"}), None, "key")
    assert entry.itflow_id == 2
    assert len(itflow.assets()) == 2


async def test_the_same_request_again_is_the_same_asset(itflow, deliver):
    async with deliver() as deliverer:
        first = await deliverer.add(1, read({"name": "PC-1", "serial": "S"}), None, "key")
        again = await deliverer.add(1, read({"name": "PC-1", "serial": "S", "os": "Linux"}), None, "key")
        other = await deliverer.add(2, read({"name": "PC-1", "serial": "S"}), None, "key")
        third = await deliverer.add(1, read({"name": "PC-1", "serial": "T"}), None, "key")
    assert (again.id, again.itflow_id) == (first.id, first.itflow_id)
    assert len({first.itflow_id, other.itflow_id, third.itflow_id}) == 3
    assert len(itflow.assets()) == 3


async def test_after_the_time_for_repeats_it_is_another_asset(deliver):
    async with deliver(repeat_window_s=1e-9) as deliverer:
        ids = {(await deliverer.add(1, read({"name": "PC-1"}), None, "key")).itflow_id for _ in range(2)}
    assert ids == {1, 2}


async def test_while_itflow_is_down_assets_are_promised_and_come_in_order_later(itflow, deliver, journal):
    await itflow.stop()
    async with deliver(deadline_s=0.05) as deliverer:
        for number in range(5):
            entry = await deliverer.add(1, read({"name": f"PC-{number}"}), None, "key")
            assert entry.state is State.PENDING
        await itflow.start()
        await until(lambda: journal.counts()[State.PENDING] == 0)
    assert itflow.assets() == [(1, f"PC-{number}") for number in range(5)]


async def test_what_is_pending_is_delivered_after_a_restart(itflow, deliver, journal):
    await itflow.stop()
    async with deliver(deadline_s=0.05) as deliverer:
        await deliverer.add(1, read({"name": "PC-1"}), None, "key")
    await itflow.start()
    async with deliver():
        await until(lambda: journal.counts()[State.ADDED] == 1)
    assert itflow.assets() == [(1, "PC-1")]


async def test_a_client_that_waits_does_not_hold_up_another(itflow, deliver):
    itflow.faults.add(FaultKind.EMPTY_500, "assets", "create", times=None)
    async with deliver(deadline_s=0.3, settle_s=900) as deliverer:
        assert (await deliverer.add(1, read({"name": "A"}), None, "key")).state is State.PENDING
        itflow.faults.clear()
        assert (await deliverer.add(2, read({"name": "B"}), None, "key")).state is State.ADDED
        assert (await deliverer.add(1, read({"name": "C"}), None, "key")).state is State.PENDING
    assert itflow.assets() == [(2, "B")]


async def test_a_write_is_not_repeated_while_its_answer_may_be_waited_for(itflow, deliver, journal):
    entry = journal.accept(1, read({"name": "PC-1"}), "key", 600)
    journal.claim(entry, 900)  # as another process does that is sending it now
    async with deliver(settle_s=0.001, max_wait_s=0.001):
        await until(lambda: journal.get(entry.id).reason or itflow.creates())
    assert not itflow.creates()


@pytest.mark.parametrize("restored", [False, True])
async def test_what_failed_often_is_taken_up_as_soon_as_it_may_be_repeated(itflow, deliver, journal, restored):
    """After an outage, and after a restore, where that wait begins again; not ``assets.max_wait_s`` later."""
    entry = journal.accept(1, read({"name": "PC-1"}), "key", 600)
    journal.claim(entry, 0.5)
    for _ in range(20):
        journal.defer(entry, "ITFlow is down", 0)
    if restored:
        with journal.database.write() as connection:
            connection.execute("UPDATE journal SET repeat_s = -1")
    async with deliver(max_wait_s=900):
        await until(lambda: journal.counts()[State.ADDED] == 1)
    assert itflow.assets() == [(1, "PC-1")]


async def test_an_itflow_key_of_another_client_never_writes(itflow, deliver):
    itflow.embedded.keys.clear()
    itflow.embedded.add_key("ITFLOW-KEY", client_id=1)
    async with deliver(deadline_s=0.3) as deliverer:
        entry = await deliverer.add(2, read({"name": "PC-1"}), None, "key")
    assert entry.state is State.PENDING
    assert "does not reach client 2" in entry.reason
    assert not itflow.creates()


async def test_a_client_archived_meanwhile_gets_no_asset(itflow, deliver):
    itflow.embedded.connection.execute("UPDATE clients SET client_archived_at = '2026-01-01' WHERE client_id = 1")
    async with deliver() as deliverer:
        with pytest.raises(WriteRefused, match="archived"):
            await deliverer.add(1, read({"name": "PC-1"}), None, "key")
    assert not itflow.creates()


@pytest.mark.parametrize("kind", [FaultKind.EMPTY_500, FaultKind.HTML])
async def test_an_asset_that_itflow_fails_on_for_ever_is_kept_with_the_reason(itflow, deliver, journal, kind):
    itflow.faults.add(kind, "assets", "create", times=None)
    async with deliver(deadline_s=60, settle_s=0.001, max_wait_s=0.001) as deliverer:
        with pytest.raises(WriteRefused, match="Given up after 20 failures"):
            await deliverer.add(1, read({"name": "PC-1"}), None, "key")
        (kept,) = journal.entries(State.REFUSED)
        assert "assets create" in kept.reason
        itflow.faults.clear()
        assert journal.retry([kept.id]) == 1
        await until(lambda: journal.counts()[State.ADDED] == 1)
    assert itflow.assets() == [(1, "PC-1")]


async def test_a_refused_itflow_key_only_delays(itflow, deliver, journal):
    key = itflow.embedded.keys.pop("ITFLOW-KEY")
    async with deliver(deadline_s=0.2) as deliverer:
        entry = await deliverer.add(1, read({"name": "PC-1"}), None, "key")
        assert entry.state is State.PENDING
        assert "401" in entry.reason
        itflow.embedded.keys["ITFLOW-KEY"] = key
        await until(lambda: journal.counts()[State.ADDED] == 1)


@pytest.mark.parametrize(("client_id", "scope"), [(10, None), (1, frozenset({2})), (0, None)])
async def test_a_client_that_is_not_there_or_not_covered_is_refused_at_once(deliver, journal, client_id, scope):
    async with deliver() as deliverer:
        with pytest.raises(NotFound):
            await deliverer.add(client_id, read({"name": "PC-1"}), scope, "key")
    assert not journal.entries()


async def test_without_a_mirror_nothing_is_promised(deliver, mirror, journal):
    mirror.current = None
    async with deliver() as deliverer:
        with pytest.raises(NotReady):
            await deliverer.add(1, read({"name": "PC-1"}), None, "key")
    assert not journal.entries()


async def test_a_journal_that_cannot_be_written_promises_nothing(itflow, deliver, database):
    async with deliver() as deliverer:
        with database.read() as connection:
            connection.execute("PRAGMA query_only = ON")
        with pytest.raises(StorageError):
            await deliverer.add(1, read({"name": "PC-1"}), None, "key")
        with database.read() as connection:
            connection.execute("PRAGMA query_only = OFF")
        await deliverer.add(1, read({"name": "PC-2"}), None, "key")
    assert itflow.assets() == [(1, "PC-2")]


async def test_two_processes_with_one_journal_make_one_asset_of_each(itflow, deliver, journal):
    async with deliver() as one, deliver() as other:
        for number in range(20):
            deliverer = one if number % 2 else other
            await deliverer.add(number % 3 + 1, read({"name": f"PC-{number}"}), None, "key")
        await until(lambda: journal.counts()[State.PENDING] == 0)
    assert len(itflow.assets()) == 20
    assert not itflow.doubles()


async def test_one_that_was_given_up_and_comes_all_the_same_is_added(itflow, deliver, journal):
    entry = journal.accept(1, read({"name": "PC-1"}), "key", 600)
    number = journal.claim(entry, 60)
    journal.refused(entry, "Given up")
    notes = f"[itflow-bridge {entry.tag}-{number}]"
    itflow.embedded.load({"assets": [{"asset_name": "PC-1", "asset_client_id": 1, "asset_notes": notes}]})
    async with deliver():
        await until(lambda: journal.counts()[State.ADDED] == 1)
        await until(lambda: not journal.watched())
    assert journal.get(entry.id).itflow_id == 1
    assert itflow.assets() == [(1, "PC-1")]


async def test_what_comes_late_is_removed_and_what_was_told_stays(itflow, deliver, journal):
    entry = journal.accept(1, read({"name": "PC-1"}), "key", 600)
    for number in (1, 2):
        assert journal.claim(journal.get(entry.id), 60) == number
    journal.added(entry, 2, 2)
    untagged = {"asset_name": "PC-1", "asset_client_id": 1}
    marks = [f"[itflow-bridge {entry.tag}-{number}]" for number in (1, 2)]
    itflow.embedded.load({"assets": [{**untagged, "asset_notes": mark} for mark in (*marks, "typed by hand")]})
    async with deliver():
        await until(lambda: not journal.watched())
    rows = itflow.embedded.connection.execute("SELECT asset_id FROM assets ORDER BY asset_id")
    assert [int(asset_id) for (asset_id,) in rows] == [2, 3]
