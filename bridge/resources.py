"""Where the files are that users may edit or install: ``templates/`` and ``asterisk/``."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
# A wheel carries them inside the package; a checkout has them beside it.
_ROOT = _PACKAGE / "share" if (_PACKAGE / "share").is_dir() else _PACKAGE.parent


def path(name: str) -> Path:
    """The file or folder of that name, such as ``templates/phonebook``."""
    return _ROOT / name
