"""What an asset to be added may hold: the fields of ITFlow's ``assets/create`` and their limits.

ITFlow answers a value that its database does not take with an empty 500, so everything is checked here. It
also strips HTML tags from every text; the same is done here beforehand, so that a name that nothing is left of is
refused at once. The row is known again by its mark (see ``kinds``), not by its name.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bridge.directory.entries import Scope
from bridge.directory.snapshot import Snapshot
from bridge.errors import BadParameter
from bridge.outbox import references

# PHP's strip_tags: a tag begins with "<" and no blank after it, and may be left open to the end. PHP's blanks are
# ASCII's: "<" followed by a no-break space begins a tag.
_TAG = re.compile(r"<(?![ \t\n\r\v\f])[^>]*(?:>|\Z)")
_BLANKS = " \t\n\r\v\0"  # that PHP's trim takes off
_LINE_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TEXT_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")

LARGEST_ID = 2**31 - 1  # MariaDB's INT


def without_tags(text: str) -> str:
    """Text as ITFlow stores it: stripping it once more changes nothing."""
    while (stripped := _TAG.sub("", text)) != text:
        text = stripped
    return text.strip(_BLANKS)


def _text(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    text = str(value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must be valid Unicode text")
    return text


def _line(value: object) -> object:
    value = _text(value)
    return without_tags(_LINE_CONTROLS.sub(" ", value)) if isinstance(value, str) else value


def _paragraphs(value: object) -> object:
    value = _text(value)
    return without_tags(_TEXT_CONTROLS.sub(" ", value.replace("\r\n", "\n"))) if isinstance(value, str) else value


def _blank_as_none(value: object) -> object:
    return value.strip() or None if isinstance(value, str) else value


def _blank_as_zero(value: object) -> object:
    return value.strip() or 0 if isinstance(value, str) else value


Line = Annotated[str, Field(max_length=200), BeforeValidator(_line)]
Day = Annotated[Annotated[dt.date, Field(ge=dt.date(1000, 1, 1))] | None, BeforeValidator(_blank_as_none)]
Id = Annotated[int, Field(ge=0, le=LARGEST_ID), BeforeValidator(_blank_as_zero)]


class NewAsset(BaseModel):
    """An asset to be added; the fields are ITFlow's without their ``asset_``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(_line)]
    description: Annotated[str, Field(max_length=255), BeforeValidator(_line)] = ""
    type: Line = ""
    make: Line = ""
    model: Line = ""
    serial: Line = ""
    os: Line = ""
    ip: Line = ""
    mac: Line = ""
    uri: Annotated[str, Field(max_length=500), BeforeValidator(_line)] = ""
    status: Line = ""
    location_id: Id = 0
    vendor_id: Id = 0
    contact_id: Id = 0
    network_id: Id = 0
    purchase_date: Day = None
    warranty_expire: Day = None
    install_date: Day = None
    notes: Annotated[str, Field(max_length=16000), BeforeValidator(_paragraphs)] = ""

    kind: ClassVar[str] = "asset"

    @property
    def label(self) -> str:
        """For people."""
        return self.name

    @property
    def identity(self) -> str:
        """The same client's asset of the same name and serial is the same asset."""
        return json.dumps([self.name, self.serial], ensure_ascii=False, separators=(",", ":"))

    def fields(self) -> dict[str, object]:
        """The fields that are given, by ITFlow's names."""
        given = self.model_dump(mode="json", exclude_defaults=True)
        return {f"asset_{name}": value for name, value in given.items()}

    def check(self, snapshot: Snapshot, client_id: int, scope: Scope) -> None:
        """Whether it refers to rows that a key of this scope may refer to; see ``references``."""
        references.check(snapshot, client_id, self, scope)


FIELDS = frozenset(NewAsset.model_fields)


def read(parameters: Mapping[str, object]) -> NewAsset:
    """Check an asset.

    Args:
        parameters: Its fields by name.

    Raises:
        BadParameter: A field is missing, unknown or not acceptable; the text names every one.
    """
    try:
        return NewAsset.model_validate(parameters)
    except ValidationError as error:
        faults = (
            _fault(str(fault["loc"][0]), fault["type"], fault["msg"]) for fault in error.errors(include_url=False)
        )
        raise BadParameter("; ".join(faults)) from None  # pydantic's text repeats the values


def read_legacy(parameters: Mapping[str, str]) -> NewAsset:
    """Check an asset as ``/api.php`` takes it: its name in ``add_asset``, parameters of other names ignored.

    Raises:
        BadParameter: See ``read``.
    """
    fields: dict[str, object] = {name: value for name, value in parameters.items() if name in FIELDS - {"name"}}
    try:
        return read({**fields, "name": parameters.get("add_asset", "")})
    except BadParameter as error:
        raise BadParameter(re.sub(r"\bname:", "add_asset:", str(error), count=1)) from error


def _fault(field: str, kind: str, text: str) -> str:
    if field == "name" and kind in {"missing", "string_too_short"}:
        return "name: the asset's name is missing"
    if kind == "extra_forbidden":
        return f"{field}: there is no such field; known are {', '.join(NewAsset.model_fields)}"
    if kind.startswith("date"):
        return f"{field}: must be a date such as 2026-01-31"
    return f"{field}: {text.removeprefix('Value error, ').removeprefix('Input ').lower()}"
