"""Says step by step why a number has the name it has, or none, so that a technician understands it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.callerid.attestation import Attestation
from bridge.callerid.lookup import Asker, Match, Result, Rule, Verdict, lookup
from bridge.directory import links
from bridge.directory.entries import Entry
from bridge.directory.snapshot import Snapshot

_REASONS = {
    Rule.CONTACT: "Rule 1: one contact has this number.",
    Rule.CLIENT: "Rule 2: several people of one client share this number, so the client's name is shown.",
    Rule.TWO: "Rule 3: two have this number, so both names are shown.",
    Rule.CROWD: "Rule 3: several clients have this number, so none of them is shown.",
    Rule.LOCATION: "Rule 4: one location has this number.",
    Rule.VENDOR: "Rule 4: this number is a vendor's.",
    Rule.MAIN_LINE: "Rule 5: nobody has this number, but it extends a main line.",
    Rule.TWO_READINGS: (
        "The number can be read in two ways, and each belongs to somebody else: no name is better than a wrong one."
    ),
    Rule.WITHHELD: "The caller hides the number.",
    Rule.UNKNOWN: "Nobody in ITFlow whom this key may see has this number.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of ITFlow that came into question.

    Attributes:
        number: What it has the number as.
        url: Its page in ITFlow's web interface; empty where ITFlow's address is not set.
        client_url: Its client's page there.
    """

    kind: str
    id: int
    name: str
    client: str
    client_id: int
    number: str
    extension: str
    url: str
    client_url: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a lookup, with the rows it brought."""

    title: str
    text: str
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A lookup in steps.

    Attributes:
        sent: The number as it came.
        name: The text for the phone; empty for none.
        attestation: ``verified``, ``failed`` or empty.
    """

    sent: str
    result: str
    rule: str
    name: str
    attestation: str
    steps: tuple[Step, ...]


_VOUCHED = {
    Attestation.VERIFIED: "The network vouches for the number (attestation A).",
    Attestation.FAILED: "The network does not vouch for the number, so the balance menu is closed to this caller.",
}


def explain(
    snapshot: Snapshot,
    asker: Asker,
    text: str,
    *,
    itflow_url: str = "",
    attestation: Attestation = Attestation.NONE,
) -> Explanation:
    """Look a number up and tell how.

    Args:
        snapshot: What is known.
        asker: For whom.
        text: The number as the phone system sent it.
        itflow_url: Address of ITFlow, for links.
        attestation: What the network says of the number; it changes no name.
    """
    verdict = lookup(snapshot, asker, text)
    steps = (
        *_reading(asker, verdict),
        *(_match(snapshot, match, itflow_url) for match in verdict.matches),
        _rule(asker, verdict),
        *([Step("Attestation", _VOUCHED[attestation])] if attestation else ()),
    )
    return Explanation(text, verdict.result.value, verdict.rule.value, verdict.name, attestation.value, steps)


def _reading(asker: Asker, verdict: Verdict) -> Iterator[Step]:
    trunk = asker.numbers.trunk
    written = f"foreign numbers written as {trunk}" if trunk else "the trunk's way with foreign numbers unknown"
    yield Step("Asked from", f"Region {asker.numbers.region}, {written}, {_scope(asker)}.")
    if verdict.sent.withheld:
        yield Step("Read as", "No number: a word, or an empty text, that stands for a withheld number.")
    elif not verdict.sent.readings:
        yield Step("Read as", "Not a number at all.")
    for reading in verdict.sent.readings:
        extension = f", extension {reading.extension}" if reading.extension else ""
        yield Step("Read as", f"{reading.number}{extension} ({reading.how}).")


def _scope(asker: Asker) -> str:
    count = None if asker.clients is None else len(asker.clients)
    return "all clients" if count is None else f"{count} client{'' if count == 1 else 's'} only"


def _match(snapshot: Snapshot, match: Match, itflow_url: str) -> Step:
    rows = tuple(_row(snapshot, entry, match.reading.number, itflow_url) for entry in match.entries)
    if not match.main_line:
        return Step("Found", f"{match.reading.number} belongs to:", rows)
    return Step(
        "Found",
        f"{match.number} is {match.reading.number} and {match.reading.extension} behind it, where numbering is open. "
        f"{match.reading.number} belongs to:",
        rows,
    )


def _row(snapshot: Snapshot, entry: Entry, number: str, itflow_url: str) -> Row:
    client = snapshot.client(entry.client_id)
    phone = next((phone for phone in entry.phones if phone.number == number), None)
    return Row(
        kind=entry.kind.value,
        id=entry.id,
        name=entry.name,
        client=client.name if client else "",
        client_id=entry.client_id,
        number=phone.number if phone else number,
        extension=phone.extension if phone else "",
        url=links.entry_page(itflow_url, entry.kind, entry.id, entry.name, entry.client_id),
        client_url=links.client_page(itflow_url, entry.client_id),
    )


def _rule(asker: Asker, verdict: Verdict) -> Step:
    text = _REASONS[verdict.rule]
    if verdict.rule is Rule.MAIN_LINE:
        whose = "the contact with that extension is shown" if verdict.entry else "its owner's name is shown"
        text = f"{text} {whose[0].upper()}{whose[1:]}."
    if verdict.rule is Rule.TWO_READINGS and asker.numbers.trunk is None:
        text = f"{text} Tell the bridge how the trunk writes foreign numbers (numbers.trunk, or the key's --trunk)."
    if verdict.rule is Rule.CROWD and asker.callerid.several_clients == "none":
        text = f"{text} (callerid.several_clients is none.)"
    if verdict.result is Result.MISS and not asker.callerid.leads:
        text = f"{text} Leads are left out (callerid.leads)."
    return Step("Decided", text)
