"""Filters (RFC 4511 section 4.5.1.7): what is true of an entry, and where to look for those of which it is.

Names match as everywhere in the bridge: case and accents do not count, and a beginning is the beginning of any word
(``mus*`` finds Ada Muster); several words may stand in any order. A number of any form finds the same number of
another. Umlauts may be written out (``mueller``). A condition on what no schema knows is neither true nor false.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from sansldap import (
    FilterAnd,
    FilterApproxMatch,
    FilterEquality,
    FilterExtensibleMatch,
    FilterGreaterOrEqual,
    FilterLessOrEqual,
    FilterNot,
    FilterOr,
    FilterPresent,
    FilterSubstrings,
    LDAPFilter,
)

from bridge import numbers
from bridge.ldap.columns import ALSO, Column, few, folded, ways
from bridge.ldap.people import People
from bridge.ldap.reverse import caller
from bridge.ldap.schema import MATCHING_RULES, NUMBERS, PERSON_CLASSES, canonical
from bridge.phonebook.search import WHOLE_NUMBER_DIGITS

_CLASSES: Final = frozenset(name.lower() for name in PERSON_CLASSES)
_DIALLED: Final = frozenset("+0123456789*#")
_SAME: Final = {"displayName": "cn"}  # columns that others share

Test = Callable[[int], bool | None]


class Question(NamedTuple):
    """A filter, ready to be asked of a book.

    Attributes:
        test: Whether it is true of the entry at a place; None for undefined.
        places: All places that it can be true of, in order; None where only a look at all tells.
        always: It is true of every entry.
        exact: It is true of those at ``places``, each of them, so that none has to be tested.
    """

    test: Test
    places: Sequence[int] | None = None
    always: bool = False
    exact: bool = False


def question(people: People, asked: LDAPFilter) -> Question:  # noqa: PLR0911 - one for each choice of the RFC
    """Make a filter ready; its depth has been bounded before (see ``framing``)."""
    match asked:
        case FilterAnd(filters=parts):
            return _and([question(people, part) for part in parts])
        case FilterOr(filters=parts):
            return _or([question(people, part) for part in parts])
        case FilterNot(filter=part):
            return _not(question(people, part))
        case FilterPresent(attribute=attribute):
            return _present(people, attribute)
        case FilterSubstrings(attribute=attribute, initial=initial, any=middle, final=final):
            texts = [_text(piece) for piece in (initial or b"", *middle, final or b"")]
            return _substrings(people, canonical(attribute), texts)
        case FilterEquality(attribute=attribute, value=value):
            return _equal(people, canonical(attribute), _text(value))
        case FilterApproxMatch(attribute=attribute, value=value):
            return _substrings(people, canonical(attribute), [_text(value), ""])
        case FilterGreaterOrEqual(attribute=attribute, value=value):
            return _ordered(people, canonical(attribute), _text(value), least=True)
        case FilterLessOrEqual(attribute=attribute, value=value):
            return _ordered(people, canonical(attribute), _text(value), least=False)
        case FilterExtensibleMatch(rule=rule, attribute=attribute, value=value):
            known = attribute and (rule is None or rule.lower() in MATCHING_RULES)
            return _equal(people, canonical(attribute or ""), _text(value)) if known else UNDEFINED
    return UNDEFINED


UNDEFINED: Final = Question(lambda _: None, (), exact=True)
TRUE: Final = Question(lambda _: True, None, always=True)
FALSE: Final = Question(lambda _: False, (), exact=True)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _and(parts: Sequence[Question]) -> Question:
    if all(part.always for part in parts):  # and so where there are none (RFC 4526)
        return TRUE
    parts = [part for part in parts if not part.always]
    if len(parts) == 1:
        return parts[0]
    tests = [part.test for part in parts]
    known = [part.places for part in parts if part.places is not None]
    places = min(known, key=len) if known else None

    def test(at: int) -> bool | None:
        found: bool | None = True
        for one in tests:
            truth = one(at)
            if truth is False:
                return False
            found = found and truth
        return found

    return Question(test, places)


def _or(parts: Sequence[Question]) -> Question:
    if len(parts) == 1:
        return parts[0]
    if any(part.always for part in parts):
        return TRUE
    places = _any([part.places for part in parts])
    tests = [part.test for part in parts]

    def test(at: int) -> bool | None:
        found: bool | None = False
        for one in tests:
            truth = one(at)
            if truth:
                return True
            if truth is None:
                found = None
        return found

    exact = places is not None and all(part.exact for part in parts)
    return Question(tests[0] if len(tests) == 1 else test, places, exact=exact)


def _any(lists: Sequence[Sequence[int] | None]) -> Sequence[int] | None:
    """The places of several lists; None where one of them is not known, or they are many."""
    known = [one for one in lists if one is not None]
    return few(known) if len(known) == len(lists) else None


def _not(part: Question) -> Question:
    if part.always:
        return FALSE

    def test(at: int) -> bool | None:
        truth = part.test(at)
        return None if truth is None else not truth

    return UNDEFINED if part is UNDEFINED else Question(test)


def _column(people: People, name: str) -> Column | None:
    return people.columns.get(_SAME.get(name, name))


def _present(people: People, attribute: str) -> Question:
    name = canonical(attribute)
    if name is None:
        return UNDEFINED
    if name in {"objectClass", "cn", "displayName", "sn", "uid"}:
        return TRUE
    column = _column(people, name)
    return FALSE if column is None else Question(lambda at: bool(column.texts[at]))


def _equal(people: People, name: str | None, value: str) -> Question:
    if name is None:
        return UNDEFINED
    if name == "objectClass":
        return TRUE if value.lower() in _CLASSES else FALSE
    if name in NUMBERS:
        places = caller(people, value).places
        found = frozenset(places)
        return Question(lambda at: at in found, places, exact=True)
    column, wanted = _column(people, name), [sorted(way.split()) for way in ways(value)]
    if column is None or not wanted[0]:
        return FALSE
    texts = column.texts
    return Question(
        lambda at: any(sorted(one.split()) in wanted for one in texts[at].split(ALSO)),
        _any([column.beginning(words[0]) for words in wanted]),
    )


def _ordered(people: People, name: str | None, value: str, *, least: bool) -> Question:
    if name is None or name == "objectClass":
        return UNDEFINED
    column = _column(people, name)
    if column is None:
        return FALSE
    texts = column.texts
    bound = f" +{_dialled(value).lstrip('+')}" if name in NUMBERS else folded(value)
    if least:
        return Question(lambda at: bool(texts[at]) and column.plain(at) >= bound)
    return Question(lambda at: bool(texts[at]) and column.plain(at) <= bound)


def _substrings(people: People, name: str | None, pieces: Sequence[str]) -> Question:
    """A filter's pieces: the first begins a word, the last ends the value, those between stand anywhere."""
    if name is None:
        return UNDEFINED
    if name == "objectClass":
        return UNDEFINED  # its values have no substrings (RFC 4512 section 3.3)
    column = _column(people, name)
    if column is None:
        return FALSE
    if name in NUMBERS:
        return _part_of_number(people, column, pieces)
    spelt = [ways(piece) for piece in pieces]
    # As it was typed, and with each umlaut written out.
    typed = dict.fromkeys((tuple(way[0] for way in spelt), tuple(way[-1] for way in spelt)))
    found = _or([_part_of_name(column, way) for way in typed])
    digits = "".join(pieces)
    if name in people.keys and digits.isascii() and digits.isdigit():
        return _or([found, *(_part_of_name(people.keys[name], way) for way in typed)])
    return found


