"""Which attributes of an entry are answered (RFC 4511 section 4.5.1.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from bridge.ldap.schema import ATTRIBUTES, canonical

ALL, OPERATIONAL, NONE = "*", "+", "1.1"
_FILLED: Final = tuple(one.name for one in ATTRIBUTES if one.filled)


def chosen(
    asked: Sequence[str],
    values: Callable[[str], Sequence[str]],
    *,
    types_only: bool,
    everything: Sequence[str] = _FILLED,
) -> Iterator[tuple[str, Sequence[str]]]:
    """The attributes of an entry that has values for them.

    Each goes by the name it was asked by, since phones look for just that, or else by its own.

    Args:
        asked: The names asked for; none for all.
        values: Gives those of an attribute by its own name.
        types_only: Whether the names alone are wanted.
        everything: What all attributes are.
    """
    wanted: dict[str, str] = {}
    for name in asked or (ALL,):
        if name == ALL:
            wanted.update({one: one for one in everything if one not in wanted.values()})
        elif name not in {OPERATIONAL, NONE}:
            wanted.setdefault(name, canonical(name) or name)
    for name, own in wanted.items():
        if found := values(own):
            yield name, () if types_only else found
