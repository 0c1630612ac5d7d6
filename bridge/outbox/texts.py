"""Texts as ITFlow stores them, and the faults of what was asked for, in words.

ITFlow strips HTML tags from every plain text; the same is done here beforehand, so that a name that nothing is left of
is refused at once. Where ITFlow takes HTML, what callers and callers' names say is escaped.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from bridge.errors import BadParameter

# PHP's strip_tags: a tag begins with "<" and no blank after it, and may be left open to the end. PHP's blanks are
# ASCII's: "<" followed by a no-break space begins a tag.
_TAG = re.compile(r"<(?![ \t\n\r\v\f])[^>]*(?:>|\Z)")
_BLANKS = " \t\n\r\v\0"  # that PHP's trim takes off
_LINE_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TEXT_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")

LARGEST_ID = 2**31 - 1  # MariaDB's INT

M = TypeVar("M", bound=BaseModel)


def without_tags(text: str) -> str:
    """Text as ITFlow stores it: stripping it once more changes nothing."""
    while (stripped := _TAG.sub("", text)) != text:
        text = stripped
    return text.strip(_BLANKS)


def as_html(text: str) -> str:
    """Text that means itself in HTML, its lines kept."""
    return html.escape(text).replace("\n", "<br>")


def _text(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    text = str(value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must be valid Unicode text")
    return text


def line(value: object) -> object:
    """One line without tags and controls."""
    value = _text(value)
    return without_tags(_LINE_CONTROLS.sub(" ", value)) if isinstance(value, str) else value


def _plain(value: object) -> object:
    value = _text(value)
    return _TEXT_CONTROLS.sub(" ", value.replace("\r\n", "\n")).strip() if isinstance(value, str) else value


def _paragraphs(value: object) -> object:
    value = _plain(value)
    return without_tags(value) if isinstance(value, str) else value


def _blank_as_zero(value: object) -> object:
    return value.strip() or 0 if isinstance(value, str) else value


Line = Annotated[str, Field(max_length=200), BeforeValidator(line)]
Name = Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(line)]
Paragraphs = Annotated[str, Field(max_length=16000), BeforeValidator(_paragraphs)]
# For HTML: tags are kept, and mean themselves once they are escaped.
Plain = Annotated[str, Field(max_length=16000), BeforeValidator(_plain)]
Id = Annotated[int, Field(ge=0, le=LARGEST_ID), BeforeValidator(_blank_as_zero)]


def read_as(model: type[M], parameters: Mapping[str, object]) -> M:
    """Check what is to be written.

    Args:
        model: What it is.
        parameters: Its fields by name.

    Raises:
        BadParameter: A field is missing, unknown or not acceptable; the text names every one.
    """
    try:
        return model.model_validate(parameters)
    except ValidationError as error:
        faults = (
            _fault(model, ".".join(map(str, fault["loc"])), fault["type"], fault["msg"])
            for fault in error.errors(include_url=False)
        )
        raise BadParameter("; ".join(faults)) from None  # pydantic's text repeats the values


def _fault(model: type[BaseModel], field: str, kind: str, text: str) -> str:
    if kind in {"missing", "string_too_short"}:
        named = getattr(model, "kind", "entry")
        return f"{field}: the {named}'s {field} is missing"
    if kind == "extra_forbidden":
        return f"{field}: there is no such field; known are {', '.join(model.model_fields)}"
    if kind.startswith("date"):
        return f"{field}: must be a date such as 2026-01-31"
    return f"{field}: {text.removeprefix('Value error, ').removeprefix('Input ').lower()}"
