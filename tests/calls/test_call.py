"""A call is what its events come to, in whatever order and however often they came."""

import datetime as dt
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.calls import Call, Cause, Direction, Event, Outcome, State, What, call_of
from bridge.calls.call import compacted

NOON = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


def event(what: What, seconds: float, **told: object) -> Event:
    return Event(source="ami", call_id="1.1", what=what, at=at(seconds), **told)  # type: ignore[arg-type]


BEGAN = event(What.BEGAN, 0, direction=Direction.IN, from_number="+12125550101", to_number="+12125550199")
RING_101, RING_102 = (event(What.RUNG, 1, extension=one, device=f"PJSIP/{one}") for one in ("101", "102"))
ANSWER_102 = event(What.ANSWERED, 9, extension="102")
END = event(What.ENDED, 69, cause=Cause.NORMAL)


def rung(call: Call) -> list[tuple[str, Outcome]]:
    return [(one.extension, one.outcome) for one in call.rung]


def test_a_call_to_two_that_one_answers() -> None:
    call = call_of([BEGAN, RING_101, RING_102, ANSWER_102, END])
    assert rung(call) == [("101", Outcome.ELSEWHERE), ("102", Outcome.ANSWERED)]
    assert (call.answered_by, call.wait_s, call.talk_s, call.cause) == ("102", 9, 60, Cause.NORMAL)
    assert (call.state, call.missed, call.from_number) == (State.ENDED, False, "+12125550101")


def test_it_rings_talks_and_ends() -> None:
    assert call_of([BEGAN, RING_101]).state is State.RINGING
    assert rung(call_of([BEGAN, RING_101])) == [("101", Outcome.RINGING)]
    assert call_of([BEGAN, RING_101, ANSWER_102]).state is State.TALKING


def test_nobody_answers() -> None:
    call = call_of([BEGAN, RING_101, event(What.ENDED, 20, cause=Cause.CANCELLED)])
    assert call.missed
    assert rung(call) == [("101", Outcome.UNANSWERED)]
    assert call.rung[0].until == at(20)


def test_two_devices_of_one_extension_ring_once() -> None:
    mobile = event(What.RUNG, 2, extension="101", device="PJSIP/101-mobile")
    gone = event(What.LEFT, 3, extension="101", device="PJSIP/101", cause=Cause.BUSY)
    assert rung(call_of([BEGAN, RING_101, mobile, gone])) == [("101", Outcome.RINGING)]
    both = call_of([BEGAN, RING_101, mobile, gone, event(What.LEFT, 4, extension="101", device="PJSIP/101-mobile")])
    assert rung(both) == [("101", Outcome.UNANSWERED)]


def test_a_transfer_has_two_who_talk() -> None:
    first = (event(What.ANSWERED, 5, extension="101"), event(What.LEFT, 30, extension="101"))
    second = (event(What.RUNG, 25, extension="102"), event(What.ANSWERED, 28, extension="102"))
    call = call_of([BEGAN, RING_101, *first, *second, END])
    assert [(talk.extension, talk.since, talk.until) for talk in call.talks] == [
        ("101", at(5), at(30)),
        ("102", at(28), at(69)),
    ]
    assert call.answered_by == "101"


@pytest.mark.parametrize("known", [[END], [END, END], [ANSWER_102, END]])
def test_an_end_without_a_beginning_is_a_call(known: list[Event]) -> None:
    assert call_of(known).state is State.ENDED


def test_a_supposed_end_gives_way_to_a_real_one() -> None:
    lost = event(What.ENDED, 40, cause=Cause.LOST)
    assert call_of([BEGAN, ANSWER_102, lost]).cause is Cause.LOST
    assert call_of([BEGAN, ANSWER_102, lost, END]) == call_of([BEGAN, ANSWER_102, END])


def test_an_end_that_is_heard_before_the_answer_leaves_the_call_answered() -> None:
    answer = event(What.ANSWERED, 9.5, extension="101", timed=False)
    ended = event(What.ENDED, 9, cause=Cause.CANCELLED, timed=False)
    call = call_of([event(What.BEGAN, 0, timed=False), ended, answer])
    assert (call.state, call.answered_by, call.talk_s, call.missed) == (State.ENDED, "101", 0, False)


