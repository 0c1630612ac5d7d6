"""The events that come of recorded transcripts, whole and maimed."""

import datetime as dt
import random
from itertools import pairwise

import pytest

from bridge.calls.ami.follow import Follower
from bridge.calls.call import State
from bridge.calls.event import Cause, Direction, What
from tests.calls.ami.transcripts import (
    LATER,
    NAMES,
    calls_by,
    extension_of,
    follower,
    messages,
    shown,
    truth,
    without_times,
)


def played(name, story=None, made=None):
    made = made or follower()
    return [event for message in (story or messages(name)) for event in made.take(message, LATER)]


def by_caller(calls):
    return sorted(calls, key=lambda call: (call["direction"], call["caller"]))


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_becomes_the_calls_that_were_made(name):
    calls = calls_by(played(name))
    assert by_caller(map(shown, calls)) == by_caller(map(without_times, truth(name)))
    assert all(call.state is State.ENDED and call.cause is not Cause.LOST for call in calls)
    assert all(call.placed_by == ("" if call.direction is Direction.IN else call.from_number) for call in calls)


@pytest.mark.parametrize("name", NAMES)
def test_times_are_those_of_the_phones(name):
    calls = {(call.direction.value, call.from_number): call for call in calls_by(played(name))}
    for called in truth(name):
        call = calls[called["direction"], called["caller"]]
        talked = sum((talk.until - talk.since).total_seconds() for talk in call.talks[:1]) if call.talks else 0
        assert talked >= 0
        assert (call.ended - (call.answered or call.ended)).total_seconds() == pytest.approx(called["talk_s"], abs=0.6)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_told_twice_and_nothing_before_what_was_told(name):
    events = played(name)
    assert len(set(events)) == len(events)
    for call in {event.call_id for event in events}:
        assert all(one.at <= two.at for one, two in pairwise(event for event in events if event.call_id == call))


