"""``python -m tests.pbx.record [SCENE …]``: plays the scenes and writes what Asterisk's manager told of each.

The transcripts in ``tests/data/ami`` are what the tests of ``bridge/calls/ami`` read; beside each stands what the
phones have done. They begin after the login, so no secret is in them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

from tests.pbx.asterisk import ROOT
from tests.pbx.office import SECRET, USER, open_office
from tests.pbx.scenes import SCENES, Stage, calls_of

TARGET = ROOT / "tests" / "data" / "ami"
INSTALLED = Path(os.environ.get("PBX_FOLDER", ROOT / ".cache" / "asterisk"))
QUIET_S = 0.5


async def main(wanted: Collection[str]) -> None:
    """Record the scenes named, or all."""
    TARGET.mkdir(exist_ok=True)
    async with open_office(INSTALLED, more="timestampevents = yes") as office:
        for place, (name, scene) in enumerate(SCENES.items()):
            if wanted and name not in wanted:
                continue
            reader, writer = await asyncio.open_connection("127.0.0.1", office.port)
            writer.write(f"Action: Login\r\nUsername: {USER}\r\nSecret: {SECRET}\r\n\r\n".encode())
            await reader.readuntil(b"accepted\r\n\r\n")
            truth = calls_of(await scene(Stage(office, f"31255510{place:02}")))
            heard = bytearray()
            while True:
                try:
                    heard += await asyncio.wait_for(reader.read(1 << 16), QUIET_S)
                except TimeoutError:
                    break
            writer.close()
            path = TARGET / f"{name.replace(' ', '_')}.txt"
            path.write_bytes(bytes(heard))
            path.with_suffix(".json").write_text(
                json.dumps([asdict(call) for call in truth], indent=1) + "\n", encoding="utf-8"
            )
            print(f"{name}: {len(heard)} bytes")  # noqa: T201 - a command


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
