"""Data walks one street; a room imports only rooms further left, and embedded/ shares no code with any."""

import ast
import re
from pathlib import Path

import bridge

STREET = [
    {"errors", "networks"},
    {"numbers", "resources", "clock", "controls", "tasks", "largework", "languages", "descriptors"},
    {"metrics"},
    {"settings", "storage"},
    {"notify", "reload"},
    {"itflow"},
    {"directory"},
    {"callerid", "phonebook", "mailing", "accounts", "outbox", "calls"},
    {"access", "followup"},
    {"health"},
    {"http", "agi", "ldap"},
    {"page"},
    {"service"},
    {"cli"},
    {"__main__"},
]
PLACE = {room: place for place, rooms in enumerate(STREET) for room in rooms}
APART = {"embedded", "__init__"}
PACKAGE = Path(bridge.__file__).parent


def imports(path: Path) -> set[str]:
    """The rooms of the bridge that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("bridge.")}
    return found


def modules() -> list[tuple[str, Path]]:
    """Every module with the room it belongs to."""
    return [(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path) for path in PACKAGE.rglob("*.py")]


def test_every_room_has_its_place():
    assert {room for room, _ in modules()} <= set(PLACE) | APART


def test_every_room_is_told_of():
    paper = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {room for room, _ in modules()} - {"__init__", "__main__"}
    assert {room for room in rooms if not re.search(rf"`bridge/{room}(/|\.py)`", paper)} == set()


def test_rooms_import_only_rooms_further_left():
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for room, path in modules()
        if room in PLACE
        for other in imports(path) & set(PLACE)
        if other != room and PLACE[other] >= PLACE[room]
    ]
    assert not wrong


def test_embedded_shares_no_code_with_the_bridge():
    wrong = [path for room, path in modules() if room == "embedded" and imports(path) - {"embedded"}]
    assert not wrong


def test_only_numbers_knows_phonenumbers():
    wrong = [
        path
        for room, path in modules()
        if room != "numbers" and "import phonenumbers" in path.read_text(encoding="utf-8")
    ]
    assert not wrong
