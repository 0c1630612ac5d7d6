"""The bridge's two doors as a process of their own, that a test can stop: python -m tests.pbx.outside FOLDER."""

import asyncio
import json
import sys
from pathlib import Path

from tests.agi.world import mirror, world
from tests.pbx.bridge import serving


async def main(folder: Path) -> None:
    """Serve until killed; the first line of output says where."""
    async with world(folder, mirror(), accounts="300@from-trunk") as door, serving(door) as url:
        sys.stdout.write(json.dumps({"url": url, "agi": f"127.0.0.1:{door.port}"}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
