"""Some seeds of the simulation of the sync."""

import pytest

from tests.simulation.directory import floor_of_five, play


@pytest.mark.parametrize("first", range(0, 30, 10))
def test_nothing_leaves_the_mirror_that_itflow_has(first):
    assert not [wrong for seed in range(first, first + 10) if (wrong := play(seed))]


@pytest.mark.parametrize("seed", [3316, 3339])
def test_a_page_after_a_step_back_stands_for_nothing(seed):
    """Rows that went while a pull stepped back once stayed for good."""
    assert not play(seed, chaos_s=60)


def test_the_fault_of_release_1_0_is_found():
    assert any(play(seed, judging=floor_of_five) for seed in range(100))
