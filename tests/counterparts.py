"""Programs that some tests need as a real counterpart."""

import os
import subprocess
from functools import cache
from typing import NoReturn

import pytest


def lacking(text: str) -> NoReturn:
    """Skip a test aloud for want of its counterpart; in CI, fail it."""
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


def own_mounts() -> list[str]:
    """The words before a command that let it mount what nobody else sees."""
    return _own_mounts() or lacking("Mounts of a test's own need unshare (util-linux) and the right to use it (root).")


@cache
def _own_mounts() -> list[str]:
    for words in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        try:
            subprocess.run([*words, "true"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return words
    return []
