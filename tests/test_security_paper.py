"""What SECURITY.md promises is tested where it says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PROMISES = re.search(r"\| promise \| tests \|\n\|---\|---\|\n((?:\|.*\n)+)", TEXT)


def rows():
    assert PROMISES
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PROMISES[1].splitlines()]


@pytest.mark.parametrize(("promise", "proofs"), rows())
def test_each_promise_names_tests_that_are_there(promise, proofs):
    files = re.findall(r"`(tests/[^`]+)`", proofs)
    assert files, promise
    for file in files:
        assert "def test_" in (ROOT / file).read_text(encoding="utf-8"), promise


def test_every_metric_it_names_is_there():
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bridge").rglob("*.py"))
    papers = TEXT + (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(itflow_bridge_\w+)`", papers))
    assert named
    for name in named:
        assert f'"{name.removesuffix("_total")}"' in code, name
