"""What phone systems send at the end of a call, as their documents show it, and what it comes to."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bridge import resources
from bridge.calls import Call, Cause, Direction, call_of
from bridge.calls.push import fields
from bridge.calls.push.forms import FORMS, told
from bridge.errors import BadParameter, NotFound, RequestError

NOW = dt.datetime(2026, 11, 27, 12, 0, 30, tzinfo=dt.UTC)


def call(body: dict[str, Any], now: dt.datetime = NOW) -> Call:
    return call_of(told(body, "pbx", now)[1])


def clock(moment: dt.datetime | None) -> str:
    return f"{moment:%H:%M:%S}" if moment else ""


# https://help.yeastar.com/en/k2-developer-v2/api-v2/event-NewCdr.html, the report of its example
YEASTAR = {
    "event": "NewCdr",
    "callid": "1571897930.5",
    "timestart": "2019-10-23 22:18:50",
    "callfrom": "1023",
    "callto": "2023",
    "callduraction": "19",
    "talkduraction": "14",
    "srctrunkname": "",
    "dsttrcunkname": "",
    "pincode": "",
    "status": "ANSWERED",
    "type": "Internal",
    "recording": "20191024201242-1571897930.5-203-201-Internal.wav",
    "didnumber": "",
    "agentringtime": "0",
    "sn": "369451090405",
}
# https://help.yeastar.com/en/cloudpbx-developer/api/api_cdr.html, its second example
YEASTAR_OUT = {
    "action": "NewCdr",
    "callid": "1547392142.330",
    "timestart": "2019-01-13 23:09:02",
    "callfrom": "1005",
    "callto": "9283737733",
    "desttrunkname": "SPS-6-36",
    "callduraction": "6",
    "talkduraction": "3",
    "status": "ANSWERED",
    "type": "Outbound",
    "recording": "20180315201242-1521173562.46-203-201-Internal.yswav",
    "sn": "369362089179",
}
# https://help.yeastar.com/en/p-series-software-edition/developer-guide/event-new-cdr.html: msg is a text there
YEASTAR_P = {
    "type": 30012,
    "sn": "3631A2124XXX",
    "msg": json.dumps(
        {
            "call_id": "1651057476.362",
            "time_start": "2022-04-27 19:04:36",
            "call_from": "2005",
            "call_to": "2002",
            "call_duration": 24,
            "talk_duration": 21,
            "src_trunk_name": " ",
            "dst_trunk_name": " ",
            "pin_code": " ",
            "status": "ANSWERED",
            "type": "Internal",
            "recording": "20220427190445-1651057476.362-2005-2002-Internal.wav",
            "did_number": " ",
            "agent_ring_time": 0,
        }
    ),
}


def test_yeastar() -> None:
    found = call(YEASTAR, dt.datetime(2019, 10, 23, 14, 19, 12, tzinfo=dt.UTC))  # in China, three seconds later
    assert (found.id, found.direction) == ("369451090405 1571897930.5", Direction.INTERNAL)
    assert (clock(found.started), clock(found.answered), clock(found.ended)) == ("14:18:50", "14:18:55", "14:19:09")
    assert (found.placed_by, found.answered_by, found.talk_s, found.wait_s) == ("1023", "2023", 14, 5)
    assert found.recording == YEASTAR["recording"]


def test_yeastar_outgoing() -> None:
    found = call(YEASTAR_OUT)
    assert (found.direction, found.placed_by, found.to_number) == (Direction.OUT, "1005", "9283737733")
    assert (found.talk_s, found.answered_by, found.rung) == (3, "", ())


def test_yeastar_p_series() -> None:
    found = call(YEASTAR_P)
    assert (found.id, found.answered_by, found.talk_s) == ("3631A2124XXX 1651057476.362", "2002", 21)


@pytest.mark.parametrize("status", ["NO ANSWERED", "NO ANSWER", "VOICEMAIL", "BUSY"])
def test_yeastar_missed(status: str) -> None:
    body = YEASTAR | {"type": "Inbound", "status": status, "callfrom": "+12125550101", "didnumber": "12125550199"}
    found = call(body | {"talkduraction": "0"})
    assert (found.missed, found.to_number, found.extensions) == (True, "12125550199", ("2023",))


def test_yeastars_records_of_a_calls_parts_are_one_call() -> None:
    first = YEASTAR | {"type": "Inbound", "status": "NO ANSWERED", "talkduraction": "0"}
    second = YEASTAR | {"type": "Inbound", "callto": "2024", "timestart": "2019-10-23 22:19:09"}
    events = [event for body in (second, first) for event in told(body, "pbx", NOW)[1]]
    found = call_of(events)
    assert (found.missed, found.answered_by, found.wait_s + found.talk_s) == (False, "2024", 38)


def placetel(event: str, **more: str) -> dict[str, str]:
    """https://github.com/Placetel/call-control-notify-api"""
    call_id = "f4591ba315d81671d7a06c2a3b4f963dafd119de39cb26edd8a6476676b2f447"
    return {"event": event, "from": "022129191999", "to": "022129191998", "call_id": call_id, **more}


