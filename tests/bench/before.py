"""The bridge of an older commit, to be measured beside today's in one run: ``make bench BEFORE=COMMIT``."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMIT = os.environ.get("BEFORE", "")


def checkout() -> Path:
    """A folder with the older commit, installed; made once."""
    folder = ROOT / ".cache" / "before" / COMMIT
    if not (folder / ".venv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "x"], cwd=folder, check=True, input=archive)
        subprocess.run(["make", "install"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder


def python() -> tuple[str, Path]:
    """The older commit's Python, and the folder to run it in."""
    folder = checkout()
    return str(folder / ".venv" / "bin" / "python"), folder
