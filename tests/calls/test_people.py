"""People: by which names phone systems know them, and how they sign in."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from bridge.calls.people import People, Person
from bridge.errors import BadParameter
from bridge.storage import Database

ADA = Person(
    name="Ada Muster", extensions=("101", "201"), email="ada@example.com", logins=("w0",), key_file=Path("/keys/ada")
)
BOB = Person(name="Bob", extensions=("102",), itflow_user_id=7)


@pytest.fixture
def people(database: Database) -> People:
    people = People(database)
    people.add(ADA)
    people.add(BOB, "a password of Bob's")
    return people


@pytest.mark.parametrize("called", ["101", "201", "W0", "ada@EXAMPLE.com", " ada muster "])
def test_a_person_has_many_names(people: People, called: str) -> None:
    assert people.of(called) == ADA


@pytest.mark.parametrize("called", ["", "10", "1012", "Muster"])
def test_nobody_is_found_by_half_a_name(people: People, called: str) -> None:
    assert people.of(called) is None


def test_what_is_stored_is_what_was_given(database: Database, people: People) -> None:
    again = People(database)
    again.load()
    assert again.all() == people.all() == [ADA, BOB]


@pytest.mark.parametrize("taken", [Person(name="Eve", logins=("W0",)), Person(name="Eve", extensions=("102",))])
def test_what_is_somebody_elses_is_refused_whole(people: People, taken: Person) -> None:
    with pytest.raises(BadParameter, match="already"):
        people.add(taken)
    assert people.all() == [ADA, BOB]


@pytest.mark.parametrize("name", ["", "  ", "A\nB", "\x1b[31m"])
def test_a_name_must_be_one(people: People, name: str) -> None:
    with pytest.raises(BadParameter, match="a name"):
        people.add(Person(name=name))


def test_a_link_ends_with_its_time_and_with_its_person(people: People) -> None:
    assert people.redeem(people.link("Bob", dt.timedelta(seconds=-1))) is None
    secret = people.link("Bob")
    people.remove("Bob")
    people.add(BOB)
    assert people.redeem(secret) is None
    assert people.redeem("") is None


async def test_a_password_is_of_one_person(people: People) -> None:
    assert await people.check("102", "a password of Bob's") == BOB
    for called, password in (("ada muster", "a password of Bob's"), ("nobody", "a password of Bob's"), ("102", "")):
        assert await people.check(called, password) is None
    assert await people.check("102", "x" * 100_000) is None
