"""The index finds what a look at every entry finds, for any filter."""

from __future__ import annotations

import datetime as dt
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sansldap import LDAPFilter

from bridge.access.key import Key, Options
from bridge.directory.entries import Client
from bridge.ldap.filters import question
from bridge.ldap.people import People
from bridge.phonebook.search import Index
from bridge.phonebook.view import View, select
from bridge.settings import NumbersSection, Settings
from tests.ldap.world import person, snapshot

KEY = Key.of(
    "all", Options(), dt.datetime(2026, 1, 1, tzinfo=dt.UTC), None, None, Settings(numbers=NumbersSection(region="DE"))
)


def crowd(count: int) -> People:
    rng = random.Random(2)
    # Words read better than a list of texts.
    names = "Ada Adam Bob Eve Ève Ödön Anna-Lena Ray Muster Müller Weiß Mustermann 山田".split()  # noqa: SIM905
    people = [
        person(
            at,
            rng.randint(1, 2),
            f"{rng.choice(names)} {rng.choice(names)}",
            f"+4930{rng.randrange(10**6, 10**7)}" if rng.random() < 0.7 else "",
            f"+49171{rng.randrange(10**6, 10**7)}" if rng.random() < 0.5 else "1" + str(rng.randrange(100)),
            department=rng.choice(["", "Sales", "IT"]),
        )
        for at in range(1, count)
    ]
    return People(snapshot(people), KEY, "dc=phonebook", keypad=True)


PEOPLE = crowd(5000)
FEW_PEOPLE = crowd(150)
ATTRIBUTES = st.sampled_from(
    [
        *("cn", "sn", "gn", "o", "ou", "mail", "title", "telephoneNumber", "mobile", "homePhone", "objectClass"),
        *("uid", "displayName", "no"),
    ]
)
WORDS = [
    *("a", "ad", "ada", "muster", "mus", "er", "m", "1", "23", "030", "+49", "0171", "30", "person", "x"),
    *("bluebird", "sa", "ö", "山", "49171", "müller", "mueller", "oedoen"),
]
VALUES = st.sampled_from(WORDS)


def leaf(attribute: str, value: str, form: str) -> str:
    return form.format(a=attribute, v=value)


EACH_FORM = [
    *("({a}={v})", "({a}={v}*)", "({a}=*{v}*)", "({a}=*{v})", "({a}={v}*{v})", "({a}=*)", "({a}>={v})"),
    *("({a}<={v})", "({a}~={v})"),
]
FORMS = st.sampled_from(EACH_FORM)
FILTERS = st.recursive(
    st.builds(leaf, ATTRIBUTES, VALUES, FORMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(&{''.join(parts)})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(|{''.join(parts)})"),
        inner.map(lambda part: f"(!{part})"),
    ),
    max_leaves=6,
)


@given(FILTERS)
@settings(max_examples=100, deadline=None)
def test_places_leave_out_nobody(text):
    ready = question(PEOPLE, LDAPFilter.from_string(text))
    truths = [ready.test(at) for at in range(len(PEOPLE))]
    true = [at for at, truth in enumerate(truths) if truth]
    if ready.places is not None:
        assert set(true) <= set(ready.places)
        assert list(ready.places) == sorted(set(ready.places))
    if ready.exact:
        assert list(ready.places or ()) == true
    if ready.always:
        assert len(true) == len(PEOPLE)
    other = [question(PEOPLE, LDAPFilter.from_string(f"(!{text})")).test(at) for at in range(len(PEOPLE))]
    assert [None if truth is None else not truth for truth in truths] == other


@pytest.mark.parametrize(("text", "truth"), [("(no=1)", None), ("(!(no=1))", None), ("(|(no=1)(cn=*))", True)])
def test_what_no_schema_knows_is_undefined(text, truth):
    assert question(PEOPLE, LDAPFilter.from_string(text)).test(0) is truth


SPELT = [
    *("Anna Müller", "Udo Mueller", "Max Muller", "Karl Höhn", "Øyvind Åsen", "Oeyvind Aasen", "Jürgen Weiß"),
    *("JUERGEN WEISS", "Łukasz Żółć", "Ève Çelik", "Björn Strœm", "山田 太郎", "Ödön O'Hara-Müller", "İpek Işık"),
]
TYPED = [
    *("mueller", "muller", "müller", "MÜLLER", "Mü", "mue", "hoehn", "hohn", "höhn", "oeyvind", "oyvind", "øyvind"),
    *("asen", "aasen", "åsen", "weiss", "weiß", "juergen", "jurgen", "JÜRGEN", "lukasz", "łukasz", "zolc", "eve"),
    *("ève", "celik", "stroem", "strœm", "山田", "odon", "oedoen", "hara", "ipek", "isik", "ışık", "zzz"),
    *("anna muller", "anna mueller", "mueller anna", "jürgen weiss", "juergen weiß"),
    *("68553", "683", "5837", "587", "zzz 2"),
]


@pytest.mark.parametrize("typed", TYPED)
def test_whoever_the_books_find_is_found(typed):
    """Case, accents, umlauts and the keypad count as in a search of the other books."""
    entries = [person(at, 1, name, f"+4930{at:07}") for at, name in enumerate(SPELT, 1)]
    book = snapshot(entries, [Client(1, "")])
    view = View(KEY.phonebook, KEY.numbers.region, KEY.clients)
    listed = Index(select(book, view).lines, KEY.numbers.region).find(typed)
    digits = typed.isdigit()
    by_number = {line.name.shown for line in listed if digits and any(typed in one.number for one in line.phones)}
    people = People(book, KEY, "dc=phonebook", keypad=True)
    ready = question(people, LDAPFilter.from_string(f"(cn={typed}*)"))
    found = {people.values(at, "cn")[0] for at in range(len(people)) if ready.test(at)}
    assert found - by_number == {line.name.shown for line in listed} - by_number
    assert ready.places is None or {people.values(at, "cn")[0] for at in ready.places} >= found


@pytest.mark.parametrize("attribute", ["cn", "sn", "o", "telephoneNumber", "mobile", "displayName"])
def test_each_form_of_each_word_leaves_out_nobody(attribute):
    for word, form in itertools.product(WORDS, EACH_FORM):
        ready = question(FEW_PEOPLE, LDAPFilter.from_string(leaf(attribute, word, form)))
        true = {at for at in range(len(FEW_PEOPLE)) if ready.test(at)}
        assert ready.places is None or true <= set(ready.places), (word, form)
        assert not ready.exact or true == set(ready.places or ()), (word, form)
