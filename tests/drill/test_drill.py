"""The drill's short form: some faults, no wrong name, nobody unanswered, all well again."""

import dataclasses

from tests.drill.__main__ import play
from tests.drill.faults import FAULTS


async def test_no_fault_shows_a_wrong_name_or_stays():
    async for played in play([fault for fault in FAULTS if fault.short]):
        assert played.good, dataclasses.asdict(played)
        assert played.counts.requests > 20
