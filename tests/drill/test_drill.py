"""The drill's short form: some faults, no wrong name, nobody unanswered, all well again."""

import dataclasses

from tests.counterparts import lacking
from tests.drill.__main__ import play
from tests.drill.faults import CLOCK, FAULTS, Fault, clock_steps


async def test_no_fault_shows_a_wrong_name_or_stays():
    async for played in play([fault for fault in FAULTS if fault.short]):
        assert played.good, dataclasses.asdict(played)
        assert played.counts.requests > 20


async def test_a_step_of_the_wall_clock_is_not_felt():
    if not CLOCK:
        lacking("No libfaketime here; Debian: apt install faketime")
    async for played in play([Fault("clock", clock_steps)]):
        assert played.good, dataclasses.asdict(played)
