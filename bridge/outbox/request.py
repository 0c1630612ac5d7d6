"""What an asset to be added may hold: the fields of ITFlow's ``assets/create`` and their limits.

ITFlow answers a value that its database does not take with an empty 500, so everything is checked here. The row is
known again by its mark (see ``kinds``), not by its name.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.directory.entries import Scope
from bridge.directory.snapshot import Snapshot
from bridge.errors import BadParameter
from bridge.outbox import references
from bridge.outbox.texts import Id, Line, Name, Paragraphs, line, read_as


def _blank_as_none(value: object) -> object:
    return value.strip() or None if isinstance(value, str) else value


Day = Annotated[Annotated[dt.date, Field(ge=dt.date(1000, 1, 1))] | None, BeforeValidator(_blank_as_none)]


class NewAsset(BaseModel):
    """An asset to be added; the fields are ITFlow's without their ``asset_``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    description: Annotated[str, Field(max_length=255), BeforeValidator(line)] = ""
    type: Line = ""
    make: Line = ""
    model: Line = ""
    serial: Line = ""
    os: Line = ""
    ip: Line = ""
    mac: Line = ""
    uri: Annotated[str, Field(max_length=500), BeforeValidator(line)] = ""
    status: Line = ""
    location_id: Id = 0
    vendor_id: Id = 0
    contact_id: Id = 0
    network_id: Id = 0
    purchase_date: Day = None
    warranty_expire: Day = None
    install_date: Day = None
    notes: Paragraphs = ""

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
    return read_as(NewAsset, parameters)


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
