"""The parts of the README that the code knows better: ``python -m tests.readme`` writes them anew."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bridge import callerid, settings
from bridge.phonebook.formats import Formats
from bridge.phonebook.setup import table as phones_table

README = Path(__file__).parent.parent / "README.md"


def settings_table() -> str:
    """Every setting."""
    lines = ["| setting | environment | default | what it does |", "|---|---|---|---|"]
    for row in settings.table():
        default = f"`{row.default}`" if row.default else ""
        lines.append(f"| `{row.name}` | `{row.environment}` | {default} | {row.help} |")
    return "\n".join(lines)


def rules() -> str:
    """The rules of caller ID, as they stand on top of the package."""
    text = callerid.__doc__ or ""
    return f"```\n{text[text.index('====') : text.rindex('``lookup`` decides')].strip()}\n```"


BLOCKS: Mapping[str, Callable[[], str]] = {
    "rules": rules,
    "phones": lambda: phones_table(Formats()),
    "settings": settings_table,
}


def block(readme: str, name: str) -> str:
    """What stands between the marks of a name."""
    return readme.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0].rstrip("\n")


def written() -> str:
    """The README with every part anew."""
    readme = README.read_text(encoding="utf-8")
    for name, made in BLOCKS.items():
        head, mark, rest = readme.partition(f"<!-- {name} -->\n")
        end = rest.index(f"<!-- /{name} -->")
        readme = f"{head}{mark}{made()}\n{rest[end:]}"
    return readme


if __name__ == "__main__":
    README.write_text(written(), encoding="utf-8")
