"""Some seeds of the simulation, and the faults of release 1.0 that it must find."""

import pytest

from tests.simulation.outbox import TimeOnly, play


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_nothing_is_lost_and_nothing_stays_twice(first):
    assert not [wrong for seed in range(first, first + 10) if (wrong := play(seed))]


@pytest.mark.parametrize("seed", [119, 180, 311, 391, 456])
def test_a_note_is_not_sent_again_because_the_machine_was_started_anew(seed):
    """Its wait ended with each start, so ITFlow got it twice: once late, once again."""
    assert not play(seed)


@pytest.mark.parametrize("fault", [{"journal": TimeOnly}, {"wall_clock": True}], ids=["time-only", "wall-clock"])
def test_a_fault_of_release_1_0_is_found(fault):
    assert any(play(seed, **fault) for seed in range(100))


def test_a_seed_always_plays_the_same():
    first = next(wrong for seed in range(100) if (wrong := play(seed, journal=TimeOnly)))
    seed = int(first.split()[2].rstrip(":"))
    assert play(seed, journal=TimeOnly) == first