@pytest.mark.parametrize("name", NAMES)
def test_every_message_twice_changes_nothing(name):
    story = [message for message in messages(name) for _ in range(2)]
    assert played(name, story) == played(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_story_again_changes_nothing(name):
    assert played(name, messages(name) * 2) == played(name)


@pytest.mark.parametrize("name", NAMES)
def test_neighbours_that_change_places_change_nothing_but_moments(name):
    """Asterisk's threads tell of two channels in either order."""
    expected = by_caller(map(without_times, truth(name)))
    for seed in range(20):
        choose, story = random.Random(seed), messages(name)
        for place in range(0, len(story) - 1, 2):
            one, two = story[place : place + 2]
            if choose.random() < 0.5 and not _same_channel(one, two):
                story[place : place + 2] = two, one
        assert by_caller(map(shown, calls_by(played(name, story)))) == expected, seed


def _same_channel(one, two):
    keys = ("Uniqueid", "DestUniqueid", "BridgeUniqueid", "LocalOneUniqueid", "LocalTwoUniqueid")
    return bool({one.get(key) for key in keys} & {two.get(key) for key in keys} - {None}) or "Hangup" in (
        one.get("Event"),
        two.get("Event"),
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_shuffled_story_leaves_nothing_up(name):
    for seed in range(20):
        story = messages(name)
        random.Random(seed).shuffle(story)
        made = follower()
        events = played(name, story, made)
        made.list_begins()
        events += made.list_ends(LATER, LATER)
        assert all(call.state is State.ENDED for call in calls_by(events)), seed


@pytest.mark.parametrize("name", NAMES)
def test_wherever_the_story_breaks_off_the_next_list_ends_it(name):
    story = messages(name)
    for cut in range(len(story)):
        made = follower()
        events = played(name, story[:cut] or [{}], made)
        made.connected()
        made.list_begins()
        events += made.list_ends(LATER, LATER)
        calls = calls_by(events)
        assert all(call.state is State.ENDED for call in calls), cut
        known = {(called["direction"], called["caller"]): called for called in truth(name)}
        for call in calls:
            called = known[call.direction.value, call.from_number]
            assert [talk.extension for talk in call.talks] == called["answered_by"][: len(call.talks)]
            assert call.missed <= (called["missed"] or call.cause is Cause.LOST), cut


# Not where a channel is in a bridge that no message has told of: Asterisk's list would tell it, ``listed`` cannot.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "transfer_as_it_is_answered"])
def test_a_bridge_that_starts_anew_in_the_middle_tells_nothing_again(name):
    """It knows the calls of its book, and hears the rest of the story."""
    story = messages(name)
    for cut in range(len(story)):
        before = played(name, story[:cut] or [{}])
        up = [call for call in calls_by(before) if call.state is not State.ENDED]
        made, listed_events = follower_with(up, story[:cut])
        events = [*before, *listed_events, *played(name, story[cut:] or [{}], made)]
        counted = [(event.call_id, event.what, event.extension, event.device) for event in events]
        told = [(event.call_id, event.what, event.extension, event.device) for event in played(name)]
        for what in (What.BEGAN, What.ENDED):
            assert sorted(row for row in counted if row[1] is what) == sorted(row for row in told if row[1] is what), (
                cut
            )
        known = {(called["direction"], called["caller"]): _short(called) for called in truth(name)}
        for call in calls_by(events):
            called = known.pop((call.direction.value, call.from_number))
            if call.cause is Cause.LOST:  # its channels are another call's meanwhile; the answer was not heard
                assert name == "transfer_while_it_rings"
                called["answered_by"] = []
            assert _short(shown(call)) == called, cut
        assert not known


@pytest.mark.parametrize("heard", ["the ringing", "nothing", "all, while it asks what is up"])
@pytest.mark.parametrize(
    "name", ["answered", "ring_group", "two_devices", "queue", "outbound", "internal", "forwarded"]
)
def test_who_answers_while_the_bridge_is_away_has_answered_when_asterisk_says(name, heard):
    """It dies as somebody is rung, or before there is a call, and starts again as they talk."""
    story = messages(name)
    enters = [place for place, one in enumerate(story) if one["Event"] == "BridgeEnter"]
    talks = next(place for place in range(enters[1], len(story)) if "Hangup" in story[place]["Event"])
    rings = max(place for place in range(talks) if story[place].get("ChannelState") == "5" and place < enters[0]) + 1
    before = played(name, story[:rings]) if heard == "the ringing" else []
    asking = heard.startswith("all")
    made, events = follower_with(calls_by(before), story[:talks], later=story[talks], asking=asking)
    (call,) = calls_by([*before, *events, *played(name, story[talks:], made)])
    (called,) = truth(name)
    assert [talk.extension for talk in call.talks] == called["answered_by"]
    (whole,) = calls_by(played(name))
    assert (call.talk_s, call.cause, call.missed) == (whole.talk_s, Cause.NORMAL, False)
    assert abs((call.answered - whole.answered).total_seconds()) < 0.02


@pytest.mark.parametrize("restarted", [True, False])
@pytest.mark.parametrize(
    "name", ["answered", "ring_group", "two_devices", "queue", "outbound", "internal", "forwarded"]
)
def test_who_answers_while_nobody_listens_and_hangs_up_before_the_list_is_there_was_not_missed(name, restarted):
    """How long they talked nobody knows: such a call is lost, and leaves nothing in ITFlow."""
    story = messages(name)
    enters = [place for place, one in enumerate(story) if one["Event"] == "BridgeEnter"]
    rings = max(place for place in range(enters[0]) if story[place].get("ChannelState") == "5") + 1
    made = follower()
    before = played(name, story[:rings], made)
    if restarted:
        made = Follower(extension_of, calls_by(before))
    made.connected()
    made.list_begins()
    assert not played(name, story[enters[1] + 1 :], made)
    (call,) = calls_by([*before, *made.list_ends(LATER, LATER)])
    assert (call.cause, call.missed) == (Cause.LOST, False)


def follower_with(up, story, *, later=None, asking=False):
    """A follower of a new process, and what it tells of the list that Asterisk gives at that point of the story.

    The list is complete when the message ``later`` comes. Where it is still ``asking``, the story is told beside the
    list, and the list has nothing of it.
    """
    made = Follower(extension_of, up)
    made.connected()
    made.list_begins()
    last = later or (story[-1] if story else {"Timestamp": 0})
    at = dt.datetime.fromtimestamp(float(last["Timestamp"]), dt.UTC)
    assert not [event for message in (story if asking else listed(story)) for event in made.take(message, at)]
    return made, made.list_ends(at, at)


def listed(story):
    """What ``BridgeList`` and ``Status`` tell after a story: each channel's last lines, and which bridge it is in."""
    up: dict[str, dict[str, str]] = {}
    bridges: dict[str, str] = {}
    technologies: dict[str, str] = {}
    began: dict[str, bool] = {}
    answered: dict[str, dict[str, str]] = {}
    for message in story:
        kind = message.get("Event", "")
        for prefix in ("", "Dest"):
            identity = message.get(f"{prefix}Uniqueid")
            if identity and not (kind == "Hangup" and prefix == ""):
                keys = ("Channel", "ChannelState", "CallerIDNum", "Exten", "Linkedid", "Uniqueid")
                lines = {key: message.get(f"{prefix}{key}", "") for key in keys}
                up[identity] = up.get(identity, {}) | {key: value for key, value in lines.items() if value}
                began.setdefault(identity, kind == "Newchannel" and lines["ChannelState"] == "0")
                if lines["ChannelState"] == "6":
                    answered.setdefault(identity, {"Variable": f"CDR(answer,u)={message['Timestamp']}"})
        identity = message.get("Uniqueid", "")
        if kind == "Hangup":
            up.pop(identity, None)
            bridges.pop(identity, None)
        if kind == "BridgeEnter":
            bridges[identity] = message["BridgeUniqueid"]
            technologies[message["BridgeUniqueid"]] = message["BridgeTechnology"]
        if kind == "BridgeLeave" and bridges.get(identity) == message["BridgeUniqueid"]:
            del bridges[identity]
        if kind == "QueueCallerJoin":
            up[identity] |= {"Application": "Queue", "Data": f"{message['Queue']},,,,30"}
    for bridge, technology in technologies.items():
        yield {"Event": "BridgeListItem", "BridgeUniqueid": bridge, "BridgeTechnology": technology}
    for identity, lines in up.items():
        application = {"Application": "AppDial"} if began[identity] else {}
        yield {
            "Event": "Status",
            "BridgeID": bridges.get(identity, ""),
            **(application | answered.get(identity, {}) | lines),
        }


def _short(called):
    """What must be right after a restart: who called whom, who answered, and whether it was missed."""
    return {key: called[key] for key in ("direction", "caller", "called", "answered_by", "missed")}


def event(kind, identity, call="", **lines):
    """A message about one channel."""
    return {"Event": kind, "Uniqueid": identity, "Linkedid": call or identity, **lines}


def trunk(identity, exten="2125550000", **lines):
    channel = {"Channel": f"PJSIP/trunk-{identity[-1]}", "ChannelState": "4", "CallerIDNum": "3125551234"}
    return event("Newchannel", identity, Exten=exten, **channel, **lines)


def test_callers_who_are_parked_in_one_place_do_not_hear_each_other():
    both = "1795800000.1", "1795800000.2"
    place = {"BridgeUniqueid": "park", "BridgeTechnology": "holding_bridge"}
    story = [trunk(identity) for identity in both]
    story += [event("BridgeEnter", identity, **place) for identity in both]
    story += [event("Hangup", identity, Cause="16") for identity in both]
    calls = calls_by(played("", story))
    assert [(call.id, call.linked, call.answered) for call in calls] == [
        ("1795800000.1", (), None),
        ("1795800000.2", (), None),
    ]


def test_who_takes_a_place_in_a_bridge_may_be_told_before_the_other_leaves_it():
    story = messages("attended_transfer")
    enter = next(place for place, message in enumerate(story) if message.get("SwapUniqueid"))
    left = story[enter]["SwapUniqueid"], "BridgeLeave"
    leave = next(place for place in range(enter) if (story[place].get("Uniqueid"), story[place]["Event"]) == left)
    story.insert(enter, story.pop(leave))
    calls = calls_by(played("attended_transfer", story))
    assert by_caller(map(shown, calls)) == by_caller(map(without_times, truth("attended_transfer")))


def test_nothing_is_told_of_half_a_list():
    story = messages("ring_group_of_Local_channels")
    made = Follower(extension_of)
    made.connected()
    made.list_begins()
    assert not [event for message in [*listed(story[: len(story) // 2])] for event in made.take(message, LATER)]
    assert made.list_ends(LATER, LATER)


def test_a_call_that_is_heard_of_only_at_its_end_is_not_in_the_log():
    """It may have been answered: nobody knows."""
    assert played("", [event("Hangup", "1795800000.1", Channel="PJSIP/trunk-1", Exten="600", Cause="16")]) == []


def test_whom_one_of_ours_called_is_no_caller_where_the_one_who_called_is_gone():
    left = event("Newstate", "1795800000.2", "1795800000.1", Channel="PJSIP/trunk-2", ChannelState="6")
    ring = event("Newchannel", "1795800000.3", "1795800000.1", Channel="PJSIP/107-3", ChannelState="0", Exten="s")
    (call,) = calls_by(played("", [left | {"CallerIDNum": "2125557777", "Exten": "107"}, ring]))
    assert (call.direction, call.from_number, call.to_number) == ("out", "", "2125557777")


def test_the_phone_is_answered_when_it_is_taken_up():
    story = messages("ring_group")
    taken_up = next(one for one in story if one.get("ChannelState") == "6" and one["Channel"].startswith("PJSIP/103"))
    (answered,) = [event for event in played("ring_group") if event.what is What.ANSWERED]
    assert answered.at == dt.datetime.fromtimestamp(float(taken_up["Timestamp"]), dt.UTC)


@pytest.mark.parametrize("name", ["forwarded", "no_answer", "busy"])
def test_who_has_stopped_ringing_is_told_before_the_channel_goes(name):
    """A phone that has sent the caller on may let go only after the next one has answered."""
    story = messages(name)
    own = next(one["DestUniqueid"] for one in story if one["Event"] == "DialBegin")
    late = next(place for place, one in enumerate(story) if one["Event"] == "Hangup" and one["Uniqueid"] == own)
    story.insert(len(story) - 1, story.pop(late))
    assert by_caller(map(shown, calls_by(played(name, story)))) == by_caller(map(without_times, truth(name)))
