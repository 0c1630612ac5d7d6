"""Large work that callers do not feel comes to the same as small work."""

import gc
import random
import threading

import pytest

from bridge.largework import RUN, gently, in_order, let_go, uncollected

DEADLINE_S = 30


def test_what_was_made_without_the_collector_is_old_afterwards() -> None:
    """The next collection is one of the young: it has nothing of it to walk over."""
    with uncollected():
        made: list[list[object]] = [[] for _ in range(10_000)]
    assert gc.isenabled()
    assert gc.get_count()[0] < len(made)
    old = set(map(id, gc.get_objects(generation=2)))
    assert old.issuperset(map(id, made))


def test_lists_are_emptied() -> None:
    one, other = [object() for _ in range(1_234)], [object()]
    let_go(one, [], other)
    assert one == other == []


@pytest.mark.parametrize("count", [0, 1, RUN, RUN + 1, 5 * RUN + 3])
@pytest.mark.parametrize("different", [1, 2, 40, 10**9])
def test_long_lists_are_sorted_as_short_ones(count, different):
    """Equal ones stay in their order, also where most are equal."""
    rng = random.Random(count)
    items = [(rng.randrange(different), at) for at in range(count)]
    assert in_order(items, lambda item: item[0]) == sorted(items, key=lambda item: item[0])
    texts = [str(item) for item in items]
    assert in_order(texts) == sorted(texts)


def test_long_work_lets_others_work():
    """Its items are all there, and another thread counts on while they are gone through."""
    counted, over = [0], threading.Event()

    def count() -> None:
        while not over.is_set():
            counted[0] += 1

    other = threading.Thread(target=count)
    other.start()
    seen = [counted[0] for _ in gently(range(300_000))]
    over.set()
    other.join(DEADLINE_S)
    assert len(seen) == 300_000
    assert len(set(seen)) > 1
