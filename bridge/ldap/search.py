"""A search, in slices: whose entries, which of them, in what order, and where an answer ends."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.errors import BadParameter
from bridge.ldap import dn, plain, tree
from bridge.ldap.controls import SORT, Page, SortKey, Window, Wishes, page_answer, sort_answer, window_answer
from bridge.ldap.filters import Question, question
from bridge.ldap.messages import Code, Control, Result, Scope, Search, encode_entry
from bridge.ldap.orders import Order
from bridge.ldap.people import People
from bridge.ldap.reverse import asked, caller
from bridge.ldap.schema import PERSON_CLASSES, canonical
from bridge.ldap.selection import chosen

SLICE_S: Final = 0.002  # how long callers of the other interfaces may be held up
LOOK_EVERY: Final = 32  # entries between two looks at the clock
AT_ONCE: Final = 128  # entries that are given at once: who reads nothing is found out before more are made
LONGEST_S: Final = 10.0


@dataclass(slots=True)
class Outcome:
    """How a search ended.

    Attributes:
        missed: A number was asked for that nobody has.
    """

    result: Result
    controls: Sequence[Control] = ()
    missed: bool = False


# What it gives are the entries found since the last step; after each, others may go on.
Steps = Generator[Sequence[bytes], None, Outcome]


@dataclass(frozen=True, slots=True)
class Asked:
    """A search and its circumstances.

    Attributes:
        search: As it came.
        wishes: Its controls.
        critical: OIDs of the controls that it insists on.
        most: The most entries that one answer brings.
    """

    search: Search
    wishes: Wishes
    critical: frozenset[str]
    most: int


def run(people: People, wanted: Asked) -> Steps:
    """Search a book."""
    search = wanted.search
    try:
        parts, base = dn.parse(search.base), dn.parse(people.base)
    except BadParameter as error:
        return Outcome(Result(Code.INVALID_DN, str(error)))
    if parts in {base, ()}:  # phones whose base is left empty mean the one book there is
        return (yield from _book(people, wanted))
    if parts[1:] == base and parts[0][0] == "uid" and (place := people.place(parts[0][1])) is not None:
        return (yield from _one(people, wanted, place))
    matched = people.base if parts[-len(base) :] == base else ""
    return Outcome(Result(Code.NO_SUCH_OBJECT, f"The entries are below {people.base}.", matched))


def _one(people: People, wanted: Asked, place: int) -> Steps:
    search = wanted.search
    if search.scope is not Scope.ONE and question(people, search.filter).test(place):
        yield [people.encoded(place, search.attributes, types_only=search.types_only)]
    return Outcome(Result())


def _book(people: People, wanted: Asked) -> Steps:
    search, wishes = wanted.search, wanted.wishes
    first = []
    if search.scope is not Scope.ONE and not wishes.sort and (wishes.page is None or not wishes.page.after):
        attributes = tree.book(people.base, people.key.phonebook.title)
        if plain.matches(search.filter, attributes):
            first = [plain.encoded(people.base, attributes, search.attributes, types_only=search.types_only)]
    if search.scope is Scope.BASE:
        yield first
        return Outcome(Result())
    if number := asked(search.filter):
        return (yield from _caller(people, search, number))
    fault = next((key.attribute for key in wishes.sort if _order(people, key.attribute) is None), "")
    controls = [sort_answer(Code.NO_SUCH_ATTRIBUTE if fault else Code.SUCCESS, fault)] if wishes.sort else []
    if fault and (SORT in wanted.critical or wishes.window is not None):
        return Outcome(Result(Code.UNAVAILABLE_CONTROL, f"Entries cannot be sorted by {fault}."), controls)
    ready = question(people, search.filter)
    listed = _listed(people, ready, () if fault else wishes.sort)
    if wishes.window is not None:
        outcome = yield from _windowed(people, wanted, ready, listed)
    else:
        outcome = yield from _listing(people, wanted, ready, listed, first)
    outcome.controls = [*controls, *outcome.controls]
    return outcome


def _caller(people: People, search: Search, number: str) -> Steps:
    """The one entry that a phone shows for a call."""
    found = caller(people, number)
    test = question(people, search.filter).test
    if not any(test(at) for at in found.places):
        return Outcome(Result(), missed=found.missed)
    if found.one is not None:
        yield [people.encoded(found.one, search.attributes, types_only=search.types_only)]
        return Outcome(Result())
    own = f"number-{found.number.lstrip('+')}"
    values = dict.fromkeys(("cn", "sn", "displayName"), (found.name,)) | {
        "objectClass": PERSON_CLASSES,
        "uid": (own,),
        "telephoneNumber": (people.dialled(found.number),),
    }
    attributes = chosen(search.attributes, lambda name: values.get(name, ()), types_only=search.types_only)
    yield [encode_entry(f"uid={dn.escaped(own)},{people.base}", attributes)]
    return Outcome(Result())


def _order(people: People, attribute: str) -> Order | None:
    name = canonical(attribute) or ""
    return people.orders.get("cn" if name == "displayName" else name)


def _listed(people: People, ready: Question, keys: Sequence[SortKey]) -> Sequence[int]:
    """The places to look at, in the order of the answer."""
    orders = [(order, key.reverse) for key in keys if (order := _order(people, key.attribute))]
    listed: Sequence[int] = range(len(people)) if ready.places is None else ready.places
    if orders and ready.places is None:
        order, reverse = orders.pop()
        listed = order.places[::-1] if reverse else order.places
    for order, reverse in reversed(orders):
        listed = sorted(listed, key=order.ranks.__getitem__, reverse=reverse)
    return listed


def _listing(people: People, wanted: Asked, ready: Question, listed: Sequence[int], found: Sequence[bytes]) -> Steps:
    search, page = wanted.search, wanted.wishes.page
    if page is not None and page.size == 0:
        return Outcome(Result(), [page_answer("", 0)])
    most = min(filter(None, (wanted.most, search.size_limit, page.size if page else 0)))
    began = now = time.monotonic()
    ends = began + min(LONGEST_S, search.time_limit_s or LONGEST_S)
    batch, count, last = list(found), len(found), -1
    every = ready.always or ready.exact
    for index in range(_start(people, page, listed), len(listed)):
        at = listed[index]
        if index % LOOK_EVERY == 0 and ((moment := time.monotonic()) - now > SLICE_S or len(batch) >= AT_ONCE):
            if moment > ends:
                yield batch
                return Outcome(Result(Code.TIME_LIMIT, "The search took too long; ask for less."))
            yield batch
            batch, now = [], time.monotonic()
        if not (every or ready.test(at)):
            continue
        if count >= most:
            yield batch
            if page is not None and most != search.size_limit:
                return Outcome(Result(), [page_answer(people.uid(listed[last]) if last >= 0 else "-", last)])
            return Outcome(Result(Code.SIZE_LIMIT, f"There are more than {most} entries; ask for less, or in pages."))
        batch.append(people.encoded(at, search.attributes, types_only=search.types_only))
        count, last = count + 1, index
    yield batch
    return Outcome(Result(), [page_answer("", 0)] if page is not None else ())


def _start(people: People, page: Page | None, listed: Sequence[int]) -> int:
    """Where a page begins: behind the entry that the last one ended with, wherever it stands now."""
    if page is None or not page.after:
        return 0
    place = people.place(page.after)
    if 0 <= page.at < len(listed) and listed[page.at] == place:
        return page.at + 1
    if place is not None and place in listed:
        return listed.index(place) + 1
    return max(0, page.at)


def _windowed(people: People, wanted: Asked, ready: Question, listed: Sequence[int]) -> Steps:
    window, search = wanted.wishes.window or Window(0, 0), wanted.search
    if not (ready.always or ready.exact):
        kept, now = [], time.monotonic()
        for index, at in enumerate(listed):
            if index % LOOK_EVERY == 0 and time.monotonic() - now > SLICE_S:
                yield ()
                now = time.monotonic()
            if ready.test(at):
                kept.append(at)
        listed = kept
    target = window.target(len(listed))
    if window.value is not None:
        key = wanted.wishes.sort[0]
        order = _order(people, key.attribute)
        target = order.reached(listed, window.value, reverse=key.reverse) if order else 0
    if window.value is None and window.offset == 0 and window.of:
        fault = Result(Code.OFFSET_RANGE, "A list begins with 1.")
        return Outcome(fault, [window_answer(fault.code, 0, len(listed))])
    first = max(0, target - 1 - min(window.before, wanted.most))
    last = min(len(listed), target + window.after, first + wanted.most)
    yield [people.encoded(at, search.attributes, types_only=search.types_only) for at in listed[first:last]]
    return Outcome(Result(), [window_answer(Code.SUCCESS, target, len(listed))])
