"""What a client asks, decoded (RFC 4511 section 4), and what it is answered, encoded.

The one place that knows the codec.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from sansldap import FilterOptions, LDAPFilter
from sansldap.asn1 import ASN1Reader, ASN1Tag, ASN1Writer, NotEnougData, TagClass, TypeTagNumber

from bridge.errors import BadParameter


class Code(IntEnum):
    """How an operation ended (RFC 4511 appendix A; 60 and 76 of the sorting and list view drafts)."""

    SUCCESS = 0
    OPERATIONS_ERROR = 1
    PROTOCOL_ERROR = 2
    TIME_LIMIT = 3
    SIZE_LIMIT = 4
    COMPARE_FALSE = 5
    COMPARE_TRUE = 6
    NO_SUCH_METHOD = 7
    UNAVAILABLE_CONTROL = 12
    NO_SUCH_ATTRIBUTE = 16
    WRONG_MATCHING = 18
    NO_SUCH_OBJECT = 32
    INVALID_DN = 34
    INVALID_CREDENTIALS = 49
    NO_RIGHTS = 50
    BUSY = 51
    UNAVAILABLE = 52
    UNWILLING = 53
    SORT_MISSING = 60
    OFFSET_RANGE = 61
    OTHER = 80


class Result(NamedTuple):
    """The end of an operation.

    Attributes:
        text: For people; the diagnostic message.
        matched: The nearest object above one that is not there.
    """

    code: Code = Code.SUCCESS
    text: str = ""
    matched: str = ""


class Scope(IntEnum):
    """How far below its base a search looks."""

    BASE = 0
    ONE = 1
    SUB = 2


class Control(NamedTuple):
    """A control as it came or goes (RFC 4511 section 4.1.11)."""

    oid: str
    critical: bool
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Bind:
    """Shows who one is.

    Attributes:
        password: None where SASL is wanted.
    """

    version: int
    name: str
    password: str | None


@dataclass(frozen=True, slots=True)
class Unbind:
    """Ends the connection."""


@dataclass(frozen=True, slots=True)
class Search:
    """Asks for entries.

    Attributes:
        size_limit: The most entries wanted; 0 for any.
        time_limit_s: The longest time; 0 for any.
        raw: The whole question as bytes: the same question has the same.
    """

    base: str
    scope: Scope
    size_limit: int
    time_limit_s: int
    types_only: bool
    filter: LDAPFilter
    attributes: tuple[str, ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Compare:
    """Asks whether an entry has a value."""

    entry: str
    attribute: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Abandon:
    """Gives an operation up."""

    id: int


@dataclass(frozen=True, slots=True)
class Extended:
    """An operation named by its OID."""

    name: str
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Write:
    """Any operation that would change something; ``answer`` is the number of its response."""

    answer: int


Operation = Bind | Unbind | Search | Compare | Abandon | Extended | Write


class Message(NamedTuple):
    """One message of a client."""

    id: int
    operation: Operation
    controls: tuple[Control, ...]


BIND, SEARCH_DONE, COMPARE, EXTENDED = 1, 5, 15, 24
DISCONNECTION: Final = "1.3.6.1.4.1.1466.20036"

_ENTRY: Final = 4
_WRITES: Final = {6: 7, 8: 9, 10: 11, 12: 13}  # modify, add, delete, rename: the numbers of request and response
_LARGEST_ID: Final = 2**31 - 1
_FAULTS: Final = (ValueError, NotEnougData, IndexError, KeyError, TypeError, OverflowError, NotImplementedError)
_FILTERS: Final = FilterOptions()
_CONTROLS: Final = ASN1Tag(TagClass.CONTEXT_SPECIFIC, 0, True)


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """Tell in one way what the codec cannot decode.

    Raises:
        BadParameter: It could not.
    """
    try:
        yield
    except _FAULTS as error:
        raise BadParameter(f"A {what} cannot be decoded.") from error


def decode(data: bytes) -> Message:
    """Decode a message that ``framing`` has checked.

    Raises:
        BadParameter: It is none.
    """
    with decoding("message"):
        message = ASN1Reader(data).read_sequence()
        number = message.read_integer()
        header = message.peek_header()
        if header.tag.tag_class != TagClass.APPLICATION or not 0 < number <= _LARGEST_ID:
            raise ValueError(number)
        # Every operation is read as its bytes: whether they are one value or a sequence is each one's own matter.
        content = message.read_octet_string(header=header)
        operation = _OPERATIONS[header.tag.tag_number](content)
        controls: tuple[Control, ...] = ()
        while message:
            header = message.peek_header()
            if header.tag.tag_class == TagClass.CONTEXT_SPECIFIC and header.tag.tag_number == 0:
                controls = tuple(_controls(message.read_sequence(header=header)))
            else:
                message.skip_value(header)
        return Message(number, operation, controls)


def _controls(reader: ASN1Reader) -> Iterator[Control]:
    while reader:
        control = reader.read_sequence()
        oid, critical, value = control.read_octet_string().decode(), False, None
        while control:
            header = control.peek_header()
            if header.tag.tag_number == TypeTagNumber.BOOLEAN:
                critical = control.read_boolean()
            else:
                value = control.read_octet_string()
        yield Control(oid, critical, value)


def _bind(content: bytes) -> Bind:
    reader = ASN1Reader(content)
    version, name = reader.read_integer(), reader.read_octet_string().decode()
    header = reader.peek_header()
    secret = reader.read_octet_string(header=header)
    # A secret that is no UTF-8 is read as the keys read it.
    password = secret.decode("utf-8", "surrogateescape") if header.tag.tag_number == 0 else None
    return Bind(version, name, password)


def _search(content: bytes) -> Search:
    reader = ASN1Reader(content)
    base = reader.read_octet_string().decode()
    scope = reader.read_enumerated(Scope)
    reader.skip_value(reader.peek_header())  # there are no aliases to follow
    size_limit, time_limit_s, types_only = reader.read_integer(), reader.read_integer(), reader.read_boolean()
    wanted = LDAPFilter.unpack(reader, _FILTERS)
    names, attributes = reader.read_sequence(), []
    while names:
        attributes.append(names.read_octet_string().decode())
    return Search(
        base, scope, max(0, size_limit), max(0, time_limit_s), types_only, wanted, tuple(attributes), content
    )


def _compare(content: bytes) -> Compare:
    reader = ASN1Reader(content)
    entry, assertion = reader.read_octet_string().decode(), reader.read_sequence()
    return Compare(entry, assertion.read_octet_string().decode(), assertion.read_octet_string())


def _extended(content: bytes) -> Extended:
    reader = ASN1Reader(content)
    name = reader.read_octet_string(header=reader.peek_header()).decode()
    return Extended(name, reader.read_octet_string(header=reader.peek_header()) if reader else None)


def _write(answer: int) -> Callable[[bytes], Operation]:
    return lambda _: Write(answer)


_OPERATIONS: Final[Mapping[int, Callable[[bytes], Operation]]] = {
    0: _bind,
    2: lambda _: Unbind(),
    3: _search,
    14: _compare,
    16: lambda content: Abandon(int.from_bytes(content, "big", signed=True)),
    23: _extended,
    **{request: _write(answer) for request, answer in _WRITES.items()},
}


def encode_result(
    number: int,
    kind: int,
    result: Result,
    controls: Sequence[Control] = (),
    *,
    name: str = "",
    value: bytes | None = None,
) -> bytes:
    """The message that ends an operation.

    Args:
        number: The message's id; 0 for a notice that nobody asked for.
        kind: ``BIND``, ``SEARCH_DONE``, ``COMPARE``, ``EXTENDED`` or that of a ``Write``.
        result: How it ended.
        controls: Those of the answer.
        name: OID of an extended answer.
        value: What an extended answer brings.
    """
    writer = ASN1Writer()
    with writer.push_sequence() as message:
        message.write_integer(number)
        with message.push_sequence(ASN1Tag(TagClass.APPLICATION, kind, True)) as body:
            body.write_enumerated(result.code)
            body.write_octet_string(result.matched.encode())
            body.write_octet_string(result.text.encode())
            if name:
                body.write_octet_string(name.encode(), tag=ASN1Tag(TagClass.CONTEXT_SPECIFIC, 10, False))
            if value is not None:
                body.write_octet_string(value, tag=ASN1Tag(TagClass.CONTEXT_SPECIFIC, 11, False))
        if controls:
            with message.push_sequence(_CONTROLS) as rows:
                for control in controls:
                    _write_control(rows, control)
    return bytes(writer.get_data())


def _write_control(rows: ASN1Writer, control: Control) -> None:
    with rows.push_sequence() as row:
        row.write_octet_string(control.oid.encode())
        if control.value is not None:
            row.write_octet_string(control.value)


def encode_entry(name: str, attributes: Iterable[tuple[str, Sequence[str]]]) -> bytes:
    """An entry as its messages repeat it, whatever their ids; see ``entry_message``.

    Args:
        name: Its DN.
        attributes: Each with its values, or with none where only the names are wanted.
    """
    # Every entry of every search is written here, so by X.690 sections 8.1 and 8.3 and not by the codec.
    rows = b"".join(
        _element(0x30, _octets(attribute) + _element(0x31, b"".join(map(_octets, values))))
        for attribute, values in attributes
    )
    return _element(0x40 | 0x20 | _ENTRY, _octets(name) + _element(0x30, rows))


def _octets(text: str) -> bytes:
    return _element(0x04, text.encode("utf-8", "replace"))


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    return bytes((tag, length)) + content if length < 128 else b"%c\x84%b" % (tag, length.to_bytes(4, "big")) + content


def entry_message(number: int, entry: bytes) -> bytes:
    """The message that carries an entry.

    Args:
        number: The message's id.
        entry: What ``encode_entry`` gave.
    """
    own = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return _element(0x30, _element(0x02, own) + entry)
