"""The query string as phone systems write it.

Asterisk's CURL() sends what the dialplan put together, unescaped: raw UTF-8 or Latin-1, blanks, even ``&``
inside a name. So the query is read from its raw text, and ``name`` to the very end of it.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

NAME = "name="

# A plus sign is itself where numbers and names stand, and a blank (HTML's form encoding) everywhere else.
LITERAL_PLUS = frozenset({"cid", "number", "name"})


def read(raw: str) -> dict[str, str]:
    """The parameters of a raw query string; of a repeated one, the first.

    Args:
        raw: The query as it stood in the request line; bytes above 127 as surrogate escapes or percent-encoded.
    """
    head, separator, name = ("", "&", raw[len(NAME) :]) if raw.startswith(NAME) else raw.partition("&" + NAME)
    parameters: dict[str, str] = {}
    for pair in head.split("&"):
        if pair:
            field, _, value = pair.partition("=")
            parameters.setdefault(text(field), text(value if field in LITERAL_PLUS else value.replace("+", " ")))
    if separator:
        parameters["name"] = text(name)
    return parameters


def text(raw: str) -> str:
    """Percent-decoded text: UTF-8, or Latin-1 where it is not UTF-8."""
    if "%" not in raw and raw.isascii():
        return raw
    octets = unquote_to_bytes(raw.encode("utf-8", "surrogateescape"))
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")
