"""A format's limits: numbers in their places, names and numbers that fit, no more entries than a phone takes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bridge.directory.entries import Phone
from bridge.phonebook import names
from bridge.phonebook.dialling import Plan, internal
from bridge.phonebook.formats import Format
from bridge.phonebook.view import Line, Note, who

INTERNAL = "internal"
_LABELS: dict[str, str] = {"work": "Work", "mobile": "Mobile", INTERNAL: "Internal"}


@dataclass(frozen=True, slots=True)
class Number:
    """A number as the phone gets it.

    Attributes:
        dialled: What the phone dials.
        label: ``work``, ``mobile`` or ``internal``.
        word: The maker's word for the label, with the extension where the format shows it there.
        slot: The place it takes, for formats that have places.
        extension: Digits dialled after the call is up, where the stylesheet writes them.
    """

    dialled: str
    label: str
    word: str
    slot: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as the phone gets it; a line with many numbers can become several."""

    line: Line
    shown: str
    first: str
    last: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """The numbers of a line that make one entry on the phone, each with its place.

    Attributes:
        further: How many entries of the line come before it.
        several: The line has more than one number.
    """

    line: Line
    phones: tuple[tuple[str, Phone], ...]
    further: int
    several: bool


def share_out(lines: Sequence[Line], row: Format) -> tuple[list[Share], Sequence[Note]]:
    """Divide lines into the entries of a phone, no more than it takes.

    Where there are more, important and primary contacts come first, then contacts, locations and vendors.

    Returns:
        The shares in the order of the lines, and what was left out.
    """
    notes: list[Note] = []
    shares: dict[int, list[Share]] = {}
    taken: set[str] = set()
    room = row.max_entries or sys.maxsize
    order = sorted(range(len(lines)), key=lambda at: (lines[at].rank, at)) if len(lines) > room else range(len(lines))
    for at in order:
        line = lines[at]
        if room <= 0:
            notes.append(note(line, beyond(row)))
            continue
        own = list(_shares(line, row, taken if row.unique_numbers else set(), notes))
        if len(own) > room:
            notes.append(note(line, f"some numbers are {beyond(row)}"))
            del own[room:]
        room -= len(own)
        shares[at] = own
    return [share for at in sorted(shares) for share in shares[at]], notes


def beyond(row: Format) -> str:
    """What is said of a line that a phone has no room for."""
    return f"beyond the {row.max_entries} entries that the phone takes"


def fit(
    shares: Iterable[Share], row: Format, plan: Plan, *, client_in_name: bool = True
) -> tuple[list[Item], Sequence[Note]]:
    """Write numbers as they are dialled and names as they fit.

    Args:
        shares: What is to be shown.
        row: The phone's format.
        plan: How its numbers are dialled.
        client_in_name: The client may stand in the name where the format wants it.

    Returns:
        The items, and what was left out or cut.
    """
    notes: list[Note] = []
    words = _LABELS | dict(row.labels)
    items = []
    for share in shares:
        numbers = tuple(_numbers(share, row, plan, words, notes))
        if numbers:
            items.append(_item(share, numbers, row, client_in_name, notes))
    return items, notes


def _shares(line: Line, row: Format, taken: set[str], notes: list[Note]) -> Iterator[Share]:
    left = []
    for phone in line.phones:
        if phone.number in taken:
            notes.append(note(line, f"the number {phone.number} is in the book already"))
        else:
            left.append(phone)
    taken.update(phone.number for phone in left)
    several = len(left) > 1
    further = 0
    while left:
        placed, left = _placed(left, row)
        yield Share(line, placed, further, several)
        further += 1
        if left and row.more_numbers == "cut":
            notes += [note(line, f"no place for the number {phone.number}") for phone in left]
            return


