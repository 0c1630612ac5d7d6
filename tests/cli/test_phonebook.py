"""phonebook and phones, as an operator uses them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from bridge.access.phones import Phone, Phones
from bridge.storage import Database

Command = Callable[..., str]


def test_phones_are_listed(command: Command, tmp_path: Path) -> None:
    database = Database(tmp_path / "bridge.db")
    phones = Phones(database)
    phones.note(Phone("10.0.0.7", "001565aabbcc", "Yealink [bold]SIP-T46G", "yealink", "front desk"), 42)
    phones.flush()
    database.close()
    listed = command("phones")
    for part in (
        "10.0.0.7",
        "001565aabbcc",
        "[bold]SIP",
        "yealink",
        "42",
        "front desk",
        str(dt.datetime.now(dt.UTC).year),
    ):
        assert part in listed
