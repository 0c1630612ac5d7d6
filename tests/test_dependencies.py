"""What is imported is declared, with bounds on both sides."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED = [Requirement(text) for text in PROJECT["dependencies"]]
FOR_TESTS = [Requirement(text) for text in PROJECT["optional-dependencies"]["dev"]]


def imported(folder):
    """The distributions that a folder's modules import."""
    names = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    known = packages_distributions()
    return {known[name][0].lower().replace("_", "-") for name in names - sys.stdlib_module_names - {"bridge", "tests"}}


def test_what_the_bridge_imports_is_declared_and_nothing_else():
    assert imported("bridge") == {one.name for one in NEEDED}


def test_what_the_tests_import_is_declared():
    assert imported("tests") <= {one.name for one in (*NEEDED, *FOR_TESTS)}


@pytest.mark.parametrize("requirement", [*NEEDED, *FOR_TESTS], ids=lambda one: one.name)
def test_each_has_a_lowest_release_and_ends_before_a_major_one(requirement):
    assert sorted(one.operator for one in requirement.specifier) == ["<", ">="]


RUN_LOCK = "requirements-run.lock"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-lowest.lock", RUN_LOCK])
def test_every_lock_has_hashes_holds_the_bounds_and_names_no_place(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index" not in text
    entries = text.replace("\\\n", " ").splitlines()
    locked = {}
    for entry in entries:
        words, *hashes = entry.split("--hash=sha256:")
        assert hashes, entry
        pinned = Requirement(words.strip())
        locked[pinned.name] = str(pinned.specifier).removeprefix("==")
    for one in (*NEEDED, *([] if name == RUN_LOCK else FOR_TESTS)):
        assert one.specifier.contains(locked[one.name]), one


def test_what_is_packaged_is_what_is_tested():
    tested = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert all(line in tested for line in (ROOT / RUN_LOCK).read_text(encoding="utf-8").splitlines())