def _placed(phones: list[Phone], row: Format) -> tuple[tuple[tuple[str, Phone], ...], list[Phone]]:
    """The numbers of one entry in their places, and those left for the next.

    A number goes where its label belongs, else into a free place.
    """
    if not row.slots:
        size = row.numbers_per_entry or len(phones)
        return tuple(("", phone) for phone in phones[:size]), phones[size:]
    free = dict(row.slots)
    places: dict[str, str] = {}
    for phone in phones:
        label = _label(phone)
        slot = next((slot for slot, wanted in free.items() if label in wanted.split()), None)
        if slot is not None:
            places[phone.number] = slot
            del free[slot]
    homeless = [phone.number for phone in phones if phone.number not in places]
    # A place of no label first, so that no outside number stands where an extension belongs.
    places |= dict(zip(homeless, sorted(free, key=lambda slot: bool(free[slot])), strict=False))
    placed = tuple((places[phone.number], phone) for phone in phones if phone.number in places)
    return placed, [phone for phone in phones if phone.number not in places]


def _numbers(share: Share, row: Format, plan: Plan, words: Mapping[str, str], notes: list[Note]) -> Iterator[Number]:
    """The numbers that the phone can take."""
    for slot, phone in share.phones:
        dialled = plan.dial(phone.number)
        if not dialled:
            limit = f", at most {plan.limit} characters" if plan.limit else ""
            notes.append(
                note(share.line, f"the phone cannot take the number {phone.number}: {plan.chars} only{limit}")
            )
            continue
        label = _label(phone)
        word = words[label]
        if phone.extension:
            if row.extensions == "label" or row.suffix:
                word = f"{word} x{phone.extension}"
            elif row.extensions == "none":
                notes.append(note(share.line, f"the extension {phone.extension} of {dialled} has no place"))
        yield Number(dialled, label, word, slot, phone.extension)


def _label(phone: Phone) -> str:
    return INTERNAL if internal(phone.number) else phone.label


def _item(share: Share, numbers: tuple[Number, ...], row: Format, client_in_name: bool, notes: list[Note]) -> Item:
    line = share.line
    suffix = row.suffix.format(label=numbers[0].word) if row.suffix and (share.several or numbers[0].extension) else ""
    shown = line.name.shown
    # A name that says its client says it once.
    pattern = row.client_in_name if client_in_name and line.client and not names.says(shown, line.client) else ""
    room = max(row.name_limit - names.size(suffix, row.name_unit), 1) if row.name_limit else 0
    fitting = _with_client(shown, line, pattern, row, room)
    if fitting != (pattern.format(name=shown, client=line.client) if pattern else shown) and not share.further:
        notes.append(note(line, f"the name is shown as {fitting!r}"))
    return Item(
        line,
        fitting + suffix,
        _fitting(line.name.first, row, row.name_limit),
        _with_client(line.name.last, line, pattern, row, row.name_limit),
        numbers,
    )


def _with_client(text: str, line: Line, pattern: str, row: Format, limit: int) -> str:
    """A name, or the last part of one, that the phone can take, with the client where the pattern has one."""
    if not pattern:
        return _fitting(text, row, limit, line.name.client)
    text, client = _allowed(text, row), _allowed(line.client, row)
    return names.cut(_allowed(names.together(text, client, pattern, limit, row.name_unit), row), limit, row.name_unit)


def _fitting(text: str, row: Format, limit: int, client: str = "") -> str:
    """A name that the phone can take; a client's name at its beginning is shortened first."""
    fitting = _allowed(text, row)
    if client and limit and names.size(fitting, row.name_unit) > limit:
        own = fitting.removeprefix(_allowed(client, row)).lstrip(" -")
        room = limit - names.size(f" - {own}", row.name_unit)
        fitting = _allowed(f"{names.cut(client, room, row.name_unit)} - {own}", row) if room > 0 else own
    return names.cut(fitting, limit, row.name_unit)


def _allowed(text: str, row: Format) -> str:
    if not row.name_without:
        return text
    return names.clean(text.translate(dict.fromkeys(map(ord, row.name_without), " ")))


def note(line: Line, what: str) -> Note:
    """What the book lacks of a line."""
    return Note(who(line.name, line.client), what)
