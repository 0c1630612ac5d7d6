"""Numbers as they must be dialled from a desk: the form, the outside line, and what stays untouched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bridge import numbers
from bridge.numbers import Form
from bridge.phonebook.formats import Format
from bridge.settings import PhonebookSection

_KEPT_NUMBERS = 65_536


@dataclass(frozen=True, slots=True)
class Plan:
    """How one book's numbers are written.

    Attributes:
        form: E.164, international or national.
        region: Where they are dialled from, ISO 3166.
        prefix: Digits for an outside line, often none.
        min_digits: Shorter numbers are dialled inside.
        exempt: Beginnings of numbers that get no prefix.
        chars: What a number may consist of.
        limit: Longest number; 0 for any.
    """

    form: Form
    region: str
    prefix: str
    min_digits: int
    exempt: tuple[str, ...]
    chars: str
    limit: int

    @classmethod
    def of(cls, row: Format, section: PhonebookSection, region: str) -> Plan:
        """The plan of a format under a key's settings.

        A plus sign cannot follow a prefix, and some phones have none: then E.164 becomes international.
        """
        form = Form(section.number_form or row.number_form)
        if form is Form.E164 and (section.outside_prefix or "+" not in row.number_chars):
            form = Form.INTERNATIONAL
        return cls(
            form=form,
            region=region,
            prefix=section.outside_prefix,
            min_digits=section.outside_min_digits,
            exempt=tuple(begin.strip() for begin in section.outside_except.split(",") if begin.strip()),
            chars=row.number_chars,
            limit=row.number_limit,
        )

    def dial(self, number: str) -> str:
        """A number as it is dialled; empty where the phone cannot take it.

        Args:
            number: An identity: E.164, or short. A short number below ``min_digits``, or one with ``*`` or
                ``#``, is an extension or a feature code and stays as it is.
        """
        written = number if self.form is Form.E164 else _dialled(number, self.form, self.region)
        if self.prefix and self._outside(number, written):
            written = self.prefix + written
        if written.strip(self.chars) or (self.limit and len(written) > self.limit):
            return ""
        return written

    def _outside(self, number: str, written: str) -> bool:
        digits = written.removeprefix("+")
        return (
            digits.isdigit()
            and len(digits) >= self.min_digits
            and not written.startswith(self.exempt)
            and not number.startswith(self.exempt)
        )


@lru_cache(_KEPT_NUMBERS)
def _dialled(number: str, form: Form, region: str) -> str:
    return numbers.dialled(number, form, region=region)


def internal(number: str) -> bool:
    """Whether a number means something inside one phone system only."""
    return not number.startswith("+")
