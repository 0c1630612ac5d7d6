"""kill -9 of the bridge loses no event that it has taken, and no number of a change is given twice."""

import asyncio
import signal

import aiohttp

from bridge.calls import State
from bridge.calls.log import CallLog
from bridge.calls.rows import Filters
from bridge.storage import Database

CALLS = 40
EVENTS = ("newCall", "answer", "hangup")


class Taken(list[tuple[str, str]]):
    """The calls and events that the bridge said it has taken; ``many`` is set once they are."""

    def __init__(self):
        super().__init__()
        self.many = asyncio.Event()

    def note(self, number, event):
        self.append((str(number), event))
        if len(self) >= CALLS:
            self.many.set()


async def told(bridge, number, taken):
    """Tell of one call from its beginning to its end, as far as the bridge takes it."""
    for event in EVENTS:
        body = f"event={event}&direction=in&callId={number}&from=2125550101&user[]=101&cause=normalClearing"
        try:
            async with bridge.session.post(
                f"{bridge.url}/calls/events?api_key=all", data=body.encode(), headers={"Content-Type": "text/plain"}
            ) as answer:
                if answer.status != 200:
                    return
        except aiohttp.ClientError:
            return
        taken.note(number, event)


def log_of(bridge):
    database = Database(bridge.path)
    found = {one.call.id: one for one in CallLog(database).read(Filters(limit=CALLS * 2))}
    last = CallLog(database).last_change()
    database.close()
    return found, last


async def test_what_was_taken_is_kept(serve):
    bridge = await serve()
    taken = Taken()
    telling = [asyncio.create_task(told(bridge, number, taken)) for number in range(CALLS)]
    await taken.many.wait()
    await bridge.stop(signal.SIGKILL)
    await asyncio.gather(*telling)
    kept, last = log_of(bridge)
    for number, event in taken:
        call = kept[number].call
        assert event != "answer" or call.answered is not None
        assert event != "hangup" or call.state is State.ENDED

    again = await serve()
    await asyncio.gather(*(told(again, number, taken) for number in range(CALLS)))
    whole, _ = log_of(again)
    assert len(whole) == CALLS
    assert {(one.call.state, one.call.answered_by) for one in whole.values()} == {(State.ENDED, "101")}
    fresh = [one.change for number, one in whole.items() if number not in kept or one.call != kept[number].call]
    assert len(set(fresh)) == len(fresh)
    assert all(change > last for change in fresh)
