"""What Asterisk itself writes down of every call (channel event logging), by its own clock: which it is, and when."""

from __future__ import annotations

import asyncio
import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

WAIT_S = 20
FOLDER = "cel-custom"
FILES: Mapping[str, str] = {
    "cel.conf": "[general]\nenable=yes\nevents=CHAN_START,BRIDGE_ENTER,HANGUP,LINKEDID_END\ndateformat=%s.%6q\n",
    "cel_custom.conf": "[mappings]\nMaster.csv => ${eventtype},${eventtime},${CSV_QUOTE(${CALLERID(name)})},"
    "${CHANNEL(uniqueid)},${CHANNEL(linkedid)}\n",
}


@dataclass
class Record:
    """One call.

    Attributes:
        began_at: When the caller's channel was made.
        talked_at: When the caller first heard somebody; 0 where that was never.
        hung_up_at: When the caller's channel was gone; 0 while it is there.
        over_at: When the last channel was gone; 0 while one is there, and where the call became part of another.
    """

    began_at: float = 0.0
    talked_at: float = 0.0
    hung_up_at: float = 0.0
    over_at: float = 0.0

    @property
    def ended_at(self) -> float:
        """When it was over; 0 while it is not."""
        return self.over_at or self.hung_up_at


@dataclass
class Records:
    """All calls.

    Attributes:
        by_id: The calls by Asterisk's ids.
        by_name: Their ids by the name that the caller sends, in the order of their beginning.
    """

    by_id: defaultdict[str, Record] = field(default_factory=lambda: defaultdict(Record))
    by_name: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def read(cls, folder: Path, since: float = 0.0) -> Records:
        """Read what an Asterisk has written in its folder for logs, since a time."""
        found, path = cls(), folder / FOLDER / "Master.csv"
        if path.exists():
            for row in csv.reader(path.read_text(encoding="utf-8", errors="replace").splitlines()):
                if float(row[1]) >= since:
                    found._take(row)
        return found

    def _take(self, row: Sequence[str]) -> None:
        what, at, name, channel, call = row[0], float(row[1]), *row[2:]
        if what == "CHAN_START" and channel == call:
            self.by_name[name].append(call)
            self.by_id[call].began_at = at
        elif what == "BRIDGE_ENTER":
            self.by_id[channel].talked_at = self.by_id[channel].talked_at or at
        elif what == "HANGUP":
            self.by_id[channel].hung_up_at = at
        elif what == "LINKEDID_END":
            self.by_id[call].over_at = at


async def ended(folder: Path, names: Sequence[str], since: float) -> Records:
    """The records since a time, once every call of these names is over.

    Raises:
        TimeoutError: One is not.
    """
    async with asyncio.timeout(WAIT_S):
        while True:
            records = Records.read(folder, since)
            if all(records.by_name[name] and _over(records, name) for name in names):
                return records
            await asyncio.sleep(0.1)


def _over(records: Records, name: str) -> bool:
    return all(records.by_id[call].ended_at for call in records.by_name[name])
