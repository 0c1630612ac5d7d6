"""Every region's own examples, in every spelling: one number stays one number, and never becomes another's."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

import phonenumbers
import pytest
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from bridge import numbers
from bridge.numbers import Trunk

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = {"fixed": PhoneNumberType.FIXED_LINE, "mobile": PhoneNumberType.MOBILE}


class Written:
    """An example and the parts that its spellings are put together from."""

    def __init__(self, region: str, example: PhoneNumber) -> None:
        metadata = PhoneMetadata.metadata_for_region(region)
        assert metadata is not None
        self.region = region
        self.e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
        self.code = str(example.country_code)
        self.significant = phonenumbers.national_significant_number(example)
        self.national = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
        self.international = phonenumbers.format_number(example, PhoneNumberFormat.INTERNATIONAL)
        self.rfc3966 = phonenumbers.format_number(example, PhoneNumberFormat.RFC3966)
        exit_code = metadata.international_prefix or ""
        self.exit_code = exit_code if exit_code.isdigit() else "00"
        self.trunk_zero = metadata.national_prefix == "0"


def digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


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


def examples() -> list[Written]:
    return [
        Written(region, example)
        for region in REGIONS
        for kind in KINDS.values()
        if (example := phonenumbers.example_number_for_type(region, kind)) and phonenumbers.is_valid_number(example)
    ]


def test_every_spelling_of_every_region_is_one_number(capsys: pytest.CaptureFixture[str]) -> None:
    everyone = examples()
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
