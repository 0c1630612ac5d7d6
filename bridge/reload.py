"""Which settings take effect while the bridge serves, and which wait for its next start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from bridge.settings import Settings

# Whole sections first. What is in neither is bound to what was opened at the start: a port, bridge.db, formats.
AT_ONCE: Final = frozenset({"itflow", "numbers", "sync", "callerid", "phonebook", "log"})
AT_ONCE_ALONE: Final = frozenset({"http.public_url", "http.trusted_proxies"})
NEVER: Final = frozenset({"phonebook.templates"})


@dataclass(slots=True)
class InUse:
    """The settings in use; a reload puts others in their place.

    Attributes:
        settings: See there. Whoever keeps a part of them keeps that of before.
    """

    settings: Settings


class Change(NamedTuple):
    """What becomes of settings that were read anew.

    Attributes:
        settings: Those in use from now on.
        taken: The names of the changed ones that take effect.
        waiting: The names of those that do not before the next start.
    """

    settings: Settings
    taken: list[str]
    waiting: list[str]


def change(before: Settings, found: Settings) -> Change:
    """Take over what can be taken over.

    Args:
        before: The settings in use.
        found: Those that were read now.
    """
    changed = list(_changed(before, found))
    taken = [name for name in changed if at_once(name)]
    sections: dict[str, object] = {}
    for section in dict.fromkeys(name.partition(".")[0] for name in taken):
        new = getattr(found, section)
        names = [name.partition(".")[2] for name in taken if name.startswith(f"{section}.")]
        sections[section] = getattr(before, section).model_copy(update={name: getattr(new, name) for name in names})
    return Change(before.model_copy(update=sections), taken, [name for name in changed if name not in taken])


def at_once(name: str) -> bool:
    """Whether a setting, such as ``callerid.label``, takes effect without a restart."""
    return name in AT_ONCE_ALONE or (name.partition(".")[0] in AT_ONCE and name not in NEVER)


def _changed(before: Settings, found: Settings) -> Iterator[str]:
    for section, field in Settings.model_fields.items():
        for name in type(field.default).model_fields:
            if getattr(getattr(before, section), name) != getattr(getattr(found, section), name):
                yield f"{section}.{name}"
