"""Which form a phone system's request has, and what it tells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from bridge.calls.event import Event
from bridge.calls.push import cti, freeswitch, placetel, threecx, yeastar
from bridge.calls.push.fields import Body
from bridge.errors import BadParameter, NotFound


class Form(NamedTuple):
    """A form.

    Attributes:
        source: The name of what its calls come from: one for all that share the form, since not every event tells
            who sent it.
        fits: Whether a body has it.
        events: What a body tells, by the name of its source, heard at a moment.
        needs: What it is known by, for people.
    """

    source: str
    fits: Callable[[Body], bool]
    events: Callable[[Body, str, dt.datetime], Iterator[Event]]
    needs: str


_CTI = Form("cti", cti.is_cti, cti.events, "event=newCall, answer or hangup")
FORMS: Mapping[str, Form] = {
    "zammad": _CTI,
    "sipgate": _CTI,
    "placetel": Form(
        "placetel", placetel.is_placetel, placetel.events, "event=IncomingCall, OutgoingCall, CallAccepted, HungUp"
    ),
    "yeastar": Form("yeastar", yeastar.is_yeastar, yeastar.events, "event=NewCdr"),
    "freeswitch": Form(
        "freeswitch", freeswitch.is_freeswitch, freeswitch.events, "variables and callflow of mod_json_cdr"
    ),
    "3cx": Form("3cx", threecx.is_3cx, threecx.events, "event=ReportCall"),
}


def told(body: Body, key: str, now: dt.datetime, name: str = "") -> tuple[str, list[Event]]:
    """What a request tells, and the form it has.

    Args:
        body: What was sent.
        key: Name of the key that it came with: what one key tells changes no call that another told.
        now: When it was heard.
        name: The form, where the address names it.

    Raises:
        NotFound: There is no form of this name.
        BadParameter: It has no known form, or not the one named, or a field is missing.
    """
    if name and name not in FORMS:
        raise NotFound(f"There is no form {name}; there are {', '.join(FORMS)}. See docs/calls.md")
    wanted = {name: FORMS[name]} if name else FORMS
    found = next((one for one, form in wanted.items() if form.fits(body)), "")
    if not found:
        needs = "; ".join(f"{one}: {form.needs}" for one, form in wanted.items())
        raise BadParameter(f"This is no event of a call that is known here. What each form must have: {needs}.")
    form = FORMS[found]
    if form is _CTI and not name:
        found = "sipgate" if cti.is_sipgate(body) else "zammad"
    return found, list(form.events(body, f"{form.source} {key}", now))
