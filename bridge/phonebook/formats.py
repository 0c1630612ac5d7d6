"""The table of phone formats: ``formats.toml``, and what its columns mean.

A user's own folder brings rows and stylesheets of the same kind; its columns come before ours.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from lxml import etree
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, ValidationInfo, field_validator

from bridge import resources
from bridge.errors import NotFound, SettingsError
from bridge.phonebook.stylesheets import Stylesheet

TABLE = "formats.toml"
AUTO = "auto"
MAC = "{mac}"
_MAC_PATTERN = "[0-9a-f]{12}"

Screen = Literal["list", "menu", "search"]
Evidence = Literal["manual", "schema", "field", "report", "standard", "unconfirmed"]
LABELS = frozenset({"work", "mobile", "internal"})
# The fields that the texts of a row may have in braces.
_FIELDS: Mapping[str, frozenset[str]] = {
    "setup": frozenset({"url", "base", "address", "scheme", "key"}),
    "suffix": frozenset({"label"}),
    "client_in_name": frozenset({"name", "client"}),
    "files": frozenset({"mac"}),
}
# What true means in the column client_in_name.
_IN_BRACKETS = "{name} ({client})"


class Format(BaseModel):
    """A row of the table. Its name is what stands in the URL: ``/phonebook/NAME``."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    name: str = Field(pattern="^[a-z0-9][a-z0-9-]*$")
    title: str = Field(description="Makers and models, for people")
    stylesheet: str = Field("", description="File of the stylesheet; unset: NAME.xsl")
    params: Mapping[str, str] = Field({}, description="Parameters of the stylesheet")
    content_type: str = Field("text/xml", description="Media type, without charset")
    headers: Mapping[str, str] = Field({}, description="Further headers of the answer")
    agents: tuple[re.Pattern[str], ...] = Field((), description="Regular expressions for the User-Agent, for auto")
    files: tuple[str, ...] = Field((), description="File names that the phone appends; {mac} is twelve hex digits")
    put: bool = Field(False, description="The phone sends its book back by PUT; accepted and dropped")

    screens: tuple[Screen, ...] = Field(
        ("list",), min_length=1, description="Documents it knows; the first is the start"
    )
    page_size: int = Field(0, ge=0, description="Entries in one document; 0: all")
    menu_size: int = Field(0, ge=0, description="Groups in one menu; 0: all")
    max_bytes: int = Field(0, ge=0, description="Longest document, in bytes; 0: any. A longer page is cut short")
    offset_param: str = Field("offset", description="Parameter of the first entry wanted")
    offset_base: int = Field(0, ge=0, le=1, description="Number of the very first entry")
    count_param: str = Field("limit", description="Parameter of the number of entries wanted")
    bytes_param: str = Field("", description="Parameter of the longest document wanted, in bytes")
    search_params: tuple[str, ...] = Field(("search", "term", "q"), description="Parameters with text to search for")
    lookup_param: str = Field("", description="Parameter with a caller's number, to be named by caller ID's rules")
    expects: Mapping[str, str] = Field({}, description="Parameters that can have one value only")
    echo_params: tuple[str, ...] = Field((), description="Parameters that the stylesheet gets to see")
    url_limit: int = Field(
        0, ge=0, description="Longest address of another document; 0: any. Longer ones are left out"
    )
    refresh: bool = Field(False, description="The next page is told in a Refresh header, too")
    charset_asked: bool = Field(False, description="ISO-8859-1 for a phone whose Accept-Charset prefers it")
    errors: bool = Field(False, description="The stylesheet makes a document of an error, sent with status 200")

    group_by: Literal["none", "client", "kind"] = Field("none", description="Groups, where the settings name none")
    max_entries: int = Field(0, ge=0, description="Entries a phone takes; 0: any. The least important are left out")
    numbers_per_entry: int = Field(0, ge=0, description="Numbers of one entry; 0: any")
    more_numbers: Literal["split", "cut"] = Field(
        "split", description="Further numbers: in further entries, or left out"
    )
    slots: Mapping[str, str] = Field({}, description="Places for numbers, each once, and the labels that belong there")
    labels: Mapping[Literal["work", "mobile", "internal"], str] = Field({}, description="The maker's words for labels")
    suffix: str = Field("", description="Put after the name of an entry that has several numbers; {label}")
    extensions: Literal["label", "own", "none"] = Field(
        "none", description="A number's extension: in its label, by the stylesheet, or not shown"
    )
    unique_numbers: bool = Field(False, description="A number may be in the book once only")
    client_in_name: str = Field("", description="{name} · {client}, where the phone has no place for a company")
    name_limit: int = Field(0, ge=0, description="Longest name; 0: any")
    name_unit: Literal["characters", "bytes"] = "characters"
    name_without: str = Field("", description="Characters a name cannot have; each becomes a blank")
    number_limit: int = Field(0, ge=0, description="Longest number; 0: any. A longer one is left out")
    number_chars: str = Field("0123456789*#+", description="Characters a number may have")
    number_form: Literal["e164", "international", "national"] = "e164"
    empty_elements: Literal["any", "pair"] = Field("any", description="pair: <a></a>, never <a/>")
    fold_bytes: int = Field(0, ge=0, description="Lines are folded at so many bytes (RFC 6350); 0: never")

    setup: Mapping[str, str] = Field(
        {}, description="What to type where; {url} {base} {address} {scheme} {key} are filled in"
    )
    setup_note: str = ""
    evidence: Evidence = "unconfirmed"
    source: str = Field("", description="Which manual, schema or servers")

    @field_validator("client_in_name", mode="before")
    @classmethod
    def _bracketed(cls, value: object) -> object:
        return {True: _IN_BRACKETS, False: ""}.get(value, value) if isinstance(value, bool) else value

    @field_validator(*_FIELDS)
    @classmethod
    def _known_fields(
        cls, value: str | tuple[str, ...] | Mapping[str, str], info: ValidationInfo
    ) -> str | tuple[str, ...] | Mapping[str, str]:
        """Fields in braces that nothing fills fail when a phone asks; they are told at the start instead."""
        known = _FIELDS[info.field_name or ""]
        texts = (value,) if isinstance(value, str) else value.values() if isinstance(value, Mapping) else value
        for text in texts:
            for _, field, form, conversion in string.Formatter().parse(text):
                if field is not None and (field not in known or form or conversion):
                    names = " ".join(f"{{{name}}}" for name in sorted(known))
                    raise ValueError(f"{text!r} has the unknown field {{{field}}}; there is {names}")
        return value

    @field_validator("slots")
    @classmethod
    def _known_labels(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for slot, labels in value.items():
            if unknown := set(labels.split()) - LABELS:
                raise ValueError(f"{slot} has the unknown label {unknown.pop()}; there is {' '.join(sorted(LABELS))}")
        return value

    @cached_property
    def file_patterns(self) -> tuple[re.Pattern[str], ...]:
        """The file names as expressions, any case."""
        return tuple(
            re.compile(re.escape(file).replace(re.escape(MAC), _MAC_PATTERN), re.IGNORECASE) for file in self.files
        )

    @property
    def linked(self) -> bool:
        """Whether its documents lead to each other."""
        return len(self.screens) > 1

    def owns(self, file: str) -> bool:
        """Whether the phone asks for its book under this file name."""
        return any(pattern.fullmatch(file) for pattern in self.file_patterns)


_Rows = TypeAdapter(dict[str, dict[str, Any]])


class Formats:
    """All formats, and their stylesheets.

    Args:
        own: A user's folder with a table and stylesheets that come before ours.

    Raises:
        SettingsError: A table or a stylesheet is wrong; every fault is listed with its file and column.
    """

    def __init__(self, own: Path | None = None) -> None:
        self._folders = [folder for folder in (own, resources.path("templates/phonebook")) if folder is not None]
        faults: list[str] = []
        rows: dict[str, dict[str, Any]] = {}
        for folder in self._folders:
            for name, row in _read(folder / TABLE, faults).items():
                rows[name] = {**row, **rows.get(name, {})}
        self._formats: dict[str, Format] = {}
        self._stylesheets: dict[str, Stylesheet] = {}
        for name, row in rows.items():
            try:
                self._formats[name] = Format.model_validate({"stylesheet": f"{name}.xsl", **row, "name": name})
                self._stylesheets[name] = self._stylesheet(self._formats[name].stylesheet)
            except ValidationError as error:
                faults += [f"{self._source(name)}, [{name}] {fault}" for fault in _faults(error)]
            except (OSError, etree.LxmlError) as error:
                faults.append(f"{self._source(name)}, [{name}] stylesheet: {error}")
        if faults:
            raise SettingsError(faults)

    def __iter__(self) -> Iterator[Format]:
        return iter(self._formats.values())

    def get(self, name: str) -> Format:
        """The format of a name.

        Raises:
            NotFound: There is none.
        """
        try:
            return self._formats[name.lower()]
        except KeyError:
            raise NotFound(f"There is no phonebook format {name}; there are: {', '.join(self._formats)}") from None

    def for_phone(self, user_agent: str, file: str = "") -> Format:
        """The format of the phone that sends this User-Agent, or else asks for this file.

        Raises:
            NotFound: The phone is not known.
        """
        for row in self:
            if any(agent.search(user_agent) for agent in row.agents):
                return row
        for row in self:
            if row.owns(file):
                return row
        raise NotFound(
            f"The phone cannot be told from its User-Agent {user_agent!r}. "
            f"Name the format in the URL instead of {AUTO}: {', '.join(self._formats)}"
        )

    def stylesheet(self, row: Format) -> Stylesheet:
        """The stylesheet of a format."""
        return self._stylesheets[row.name]

    def _stylesheet(self, file: str) -> Stylesheet:
        path = next((found for folder in self._folders if (found := folder / file).is_file()), None)
        if path is None:
            raise FileNotFoundError(f"there is no file {file} in {' or '.join(map(str, self._folders))}")
        return Stylesheet(path, apart=path.parent != self._folders[-1])

    def _source(self, name: str) -> Path:
        return next(folder / TABLE for folder in self._folders if name in _read(folder / TABLE, []))


def _read(path: Path, faults: list[str]) -> dict[str, dict[str, Any]]:
    try:
        with path.open("rb") as file:
            return _Rows.validate_python(tomllib.load(file))
    except OSError as error:
        faults.append(f"{path} cannot be read: {error}")
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{path} is not TOML: {error}")
    except ValidationError:
        faults.append(f"{path} must have one table for each format: [name], then its columns")
    return {}


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False):
        column = ".".join(map(str, fault["loc"]))
        text = "there is no such column" if fault["type"] == "extra_forbidden" else fault["msg"]
        yield f"{column}: {text}"
