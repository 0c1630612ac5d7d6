"""Every region's own examples, in every spelling: one number stays one number, and never becomes another's."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

import pytest

from bridge import numbers
from bridge.numbers import Trunk
from tests.numbers.written import KINDS, REGIONS, Written, digits, examples, is_found

# text, country code column, region that the directory resolves
STORED: Mapping[str, Callable[[Written], tuple[str, str, str]]] = {
    "E.164": lambda w: (w.e164, "", "US"),
    "international, formatted": lambda w: (w.international, "", "US"),
    "column and significant digits": lambda w: (w.significant, w.code, "US"),
    "column and national digits": lambda w: (digits(w.national), w.code, "US"),
    "national, formatted": lambda w: (w.national, "", w.region),
    "00 and digits": lambda w: (f"00{w.code}{w.significant}", "", "DE"),
    "011 and digits": lambda w: (f"011 {w.code} {w.significant}", "", "US"),
    "extension in the text": lambda w: (f"{w.international} ext. 12", "", "US"),
    "full-width": lambda w: ("".join(chr(ord(c) + 0xFEE0) for c in w.e164), "", "US"),
    "Arabic-Indic, national": lambda w: (
        "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in w.national),
        w.code,
        "US",
    ),
}
# text, region of the key, trunk
SENT: Mapping[str, Callable[[Written], tuple[str, str, Trunk | None]]] = {
    "E.164": lambda w: (w.e164, "US", None),
    "E.164, at home": lambda w: (w.e164, w.region, Trunk.PLUS),
    "formatted": lambda w: (w.international, "US", None),
    "SIP URI": lambda w: (f'"Some One" <sip:{w.e164};isub=7@pbx.example.com;user=phone>', "US", None),
    "tel URI": lambda w: (f"{w.rfc3966};ext=5", "US", None),
    "name and number": lambda w: (f'"Some One" <{w.e164}>', "US", None),
    "00, from DE": lambda w: (f"00{w.code}{w.significant}", "DE", Trunk.EXIT_CODE),
    "011, from US": lambda w: (f"011{w.code}{w.significant}", "US", Trunk.EXIT_CODE),
    "own exit code": lambda w: (f"{w.exit_code}{w.code}{w.significant}", w.region, None),
    "national, at home": lambda w: (digits(w.national), w.region, Trunk.PLUS),
    "national, trunk unknown": lambda w: (digits(w.national), w.region, None),
    "significant digits, at home": lambda w: (w.significant, w.region, Trunk.EXIT_CODE),
    "own country code, bare": lambda w: (f"{w.code}{w.significant}", w.region, Trunk.EXIT_CODE),
    "bare country code": lambda w: (f"{w.code}{w.significant}", "US", Trunk.BARE),
    "bare country code, trunk unknown": lambda w: (f"{w.code}{w.significant}", "US", None),
    "bare country code, from DE": lambda w: (f"{w.code}{w.significant}", "DE", None),
    "bare country code, from JP": lambda w: (f"{w.code}{w.significant}", "JP", None),
    "trunk zero in brackets": lambda w: (f"+{w.code} ({'0' if w.trunk_zero else ''}) {w.significant}", "US", None),
}


def test_every_spelling_of_every_region_is_one_number(capsys: pytest.CaptureFixture[str]) -> None:
    everyone = [written for _, written in examples("fixed", "mobile")]
    holders: dict[str, set[str]] = defaultdict(set)
    count: Counter[str] = Counter()
    lost: list[str] = []
    for written in everyone:
        for spelling, write in STORED.items():
            text, code, region = write(written)
            found = [reading.number for reading in numbers.stored(text, country_code=code, region=region)]
            holders[found[0] if len(found) == 1 else ""].add(written.e164)
            if found != [written.e164]:
                lost.append(f"stored {spelling}: {written.region} {text!r} became {found}, not {written.e164}")
    for written in everyone:
        for spelling, send in SENT.items():
            text, region, trunk = send(written)
            readings = numbers.sent(text, region=region, trunk=trunk).readings
            known = {holder for reading in readings for holder in holders.get(reading.number, ())}
            count["hit" if known == {written.e164} else "ambiguous" if written.e164 in known else "lost"] += 1
            if written.e164 not in known:
                lost.append(f"sent {spelling}: {written.region} {text!r} became {readings}, not {written.e164}")
            if len(readings) == 1 and known != {written.e164}:
                lost.append(f"sent {spelling}: {written.region} {text!r} has one reading and belongs to {known}")
            assert trunk is not Trunk.BARE or len(readings) == 1, (spelling, text, readings)
    pairs = {outcome: number * len(STORED) for outcome, number in count.items()}
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(REGIONS)} regions, {len(everyone)} numbers, stored in {len(STORED)} ways, sent in {len(SENT)}: "
            f"{sum(pairs.values()):,} pairs, {pairs['hit']:,} hits, "
            f"{pairs.get('ambiguous', 0):,} ambiguous as the trunk's way is unknown, {pairs.get('lost', 0):,} lost\n"
        )
    assert not lost, f"{len(lost)}:\n" + "\n".join(lost)


# What ITFlow stores of a number, by way of its API, its forms and imports: text and country code column.
ITFLOW: Mapping[str, Callable[[Written], tuple[str, str]]] = {
    "plus": lambda w: (w.e164, ""),
    "plus, column": lambda w: (w.e164, w.code),
    "API": lambda w: (w.bare, ""),
    "API, column": lambda w: (w.bare, w.code),
    "national": lambda w: (digits(w.national), ""),
    "national, column": lambda w: (digits(w.national), w.code),
    "significant, column": lambda w: (w.significant, w.code),
    "00": lambda w: (f"00{w.bare}", ""),
    "00, column": lambda w: (f"00{w.bare}", w.code),
}
# Who is not found although stored: no more than six digits are a number inside a company, ...
SHORT = {
    *(("IR", "UAN", form) for form in ("API", "national")),
    *((region, "UAN", "national") for region in ("NL", "NO", "PF", "SJ", "UY")),
}
# ... these digits are two numbers, each written so by its owner (see test_collisions), ...
UNTOLD = {("BR", "shared cost", "API")}
# ... and with the column, ITFlow itself shows these as another number of the country.
AS_ITFLOW_SHOWS_IT = {
    *(("DE", kind, "API, column") for kind in ("shared cost", "pager")),
    *(("ID", kind, "API, column") for kind in ("fixed", "mobile")),
    *((region, "shared cost", "API, column") for region in ("BR",)),
    *((region, "UAN", "API, column") for region in ("VN",)),
    *((region, "toll free", "API, column") for region in ("NL", "XK")),
    *((region, "fixed", "API, column") for region in ("SE", "XK")),
    *(("XK", kind, "API, column") for kind in ("mobile", "premium rate")),
}


def test_every_kind_in_every_form_of_itflow_is_found_in_every_spelling_or_is_nobodys() -> None:
    lost: set[tuple[str, str, str]] = set()
    wrong: list[object] = []
    for kind, written in examples():
        known = [
            {reading.number for reading in numbers.sent(text, region=written.region).readings}
            for text in (*written.eight_spellings(), written.bare, written.significant)
        ]
        for form, store in ITFLOW.items():
            text, code = store(written)
            (reading,) = numbers.stored(text, country_code=code, region=written.region)
            if reading.number == written.e164:
                # Every spelling is found, but for those as short as a number inside a company.
                wrong += [(written.region, kind, form, one) for one in known if not is_found(written.e164, one)]
            else:
                lost.add((written.region, kind, form))
                # What is not read as the number itself is either no caller's number, or what ITFlow shows.
                if reading.number.startswith("+") and reading.number != f"+{code}{text}":
                    wrong.append((written.region, kind, form, reading.number))
    assert lost == SHORT | UNTOLD | AS_ITFLOW_SHOWS_IT
    assert not wrong
    assert {kind for kind, _ in examples()} == set(KINDS)