def test_placetel() -> None:
    bodies = [
        placetel("IncomingCall", direction="in"),
        placetel("CallAccepted", direction="in", peer="7777abcdefg@fpbx.de"),
        placetel("HungUp", direction="in", type="accepted", duration="20"),
    ]
    events = [
        event
        for place, body in enumerate(bodies)
        for event in told(body, "pbx", NOW + dt.timedelta(seconds=10 * place))[1]
    ]
    found = call_of(events)
    assert (found.answered_by, found.wait_s, found.talk_s) == ("7777abcdefg@fpbx.de", 10, 10)
    assert (found.from_number, found.cause) == ("022129191999", Cause.NORMAL)


@pytest.mark.parametrize(("kind", "missed"), [("missed", True), ("voicemail", True), ("blocked", False)])
def test_placetel_unanswered(kind: str, *, missed: bool) -> None:
    assert call(placetel("HungUp", direction="in", type=kind, duration="0")).missed is missed


def test_placetel_outgoing_tells_the_answer_at_the_end_only() -> None:
    begun = told(placetel("OutgoingCall", direction="out", peer="7777abcdefg@fpbx.de"), "pbx", NOW)[1]
    later = NOW + dt.timedelta(seconds=30)
    ended = told(placetel("HungUp", direction="out", type="accepted", duration="20"), "pbx", later)[1]
    found = call_of([*begun, *ended])
    assert (found.placed_by, found.wait_s, found.talk_s) == ("7777abcdefg@fpbx.de", 10, 20)


def freeswitch(**variables: str) -> dict[str, Any]:
    """A record as switch_ivr_generate_json_cdr makes it, with the percent-encoded values of mod_json_cdr."""
    told = {
        "direction": "inbound",
        "uuid": "7bd3a1b4-3a5c-4a0b-9c3e-0a6c1b2d3e4f",
        "start_uepoch": "1795780800000000",
        "answer_uepoch": "1795780805000000",
        "bridge_uepoch": "1795780810000000",
        "end_uepoch": "1795780870000000",
        "start_epoch": "1795780800",
        "hangup_cause": "NORMAL_CLEARING",
        "last_bridge_to": "b-leg-2",
        **variables,
    }
    return {
        "core-uuid": "4d6a1c5e",
        "switchname": "pbx",
        "channel_data": {"state": "CS_REPORTING", "direction": "inbound"},
        "variables": {name: quote(value, safe="") for name, value in told.items()},
        "app_log": {"applications": []},
        "callflow": [
            {
                "dialplan": "XML",
                "profile_index": "1",
                "caller_profile": {
                    "caller_id_number": "+12125550101",
                    "destination_number": "12125550199",
                    "originatee": {
                        "originatee_caller_profiles": [
                            {"destination_number": "101", "uuid": "b-leg-1", "callee_id_number": "101"},
                            {"destination_number": "102", "uuid": "b-leg-2", "callee_id_number": ""},
                        ]
                    },
                },
            }
        ],
    }


