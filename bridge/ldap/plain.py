"""Entries that are not people (root, schema, base): few, small, and matched by plain comparison."""

from __future__ import annotations

from sansldap import (
    FilterAnd,
    FilterApproxMatch,
    FilterEquality,
    FilterNot,
    FilterOr,
    FilterPresent,
    FilterSubstrings,
    LDAPFilter,
)

from bridge.ldap.messages import encode_entry
from bridge.ldap.schema import canonical
from bridge.ldap.selection import ALL, OPERATIONAL, chosen
from bridge.ldap.tree import OPERATIONAL as HIDDEN
from bridge.ldap.tree import Attributes


def matches(asked: LDAPFilter, attributes: Attributes) -> bool | None:  # noqa: PLR0911 - one for each choice
    """Whether a filter is true of an entry; None for undefined."""
    match asked:
        case FilterAnd(filters=parts):
            found = [matches(part, attributes) for part in parts]
            return False if False in found else None if None in found else True
        case FilterOr(filters=parts):
            found = [matches(part, attributes) for part in parts]
            return True if True in found else None if None in found else False
        case FilterNot(filter=part):
            truth = matches(part, attributes)
            return None if truth is None else not truth
        case FilterPresent(attribute=name):
            return bool(values(attributes, name))
        case FilterEquality(attribute=name, value=value) | FilterApproxMatch(attribute=name, value=value):
            return value.decode("utf-8", "replace").lower() in {one.lower() for one in values(attributes, name)}
        case FilterSubstrings(attribute=name, initial=initial):
            begin = (initial or b"").decode("utf-8", "replace").lower()
            return any(one.lower().startswith(begin) for one in values(attributes, name))
    return None


def values(attributes: Attributes, name: str) -> tuple[str, ...]:
    """The values of an attribute by any of its names; none where the entry has none."""
    own = (canonical(name) or name).lower()
    return next((found for known, found in attributes.items() if known.lower() == own), ())


def encoded(name: str, attributes: Attributes, asked: tuple[str, ...], *, types_only: bool) -> bytes:
    """An entry with the attributes that are asked for; the operational ones where they are named, or ``+`` is."""
    everything = tuple(one for one in attributes if one not in HIDDEN)
    if OPERATIONAL in asked:
        named = tuple(one for one in asked if one != OPERATIONAL)
        asked = (*named, *(one for one in attributes if one in HIDDEN))
    elif not asked:
        asked = (ALL,)
    return encode_entry(
        name, chosen(asked, lambda one: values(attributes, one), types_only=types_only, everything=everything)
    )
