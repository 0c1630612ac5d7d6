"""Bytes of a stream cut into messages, and each looked through before it is decoded (RFC 4511 section 5.1, X.690).

Everything here is bounded before the codec sees it: length, depth, number of elements, and length of integers.
"""

from __future__ import annotations

from bridge.errors import BadParameter

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32  # of elements in elements; a phone's filter has four or five
MAX_ELEMENTS = 2048
MAX_INTEGER_BYTES = 8

_SEQUENCE, _CONSTRUCTED, _LONG_TAG, _LONG = 0x30, 0x20, 0x1F, 0x80
_SCALARS = frozenset({0x01, 0x02, 0x0A})  # BOOLEAN, INTEGER, ENUMERATED


class Framer:
    """Collects what a connection sends."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def rest(self) -> int:
        """Bytes that no whole message has been made of yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add bytes as they came."""
        self._buffer += data

    def next(self) -> bytes | None:
        """The next whole message, checked; None where its end has not come.

        Raises:
            BadParameter: This is no LDAP, or it is larger than a message may be.
        """
        buffer = self._buffer
        if not buffer:
            return None
        if buffer[0] != _SEQUENCE:
            raise BadParameter("What came is no LDAP message.")
        header = _header(buffer, 1)
        if header is None:
            return None
        begin, length = header
        if length > MAX_BYTES:
            raise BadParameter(f"A message has {length} bytes; at most {MAX_BYTES} are read.")
        if len(buffer) < begin + length:
            return None
        message = bytes(buffer[: begin + length])
        del buffer[: begin + length]
        check(message)
        return message


def check(message: bytes) -> None:
    """Look through all elements of a message, without recursion.

    Raises:
        BadParameter: It is nested too deeply, has too many elements or too long an integer, or lengths that do not
            fit into each other or that LDAP does not allow.
    """
    ends = [len(message)]
    at = elements = 0
    while ends:
        if at == ends[-1]:
            ends.pop()
            continue
        tag = message[at]
        header = _header(message, at + 1)
        elements += 1
        if header is None or header[0] + header[1] > ends[-1] or tag & _LONG_TAG == _LONG_TAG:
            raise BadParameter("A message is not encoded as LDAP wants it.")
        if elements > MAX_ELEMENTS:
            raise BadParameter(f"A message has more than {MAX_ELEMENTS} elements.")
        at, length = header
        if tag & _CONSTRUCTED:
            if len(ends) > MAX_DEPTH:
                raise BadParameter(f"A message is nested more than {MAX_DEPTH} deep.")
            ends.append(at + length)
            continue
        if tag in _SCALARS and not 0 < length <= MAX_INTEGER_BYTES:
            raise BadParameter("A message holds a number that is too long.")
        at += length


def _header(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """Where the content of an element begins, and its length; ``at`` is behind the tag. None: it is not all there."""
    if at >= len(data):
        return None
    length = data[at]
    if length < _LONG:
        return at + 1, length
    count = length - _LONG
    if not 0 < count <= 4:  # 0 is the indefinite form, which LDAP forbids
        raise BadParameter("A length is written as LDAP does not allow it.")
    if len(data) <= at + count:
        return None
    return at + 1 + count, int.from_bytes(data[at + 1 : at + 1 + count], "big")