def test_freeswitch() -> None:
    found = call(freeswitch(record_path="/var/lib/rec", record_name="a b.wav"))
    assert (found.direction, found.from_number, found.to_number) == (Direction.IN, "+12125550101", "12125550199")
    assert [(one.extension, one.outcome) for one in found.rung] == [("101", "elsewhere"), ("102", "answered")]
    assert (found.wait_s, found.talk_s, found.recording) == (10, 60, "/var/lib/rec/a b.wav")


def test_freeswitch_a_voice_mail_is_no_answer() -> None:
    found = call(freeswitch(last_bridge_to="", hangup_cause="NORMAL_CLEARING"))
    assert (found.missed, found.answered) == (True, None)


@pytest.mark.parametrize(
    ("variables", "direction"),
    [
        ({"call_direction": "local"}, Direction.INTERNAL),
        ({"call_direction": "outbound"}, Direction.OUT),
        ({"sip_auth_username": "101"}, Direction.OUT),
        ({}, Direction.IN),
    ],
)
def test_freeswitch_calls_every_call_inbound(variables: dict[str, str], direction: Direction) -> None:
    found = call(freeswitch(**variables))
    assert found.direction is direction
    assert found.placed_by == ("" if direction is Direction.IN else variables.get("sip_auth_username", "+12125550101"))


def test_freeswitch_who_is_dialled_has_no_call_of_its_own() -> None:
    assert told(freeswitch(originating_leg_uuid="7bd3"), "pbx", NOW)[1] == []


def threecx(kind: str, **more: str) -> dict[str, str]:
    """What the template of ``setup 3cx`` sends."""
    return {
        "event": "ReportCall",
        "CallType": kind,
        "Number": "+12125550101",
        "Agent": "101",
        "Duration": "00:01:00",
        "CallStartTimeUTC": "2026-11-27T11:59:20Z",
        "CallEstablishedTimeUTC": "2026-11-27T11:59:30Z",
        "CallEndTimeUTC": "2026-11-27T12:00:30Z",
        "QueueExtension": "",
        **more,
    }


@pytest.mark.parametrize(
    ("kind", "direction", "answered", "missed"),
    [
        ("Inbound", Direction.IN, True, False),
        ("Missed", Direction.IN, False, True),
        ("Outbound", Direction.OUT, True, False),
        ("Notanswered", Direction.OUT, False, False),
        ("Not answered", Direction.OUT, False, False),
    ],
)
def test_3cx(kind: str, direction: Direction, *, answered: bool, missed: bool) -> None:
    found = call(threecx(kind))
    assert (found.direction, found.missed, found.extensions) == (direction, missed, ("101",))
    assert (found.wait_s, found.talk_s) == ((10, 60) if answered else (70, 0))


def test_3cx_sends_what_the_template_says() -> None:
    """What 3CX makes of it: variables in brackets, and a time by .NET's form."""
    template = etree.fromstring((resources.path("asterisk") / "recipes" / "3cx.xml").read_bytes())
    (request,) = template.iterfind("Scenarios/Scenario[@Id='ReportCall']/Request")
    assert (request.get("Url"), request.get("RequestType")) == ("[Bridge]/calls/events/3cx", "Post")
    sent = threecx("Inbound")
    body = {}
    for value in request.iterfind("PostValues/Value"):
        text = re.sub(r"\[(\w+)\]", lambda variable: sent[variable[1]], value.text or "")
        formatted = re.fullmatch(r'\[(.*)\.ToString\("yyyy-MM-ddTHH:mm:ssZ"\)\]', text)
        body[value.get("Key", "")] = formatted[1] if formatted else text
        assert (value.get("Passes") == "2") == bool(formatted)
    assert body == sent


