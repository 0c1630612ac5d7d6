"""Which cards a client searches for: the filter of ``addressbook-query`` (RFC 6352, 10.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from lxml import etree

from bridge import numbers
from bridge.errors import BadParameter
from bridge.http.carddav.cards import Card, Value
from bridge.http.carddav.dav import CARD

_MATCHES: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "contains": lambda text, part: part in text,
    "equals": lambda text, part: text == part,
    "starts-with": lambda text, part: text.startswith(part),
    "ends-with": lambda text, part: text.endswith(part),
}
# RFC 6352, 8.3 wants the first two; what octets say of case is of no use to somebody who searches.
_COLLATIONS = frozenset({"i;ascii-casemap", "i;unicode-casemap", "i;octet", "default"})
_LEAST_DIGITS = 3  # of what is taken for a phone number


class CardFilter:
    """A filter, ready to be asked of cards.

    Args:
        filtering: The element ``filter``; None lets every card through.
        region: Country of a number without country code, ISO 3166.

    Raises:
        BadParameter: It cannot be read.
    """

    def __init__(self, filtering: etree._Element | None, region: str) -> None:
        self._region = region
        self._filter = filtering
        if filtering is not None:
            for match in filtering.iter(f"{CARD}text-match"):
                if match.get("match-type", "contains") not in _MATCHES:
                    raise BadParameter(f"match-type must be one of {', '.join(_MATCHES)}")
                if match.get("collation", "default") not in _COLLATIONS:
                    raise BadParameter("The collation is not known; there are i;ascii-casemap and i;unicode-casemap.")

    def passes(self, card: Card) -> bool:
        """Whether a card is searched for."""
        if self._filter is None:
            return True
        parts = self._filter.findall(f"{CARD}prop-filter")
        return not parts or _tested(self._filter, (self._has(card, part) for part in parts))

    def _has(self, card: Card, part: etree._Element) -> bool:
        values = tuple(card.values(str(part.get("name", "")).rpartition(".")[2]))
        if part.find(f"{CARD}is-not-defined") is not None:
            return not values
        tests = [*part.findall(f"{CARD}text-match"), *part.findall(f"{CARD}param-filter")]
        if not tests:
            return bool(values)
        return _tested(part, (self._any(values, test) for test in tests))

    def _any(self, values: Iterable[Value], test: etree._Element) -> bool:
        """One test of a property: a property may be there more than once, and one that passes will do."""
        if test.tag == f"{CARD}param-filter":
            name = str(test.get("name", "")).upper()
            given = [value.parameters[name] for value in values if name in value.parameters]
            match = test.find(f"{CARD}text-match")
            if test.find(f"{CARD}is-not-defined") is not None:
                return not given
            return bool(given) if match is None else _negated(match, any(self._matches(one, match) for one in given))
        return _negated(test, any(self._matches(value.text, test) for value in values))

    def _matches(self, text: str, match: etree._Element) -> bool:
        kind, part = match.get("match-type", "contains"), (match.text or "").strip()
        if _MATCHES[kind](text.casefold(), part.casefold()):
            return True
        # 0221 987… is a way to write +49221987…: a mobile asks with the number as its network shows it.
        number = text.removeprefix("tel:")
        if sum(map(str.isdigit, part)) < _LEAST_DIGITS or not number.startswith("+"):
            return False
        return any(reading.number == number for reading in numbers.sent(part, region=self._region).readings)


def _tested(element: etree._Element, found: Iterable[bool]) -> bool:
    return all(found) if element.get("test", "anyof") == "allof" else any(found)


def _negated(match: etree._Element, *found: bool) -> bool:
    return any(found) != (match.get("negate-condition", "no") == "yes")
