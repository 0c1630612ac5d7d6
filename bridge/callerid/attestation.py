"""Whether the telephone network vouches for the caller's number (STIR/SHAKEN).

It says that the number may be used by who calls, never who speaks, and outside North America there is mostly none.
So it only ever lowers trust; the name that is shown does not depend on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum


class Attestation(StrEnum):
    """What the network says of a number."""

    VERIFIED = "verified"  # level A: the caller's provider knows the caller and the number
    NONE = ""  # nothing, level B (only the caller is known), or words that are not known
    FAILED = "failed"  # the check failed, or level C: passed on from a gateway


# ``verstat=`` in From or P-Asserted-Identity (ATIS-1000074, 3GPP TS 24.229); Asterisk's STIR_SHAKEN(0,verify_result),
# a blank, STIR_SHAKEN(0,attestation); or the level alone.
_WORD = re.compile(r"(?:(?:tn-validation-passed|success|passed)[ -])?([abc])", re.IGNORECASE)
_BAD = re.compile(r"fail|invalid|mismatch|expired", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"?')
_PARAMETER = re.compile(r";\s*verstat\s*=\s*([\w-]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"<|\b(?:sips?|tel):", re.IGNORECASE)
_LEVELS = {"a": Attestation.VERIFIED, "b": Attestation.NONE, "c": Attestation.FAILED}
_WORST_FIRST = (Attestation.FAILED, Attestation.NONE, Attestation.VERIFIED)
MAX_TEXT = 1000


def attested(text: str) -> Attestation:
    """What a trunk or a phone system says of the caller's number.

    Args:
        text: A level (``A``), a ``verstat`` (``TN-Validation-Passed-A``), Asterisk's words, or a whole SIP header with
            a ``verstat`` in it; where they disagree, the worst counts. What the caller wrote into the name of such a
            header is passed over.
    """
    words = list(_words(text[:MAX_TEXT]))
    return min(map(_level, words), key=_WORST_FIRST.index, default=Attestation.NONE)


def _words(text: str) -> Iterable[str]:
    if not _ADDRESS.search(text):
        return [text]
    return _PARAMETER.findall(_QUOTED.sub("", text))


def _level(word: str) -> Attestation:
    if _BAD.search(word):
        return Attestation.FAILED
    found = _WORD.fullmatch(word.strip())
    return _LEVELS[found[1].lower()] if found else Attestation.NONE