def _part_of_name(column: Column, pieces: Sequence[str]) -> Question:
    """Pieces of a name, in one way to type them."""
    texts = column.texts
    begins = pieces[0].split()
    inside = [text for piece in pieces[1:-1] if (text := piece.strip())]
    end = pieces[-1].strip() if len(pieces) > 1 else ""
    parts = [*(f" {word}" for word in begins), *inside]
    if not parts and not end:
        return Question(lambda at: bool(texts[at]))
    longest = max(begins or [*inside, end], key=len)
    places = column.beginning(longest) if begins else column.containing(longest)
    if len(parts) == 1 and not end:
        (only,) = parts
        return Question(lambda at: only in texts[at], places, exact=places is not None)

    def test(at: int) -> bool:
        text = texts[at]
        return all(part in text for part in parts) and any(one.endswith(end) for one in text.split(ALSO))

    return Question(test, places)


def _part_of_number(people: People, column: Column, pieces: Sequence[str]) -> Question:
    """Digits stand anywhere in a number: how much of a prefix comes before them, each phone writes its own way."""
    texts = column.texts
    typed = [digits for piece in pieces if (digits := _dialled(piece))]
    parts = [f" {one}" if one.startswith("+") else one.lstrip("0") or one for one in typed]
    if len(typed) < sum(map(bool, pieces)):  # letters are in no number
        return FALSE
    if not parts:
        return Question(lambda at: bool(texts[at]))
    # A whole number, of whatever form, is also found as what it is.
    whole = len(typed) == 1 and len(typed[0]) >= WHOLE_NUMBER_DIGITS
    read = numbers.sent(typed[0], region=people.key.numbers.region).readings if whole else ()
    same = few([people.having(reading.number) for reading in read]) or ()
    also = frozenset(at for at in same if any(reading.number in texts[at].split() for reading in read))
    end = parts[-1] if len(pieces) > 1 and _dialled(pieces[-1]) else ""

    def test(at: int) -> bool:
        text = texts[at]
        return (all(part in text for part in parts) and (not end or _ends(text, end))) or at in also

    places = column.containing(max(parts, key=len))
    return Question(test, None if places is None else few([places, sorted(also)]))


def _ends(text: str, end: str) -> bool:
    return any(number.endswith(end.strip()) for number in text.split())


def _dialled(text: str) -> str:
    return "".join(c for c in text if c in _DIALLED)
