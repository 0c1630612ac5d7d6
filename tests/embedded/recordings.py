"""The recordings of real servers, and an embedded server set up like the recorded one."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bridge.embedded import EmbeddedItflow, Generation

WIRE = Path(__file__).parent.parent / "data" / "wire"


@dataclass(frozen=True)
class Recorded:
    """A request and the answer that a real server gave."""

    method: str
    path: str
    status: int
    content_type: str
    body: dict[str, object] | None = None
    json: dict[str, object] | None = None
    text: str | None = None

    @property
    def request(self) -> tuple[str, str, str]:
        return self.method, self.path, json.dumps(self.body, sort_keys=True)


def recording(name: str) -> list[Recorded]:
    lines = (WIRE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Recorded(**json.loads(line)) for line in lines]


def rows_before(generation: Generation) -> dict[str, list[dict[str, object]]]:
    rows: dict[str, list[dict[str, object]]] = json.loads(
        (WIRE / f"v{generation}-before.json").read_text(encoding="utf-8")
    )
    return rows


def recorded_itflow(generation: Generation, *, display_errors: bool = False, dropin: bool = False) -> EmbeddedItflow:
    """The server of the recordings: its rows, and its keys KEYALL, KEYONE (client 1) and KEYOLD (expired)."""
    itflow = EmbeddedItflow(generation=generation, display_errors=display_errors, dropin=dropin)
    itflow.load({"payments": rows_before("26.02")["payments"], **rows_before(generation)})
    itflow.load({"users": [{"user_id": 90, "user_name": "api"}]})
    itflow.add_key("KEYALL", user_id=90)
    itflow.add_key("KEYONE", client_id=1)
    itflow.add_key("KEYOLD", expires=datetime(2020, 1, 1, tzinfo=UTC))
    return itflow
