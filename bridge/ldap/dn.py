"""Distinguished names, as far as a flat book needs them (RFC 4514)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from bridge.errors import BadParameter
from bridge.ldap.schema import canonical

MAX_CHARS: Final = 1024
KEPT: Final = 256

_Parts = tuple[tuple[str, str], ...]
_SPLIT: Final = re.compile(r"(?:\\.|[^\\,;])+", re.DOTALL)
_ESCAPED: Final = re.compile(r"((?:\\[0-9a-fA-F]{2})+)|\\(.)", re.DOTALL)
_SPECIAL: Final = re.compile(r'([,+"\\<>;=])')


@lru_cache(KEPT)
def parse(text: str) -> _Parts:
    """The parts of a DN, the nearest first, each as its attribute and its value for comparison.

    Raises:
        BadParameter: It is no DN.
    """
    if len(text) > MAX_CHARS:
        raise BadParameter("The DN is too long.")
    parts = []
    if not text.strip():
        return ()
    pieces = _SPLIT.findall(text)
    if len(pieces) != len(re.findall(r"(?<!\\)(?:\\\\)*[,;]", text)) + 1:
        raise BadParameter("This is no DN: a part of it is empty.")
    for piece in pieces:
        attribute, equals, value = piece.partition("=")
        if not equals or not attribute.strip() or not value.strip():
            raise BadParameter("This is no DN: a part of it is not written as attribute=value.")
        name = attribute.strip().lower().removeprefix("oid.")
        parts.append(((canonical(name) or name).lower(), _unescaped(value.strip()).casefold()))
    return tuple(parts)


def escaped(value: str) -> str:
    """A value as it stands in a DN."""
    text = _SPECIAL.sub(r"\\\1", value)
    if text.startswith(("#", " ")):
        text = f"\\{text}"
    return f"{text[:-1]}\\ " if text.endswith(" ") and not text.endswith("\\ ") else text


def _unescaped(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        if match[1]:
            return bytes.fromhex(match[1].replace("\\", "")).decode("utf-8", "replace")
        return match[2]

    return _ESCAPED.sub(plain, text)
