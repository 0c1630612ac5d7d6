"""Takes apart what people and machines write as a phone number, without knowing any country.

What is understood: digits of every script, letters of a vanity number, SIP and tel URIs (RFC 3261, RFC 3966),
``"Name" <number>``, an extension in the text, two numbers in one field, a trunk zero in brackets.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

# RFC 3323 has "anonymous"; the others are what trunks and analogue gateways put in its place. ``p`` and ``o`` are
# Telcordia GR-31's "private" and "out of area"; the digits spell ANONYMOUS, BLOCKED, RESTRICTED, UNAVAILABLE and
# UNKNOWN on a keypad, which is how carriers send those words where only digits pass.
WITHHELD = frozenset(
    {
        *("", "0", "anonymous", "unknown", "restricted", "private", "unavailable", "withheld", "blocked", "p", "o"),
        *("asserted", "unidentified", "none", "null", "nonumber", "nocallerid", "callerid", "idunavailable"),
        *("privatenumber", "privatecaller", "unknownnumber", "unknowncaller", "anonymouscaller", "withheldnumber"),
        *("outofarea", "notavailable", "hidden", "s"),
        *("anonym", "privat", "unbekannt"),
        *("266696687", "+266696687", "+2562533", "+7378742833", "+86282452253", "+8656696"),
    }
)

MAX_CHARS = 200  # ITFlow's columns hold no more, and no phone system sends more
_BLANKS = re.compile(r"[^\S\n]{2,}")
_NAME_ADDR = re.compile(r"<([^<>]*)>\s*(?:;.*)?$")
_SCHEME = re.compile(r"(?:sips?|tel|callto):(?://)?", re.IGNORECASE)
_PARAMETER = re.compile(r";\s*[a-z][a-z-]*=", re.IGNORECASE)
_EXTENSION = re.compile(
    r"""(?: \s* (?:;\s*ext=) \s*
          | [\s,;(]*
            (?: (?P<word> extension | extn? | x | доб | anexo | poste | apparat | durchwahl | dw | int ) | \# )
            [\s.:=\#]*
          | \s* [,;]+ \s* )
        (?P<digits> \d{1,6} ) [\s)]* $""",
    re.VERBOSE | re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*(?:[/|&;,\n]|\b(?:or|and|oder|und|ou|et|o|y)\b)\s*", re.IGNORECASE)
_TRUNK_ZERO = re.compile(r"^(\s*(?:\+|00)[^(]*)\(\s*0\s*\)")
_KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_WHOLE_DIGITS = 7  # from here on digits beside others are a number of their own
_AREA_DIGITS = 6  # up to here digits before a slash are an area code


class Piece(NamedTuple):
    """One number as it was written.

    Attributes:
        dialled: ``0-9*#``, a plus sign only in front.
        extension: Digits; often empty.
        vanity: ``dialled`` with its letters turned into digits; empty without letters.
    """

    dialled: str
    extension: str = ""
    vanity: str = ""


def is_withheld(text: str) -> bool:
    """Whether a caller's number is a word (or its stand-in) for "no number"."""
    if _is_bare(text):
        return text in WITHHELD
    user = _address(_plain(text))[0]
    return "".join(c for c in user.lower() if c.isalnum() or c == "+") in WITHHELD


def pieces(text: str) -> tuple[Piece, ...]:
    """The numbers in a text, in the order they stand there."""
    if _is_bare(text):
        return (Piece(text),)
    user, context = _address(_plain(text))
    found = tuple(piece for part in _parts(user) if (piece := _piece(part)).dialled)
    if context and len(found) == 1 and not found[0].dialled.startswith("+"):
        return (Piece(context + found[0].dialled, found[0].extension),)
    return found


def digits(text: str) -> str:
    """The digits of a text, of whatever script, as ASCII."""
    return "".join(c for c in _plain(text) if c in "0123456789")


def _is_bare(text: str) -> bool:
    """Whether a text is nothing but digits, or a plus sign and digits, as most are."""
    return text.isascii() and text.removeprefix("+").isdigit() and len(text) <= MAX_CHARS


def _plain(text: str) -> str:
    """Full-width and other compatibility forms made plain, every decimal digit ASCII, invisible marks gone."""
    text = _BLANKS.sub(" ", text[:MAX_CHARS])
    if "%" in text:  # encoded twice on the way
        text = unquote(text)
    if text.isascii():
        return text.strip()
    kept = (c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in kept).strip()


def _address(text: str) -> tuple[str, str]:
    """The user part of a URI or name-addr, with its ``;ext=``, and the global phone-context (RFC 3966, 5.1.5)."""
    if named := _NAME_ADDR.search(text):
        text = named.group(1)
    scheme = _SCHEME.match(text)
    if not (scheme or "@" in text or _PARAMETER.search(text)):
        return text, ""
    user, at, host = text[scheme.end() if scheme else 0 :].partition("@")
    user, *parameters = user.split(";")
    if at and user == "" and not parameters:
        return host, ""
    context = extension = ""
    for parameter in (*parameters, *host.split(";")[1:]):
        name, _, value = parameter.partition("=")
        if name.lower() == "phone-context" and value.startswith("+"):
            context = "+" + digits(value)
        elif name.lower() == "ext":
            extension = f";ext={digits(value)}"
    return user.split(":")[0] + extension, context


def _parts(text: str) -> Iterator[str]:
    """Splits a field that holds two numbers; leaves ``0221/123456`` and ``123456, 12`` whole."""
    whole = ""
    for part, separator in _separated(text):
        count = len(digits(part))
        head = len(digits(whole))
        if not whole or _is_only_extension(whole):
            whole = part
        elif separator == "/" and head <= _AREA_DIGITS:
            whole += part
        elif count >= _WHOLE_DIGITS or (count > 0 and head == 0):
            yield whole
            whole = part
        elif separator in {",", ";"} or count == 0:
            whole += separator + part
        # What is left is the other ending of ``123456 / 57``: the first number stands for both.
    yield whole


def _separated(text: str) -> Iterator[tuple[str, str]]:
    start, separator = 0, ""
    for match in _SEPARATOR.finditer(text):
        yield text[start : match.start()], separator
        start, separator = match.end(), match.group().strip().lower()
    yield text[start:], separator


def _is_only_extension(text: str) -> bool:
    """``ext 12``: an extension of a number that does not stand here."""
    match = _EXTENSION.search(text)
    return bool(match and match["word"] and not digits(text[: match.start()]))


def _piece(text: str) -> Piece:
    extension = ""
    if match := _EXTENSION.search(text):
        before = text[: match.start()]
        if match["word"] or len(_vanity(before) or digits(before)) >= _AREA_DIGITS:
            text, extension = before, match["digits"]
    text = _TRUNK_ZERO.sub(r"\1", text)
    return Piece(_dialled(text), extension, _vanity(text))


def _dialled(text: str) -> str:
    kept = "".join(c for c in text if c in "0123456789*#+")
    return kept[:1] + kept[1:].replace("+", "")


def _vanity(text: str) -> str:
    letters = text.upper()
    if not (letters.isascii() and any(c.isalpha() for c in letters) and letters.lstrip(" +(")[:1].isdigit()):
        return ""
    return _dialled(letters.translate(_KEYPAD))
