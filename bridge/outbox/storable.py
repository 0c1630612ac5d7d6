"""Numbers as ``contacts/create`` must be given them.

ITFlow keeps nothing but digits of a number and leaves its country code empty, so which digits are sent decides whether
the mirror reads the same number again, and with it whether the next call has a name.
"""

from __future__ import annotations

from bridge import numbers
from bridge.errors import BadParameter
from bridge.numbers import Form, Trunk


def storable(text: str, field: str, *, asked_in: str, trunk: Trunk | None, stored_in: str) -> str:
    """The digits to store for a number.

    Args:
        text: The number as somebody wrote it or a phone system sent it; empty for none.
        field: Its field, for the error.
        asked_in: The caller's region.
        trunk: How its trunk writes foreign numbers.
        stored_in: The region that the mirror will read the client's numbers with.

    Raises:
        BadParameter: The text is no number, or none that the mirror could read again.
    """
    if not text.strip():
        return ""
    readings = numbers.sent(text, region=asked_in, trunk=trunk).readings
    if not readings:
        raise BadParameter(f"{field}: this is no phone number")
    number = readings[0].number
    for form in (Form.NATIONAL, Form.INTERNATIONAL, Form.E164):
        digits = "".join(filter(str.isdigit, numbers.dialled(number, form, region=stored_in)))
        if [one.number for one in numbers.stored(digits, region=stored_in)] == [number]:
            return digits
    raise BadParameter(f"{field}: ITFlow stores digits only, and these would be read as another number")
