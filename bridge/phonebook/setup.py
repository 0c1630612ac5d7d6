"""What to type into a phone's page, told by the columns ``setup`` and ``evidence`` of its row."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.phonebook.formats import Format, Formats

KNOWN_FROM = {
    "manual": "the maker's manual",
    "schema": "the maker's schema",
    "field": "servers in use",
    "report": "users' reports",
    "standard": "the standard",
    "unconfirmed": "unconfirmed",
}


def setup_text(row: Format, base_url: str, key: str) -> str:
    """How to set up the phones of a format, one line for each field of the phone's page.

    Args:
        row: The format.
        base_url: Address of the bridge as phones reach it, such as ``http://10.0.0.5:8080``.
        key: A key that opens the phonebook.
    """
    fields = [f"  {field}\n      {value}" for field, value in _filled(row, base_url, key)]
    notes = [row.setup_note] if row.setup_note else []
    return "\n".join([f"{row.title} ({row.name})", *fields, *notes, f"Known from: {known_from(row)}."])


def table(formats: Formats, base_url: str = "http://bridge:8080", key: str = "KEY") -> str:
    """The formats as a Markdown table: phones, what to type, how that is known."""
    lines = ["| Phones | Format | Field of the phone: what to type | Known from |", "|---|---|---|---|"]
    for row in formats:
        fields = "<br>".join(f"{field}: `{value}`" for field, value in _filled(row, base_url, key))
        note = f"<br>{row.setup_note}" if row.setup_note else ""
        lines.append(f"| {row.title} | `{row.name}` | {fields}{note} | {known_from(row)} |")
    return "\n".join(lines)


def known_from(row: Format) -> str:
    """How a format is known, and its source where the row names one."""
    return KNOWN_FROM[row.evidence] + (f": {row.source}" if row.source else "")


def _filled(row: Format, base_url: str, key: str) -> Iterator[tuple[str, str]]:
    base = base_url.rstrip("/")
    values = {
        "base": base,
        "address": base.partition("://")[2],
        "scheme": base.partition("://")[0].upper(),
        "key": key,
        "url": f"{base}/phonebook/{row.name}?api_key={key}",
    }
    for field, text in row.setup.items():
        yield field, text.format_map(values)
