"""A number asked for as a whole: who it is, by caller ID's rules and no others.

A phone shows the first entry it gets as the caller's name. So where caller ID names a client that several entries
share the number of, or two clients, the answer is one entry of that name; and where caller ID is silent, none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sansldap import FilterAnd, FilterEquality, FilterOr, FilterPresent, LDAPFilter

from bridge.callerid.lookup import Result, lookup
from bridge.ldap.people import People, uid
from bridge.ldap.schema import NUMBERS, canonical

MAX_CHARS: Final = 128  # what is longer is no number


class Caller(NamedTuple):
    """Who has a number.

    Attributes:
        places: The entries of the book with it; none where caller ID names nobody.
        one: The place of the entry that is calling; None where the name stands for several.
        name: The name that caller ID gives.
        number: The number's identity.
        missed: Nobody has it.
    """

    places: Sequence[int] = ()
    one: int | None = None
    name: str = ""
    number: str = ""
    missed: bool = False


def caller(people: People, text: str) -> Caller:
    """Who has a number, as it may be written by the key's phone system."""
    # A phone asks for one number by each attribute that may have it.
    if people.called is None or people.called[0] != text:
        people.called = text, _caller(people, text)
    return people.called[1]


def _caller(people: People, text: str) -> Caller:
    verdict = lookup(people.snapshot, people.key, text[:MAX_CHARS])
    missed = verdict.result is Result.MISS
    if not verdict.name:
        return Caller(missed=missed)
    found = {phone.number for entry in verdict.candidates for phone in entry.phones}
    places = sorted({at for number in found for at in people.having(number)})
    one = None
    if verdict.entry is not None:
        # Two entries of one name are one in the book, and go by the first.
        one = people.place(uid(verdict.entry))
        one = places[0] if one is None and len(places) == 1 else one
    return Caller(places, one, verdict.name, verdict.number, missed)


def asked(question: LDAPFilter) -> str:
    """The one number that a filter asks for; empty where it asks for anything else."""
    if isinstance(question, FilterAnd):
        rest = [part for part in question.filters if not _any_class(part)]
        return asked(rest[0]) if len(rest) == 1 else ""
    if isinstance(question, FilterOr):
        found = {asked(part) for part in question.filters}
        return found.pop() if len(found) == 1 else ""
    if isinstance(question, FilterEquality) and canonical(question.attribute) in NUMBERS:
        return question.value.decode("utf-8", "replace")
    return ""


def _any_class(part: LDAPFilter) -> bool:
    """A condition that every entry meets, or that phones add to every question."""
    return isinstance(part, FilterEquality | FilterPresent) and canonical(part.attribute) == "objectClass"