def test_records_of_a_calls_parts_make_one_call() -> None:
    parts = [BEGAN, RING_101, event(What.ENDED, 9, cause=Cause.NO_ANSWER), event(What.BEGAN, 9)]
    call = call_of([*parts, event(What.RUNG, 9, extension="102"), event(What.ANSWERED, 12, extension="102"), END])
    assert (call.ended, call.answered_by, call.cause, call.missed) == (at(69), "102", Cause.NORMAL, False)


@pytest.mark.parametrize("cause", [Cause.NORMAL, Cause.FORWARDED, Cause.LOST])
def test_an_end_alone_may_tell_that_nobody_was_missed(cause: Cause) -> None:
    assert not call_of([event(What.ENDED, 9, cause=cause)]).missed


def test_who_places_a_call_takes_part_in_it() -> None:
    out = event(What.BEGAN, 0, direction=Direction.OUT, from_number="101", to_number="+12125550101")
    assert call_of([out, event(What.ANSWERED, 5)]).extensions == ("101",)
    assert (
        call_of([event(What.BEGAN, 0, direction=Direction.OUT, from_number="+1", extension="Ada")]).placed_by == "Ada"
    )
    assert BEGAN.from_number
    assert not call_of([BEGAN]).placed_by


def test_what_was_heard_twice_without_a_time_counts_once() -> None:
    heard = [event(What.ANSWERED, seconds, extension="101", timed=False) for seconds in (5, 8)]
    assert call_of([BEGAN, *heard, END]) == call_of([BEGAN, heard[0], END])


def test_a_recording_may_come_after_the_end() -> None:
    late = event(What.LEFT, 90, recording="https://pbx.example/1.wav")
    assert call_of([BEGAN, ANSWER_102, END, late]).recording == "https://pbx.example/1.wav"


EVENTS = st.builds(
    Event,
    source=st.just("ami"),
    call_id=st.just("1.1"),
    what=st.sampled_from(What),
    at=st.integers(0, 6).map(at),
    timed=st.booleans(),
    direction=st.none() | st.sampled_from(Direction),
    from_number=st.sampled_from(["", "+12125550101", "101"]),
    to_number=st.sampled_from(["", "102"]),
    extension=st.sampled_from(["", "101", "102"]),
    device=st.sampled_from(["", "a", "b"]),
    queue=st.sampled_from(["", "sales"]),
    cause=st.none() | st.sampled_from(Cause),
    linked=st.sampled_from([(), ("1.2",)]),
)


def test_thousands_of_calls_in_any_order_and_doubled() -> None:
    """The same as below, quicker: every call is told in three orders, some of it more than once."""
    chance = random.Random(4711)

    def made_up() -> Event:
        return Event(
            source="ami",
            call_id="1.1",
            what=chance.choice(list(What)),
            at=at(chance.randrange(8)),
            timed=chance.random() < 0.7,
            direction=chance.choice([None, *Direction]),
            from_number=chance.choice(["", "+12125550101"]),
            extension=chance.choice(["", "101", "102", "103"]),
            device=chance.choice(["", "a", "b"]),
            cause=chance.choice([None, *Cause]),
            linked=chance.choice([(), ("1.2",)]),
        )

    for _ in range(3000):
        events = [made_up() for _ in range(chance.randint(1, 12))]
        call = call_of(events)
        for _ in range(2):
            again = [*events, *chance.choices(events, k=3)]
            chance.shuffle(again)
            assert call_of(again) == call, events
        fewer = call_of(compacted(events))
        assert fewer == replace(call, rung=fewer.rung), events
        assert [(one.extension, one.since) for one in fewer.rung] == [(one.extension, one.since) for one in call.rung]


def told_twice(events: list[Event]) -> st.SearchStrategy[tuple[list[Event], list[Event]]]:
    return st.tuples(st.just(events), st.permutations([*events, *events[:3]]))


@given(st.lists(EVENTS, min_size=1, max_size=9).flatmap(told_twice))
def test_any_order_and_any_doubling_give_the_same_call(lists: tuple[list[Event], list[Event]]) -> None:
    told, otherwise = lists
    call = call_of(told)
    assert call_of(otherwise) == call
    assert call.started <= (call.ended or call.started)
    assert call.wait_s >= 0
    assert call.talk_s >= 0
    if any(event.what is What.ENDED and event.cause is not Cause.LOST and not event.timed for event in told):
        assert call.state is State.ENDED
    if call.state is State.ENDED:
        assert all(one.until for one in call.rung)
        assert all(one.until for one in call.talks)
