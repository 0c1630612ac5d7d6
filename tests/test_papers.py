"""What README and docs/ say of the code is what the code says; ``python -m tests.papers`` mends them."""

import re
from pathlib import Path

import pytest

import bridge
from bridge.cli import app
from tests.papers import BLOCKS, PAPERS, block

TEXT = "\n".join(paper.read_text(encoding="utf-8") for paper in PAPERS)


@pytest.mark.parametrize("name", BLOCKS)
def test_its_tables_are_those_of_the_code(name):
    assert block(TEXT, name) == BLOCKS[name]()


def test_every_command_it_names_is_there():
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {group.name for group in app.registered_groups if group.name}
    named = set(re.findall(r"itflow-bridge ([a-z]+)\b", TEXT))
    assert named
    assert named <= known


def test_every_file_it_names_is_there():
    root = Path(bridge.__file__).parents[1]
    named = set(re.findall(r"`((?:bridge|tests|templates|asterisk)/[\w/.-]*)`", TEXT))
    assert named
    assert sorted(path for path in named if not (root / path).exists()) == []
