"""Nothing with an underscore of somebody else's package is used: the next release may take it away in silence."""

import ast
from collections.abc import Iterator
from pathlib import Path

import bridge

PACKAGE = Path(bridge.__file__).parent
# Named tuples' methods have an underscore so as not to meet a field's name, and are documented; lxml has no other
# name for the type of an element, which stands in annotations only.
DOCUMENTED = {"_replace", "_asdict", "_fields", "_make", "_Element"}


def own_names(tree: ast.AST) -> set[str]:
    """The private names that a module defines itself, as attributes, methods, functions or in ``__slots__``."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
    return found


def foreign(path: Path) -> Iterator[str]:
    """Private names in a module that it does not define itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = own_names(tree)
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Attribute):
            names = [node.attr]
        elif isinstance(node, ast.ImportFrom):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [part for alias in node.names for part in alias.name.split(".")]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"getattr", "setattr"}:
            names = [str(one.value) for one in node.args if isinstance(one, ast.Constant)]
        for name in names:
            if name.startswith("_") and not name.endswith("__") and name not in own | DOCUMENTED:
                yield f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)} {name}"


def test_no_private_name_of_anybody_else_is_used() -> None:
    assert [found for path in PACKAGE.rglob("*.py") for found in foreign(path)] == []


def test_it_would_be_found() -> None:
    own = own_names(
        ast.parse("from aiohttp import _base\nx._loop\nclass A:\n    def f(self):\n        self._own = self._other\n")
    )
    assert "_own" in own
    assert {"_base", "_loop", "_other"}.isdisjoint(own)
