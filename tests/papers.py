"""The parts of README and docs/ that the code knows better: ``python -m tests.papers`` writes them anew."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bridge import callerid, health, settings
from bridge.agi import trust as balance_trust
from bridge.ldap.setup import Door
from bridge.ldap.setup import table as ldap_table
from bridge.phonebook.formats import Formats
from bridge.phonebook.setup import table as phones_table

ROOT = Path(__file__).parent.parent
PAPERS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


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
    return f"```\n{text[text.index('====') : text.rindex('``answer`` is what')].strip()}\n```"


def trust() -> str:
    """Who hears a balance, as it stands on top of the module."""
    text = balance_trust.__doc__ or ""
    return f"```\n{text[text.index('===') :].strip()}\n```"


def standing() -> str:
    """How the bridge can stand, as it is on top of the module."""
    text = health.__doc__ or ""
    return f"```\n{text[text.index('===') : text.rindex('Names are answered')].strip()}\n```"


BLOCKS: Mapping[str, Callable[[], str]] = {
    "health": standing,
    "rules": rules,
    "ldap": lambda: ldap_table(Door("bridge", 389, "dc=phonebook", "KEY")),
    "phones": lambda: phones_table(Formats()),
    "settings": settings_table,
    "trust": trust,
}


def block(text: str, name: str) -> str:
    """What stands between the marks of a name."""
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0].rstrip("\n")


def written(text: str) -> str:
    """A paper with every generated part anew."""
    for name, made in BLOCKS.items():
        head, mark, rest = text.partition(f"<!-- {name} -->\n")
        if mark:
            end = rest.index(f"<!-- /{name} -->")
            text = f"{head}{mark}{made()}\n{rest[end:]}"
    return text


if __name__ == "__main__":
    for paper in PAPERS:
        paper.write_text(written(paper.read_text(encoding="utf-8")), encoding="utf-8")