def test_3cx_without_the_times_of_newer_releases() -> None:
    body = threecx("Inbound", CallStartTimeUTC="", CallEstablishedTimeUTC="", CallEndTimeUTC="")
    found = call(body | {"DateTime": "2026-11-27 06:59:25"})
    assert (clock(found.started), found.wait_s, found.talk_s) == ("11:59:25", 5, 60)


def test_3cx_a_call_that_was_never_established_has_the_year_1() -> None:
    body = threecx("Missed", CallEstablishedTimeUTC="0001-01-01T00:00:00Z", Duration="00:00:00")
    assert call(body).missed


def test_3cx_an_answered_call_without_the_moment_of_its_answer() -> None:
    assert call(threecx("Inbound", CallEstablishedTimeUTC="0001-01-01T00:00:00Z")).talk_s == 60


def test_zammads_examples_call_the_user_caller() -> None:
    assert (
        call({"event": "answer", "callId": "1", "direction": "in", "caller": "Emma Taylor"}).answered_by
        == "Emma Taylor"
    )


@pytest.mark.parametrize(
    ("body", "named", "says"),
    [
        ({}, "", "no event of a call"),
        ({"event": "newCall"}, "placetel", "placetel: event=IncomingCall"),
        ({"event": "newCall", "direction": "in"}, "", "callId is missing"),
        ({"event": "newCall", "callId": "1"}, "", "direction must be in or out"),
        ({"event": "HungUp"}, "", "call_id is missing"),
        ({"event": "NewCdr", "type": "Inbound"}, "", "callid is missing"),
        ({"event": "NewCdr", "callid": "1"}, "", "type must be one of"),
        ({"type": 30012, "msg": "["}, "", "msg is not JSON"),
        ({"variables": {"a": "1"}, "callflow": []}, "", "variables.uuid is missing"),
        ({"event": "ReportCall"}, "", "CallType must be"),
    ],
)
def test_what_is_wrong_is_told(body: dict[str, Any], named: str, says: str) -> None:
    with pytest.raises(BadParameter, match=says.replace(".", r"\.")):
        told(body, "pbx", NOW, named)


def test_an_unknown_form_is_told_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="zammad, sipgate, placetel"):
        told({}, "pbx", NOW, "avaya")


PLAIN = [None, True, 0, -1, 1.5, float("nan"), 10**30, "", "1", "\x00", "é\udcff", "99:99:99", "2026-11-27 12:00:00"]
LEAVES = st.sampled_from(PLAIN)
VALUES = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(st.sampled_from(["uuid", "type"]), LEAVES, max_size=2)
NAMES = sorted(
    {*YEASTAR, *threecx(""), *placetel(""), *freeswitch(), *freeswitch()["variables"]}
    | {"callId", "direction", "user", "user[]", "answeringNumber", "cause", "msg", "caller_profile", "originatee"}
)
WORDS = st.sampled_from(["newCall", "answer", "hangup", "HungUp", "NewCdr", "ReportCall", "in", "Inbound", "Missed"])
BODIES = st.dictionaries(st.sampled_from(NAMES), WORDS | VALUES, max_size=8)


@given(BODIES, st.sampled_from(["", *FORMS]))
def test_any_body_is_events_or_a_fault_of_who_sends_it(body: dict[str, Any], named: str) -> None:
    try:
        _, events = told(body, "pbx", NOW, named)
    except RequestError:
        return
    if events:
        assert call_of(events).id


@given(st.integers(-48, 56), st.integers(0, 86_400), st.integers(-400, 400))
def test_a_time_without_its_zone_is_read_by_our_clock(quarters: int, second: int, late_s: int) -> None:
    meant = NOW.replace(hour=0) + dt.timedelta(seconds=second)
    wall = meant + dt.timedelta(minutes=15 * quarters)
    assert fields.zoned(f"{wall:%Y-%m-%d %H:%M:%S}", meant + dt.timedelta(seconds=late_s)) == meant
