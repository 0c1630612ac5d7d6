"""Wrong PINs lock longer each time, across restarts, whatever the wall clock does."""

import datetime as dt

import pytest

from bridge.agi.lockout import FORGOTTEN_S, MAX_SUBJECTS, Lockout
from bridge.clock import Moment, boot_id, uptime_s
from bridge.storage import Database

LOCK_S = 900
MANY = [f"client {n}" for n in range(5)]


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "bridge.db")
    yield made
    made.close()


@pytest.fixture
def lockout(database):
    return Lockout(database, 3, LOCK_S)


def passed(database, seconds, *, wall=0.0, boot=None):
    """Let time pass for what is stored: on the machine's own clock, and so much more or less on the wall's."""
    with database.write() as connection:
        for subject, at in connection.execute("SELECT subject, at FROM pin_locks").fetchall():
            moment = Moment.read(at)
            then = Moment(
                moment.at - dt.timedelta(seconds=seconds + wall),
                moment.uptime_s - seconds,
                moment.boot if boot is None else boot,
            )
            connection.execute("UPDATE pin_locks SET at = ? WHERE subject = ?", (str(then), subject))


async def wrong(lockout, times, subjects=("client 1",)):
    for _ in range(times):
        assert await lockout.spend(subjects)


async def test_each_lock_is_longer(lockout, database):
    for lasts in (LOCK_S, 4 * LOCK_S, 96 * LOCK_S, 96 * LOCK_S):
        await wrong(lockout, 3)
        assert await lockout.locked(["client 1"])
        assert not await lockout.spend(["client 1"])
        passed(database, lasts - 5)
        assert await lockout.locked(["client 1"])
        passed(database, 6)
        assert not await lockout.locked(["client 1"])


async def test_the_right_pin_clears_locks_and_their_length(lockout, database):
    for _ in range(3):
        await wrong(lockout, 3)
        passed(database, 96 * LOCK_S + 1)
    await lockout.clear(["client 1"])
    await wrong(lockout, 3)
    passed(database, LOCK_S + 1)
    assert not await lockout.locked(["client 1"])


async def test_one_locked_subject_locks_the_others_with_it_and_counts_nothing(lockout):
    await wrong(lockout, 3, ["caller 1"])
    for _ in range(3):
        assert not await lockout.spend(["caller 1", "client 1"])
    assert not await lockout.locked(["client 1"])


@pytest.mark.parametrize("wall_s", [-400 * 86400, -3600, 3600, 400 * 86400])
async def test_a_step_of_the_wall_clock_ends_no_lock_and_prolongs_none(lockout, database, wall_s):
    await wrong(lockout, 3)
    passed(database, LOCK_S - 5, wall=wall_s)
    assert await lockout.locked(["client 1"])
    passed(database, 6)
    assert not await lockout.locked(["client 1"])


async def test_after_a_restart_of_the_machine_the_wall_clock_counts(lockout, database):
    await wrong(lockout, 3)
    passed(database, 0, boot="another start", wall=-30 * 86400)
    # The clock was set back meanwhile: it is locked until the machine has run for as long as the lock.
    assert await lockout.locked(["client 1"]) == (uptime_s() < LOCK_S)
    passed(database, 0, boot=boot_id())
    assert await lockout.locked(["client 1"])


async def test_another_process_sees_the_lock(lockout, tmp_path):
    await wrong(lockout, 3)
    other = Database(tmp_path / "bridge.db")
    assert await Lockout(other, 3, LOCK_S).locked(["client 1"])
    other.close()


async def test_wrong_pins_are_forgotten_in_the_end(lockout, database):
    await wrong(lockout, 2)
    passed(database, FORGOTTEN_S + 1)
    await wrong(lockout, 2)
    assert not await lockout.locked(["client 1"])


async def test_the_table_is_bounded_and_keeps_the_locked(lockout, database):
    await wrong(lockout, 3, ["client 1"])
    with database.write() as connection:
        connection.executemany(
            "INSERT INTO pin_locks (subject, wrong, locks, at) VALUES (?, 1, 0, ?)",
            [(f"caller {n}", str(Moment.now())) for n in range(MAX_SUBJECTS)],
        )
    await wrong(lockout, 1, ["client 2"])
    with database.read() as connection:
        (count,) = connection.execute("SELECT count(*) FROM pin_locks").fetchone()
    assert count == MAX_SUBJECTS
    assert await lockout.locked(["client 1"])
