"""The order of names, as CLDR (common/collation) has it for each language."""

from __future__ import annotations

import pytest

from bridge.directory.entries import Entry, Kind
from bridge.directory.snapshot import Snapshot
from bridge.languages import language
from bridge.phonebook.formats import Formats
from bridge.phonebook.sorting import sort_key
from bridge.phonebook.view import View, select
from bridge.settings import PhonebookSection
from tests.phonebook.people import work

ORDERS = [
    ("DE", ["Adler", "Ärmel", "Müll", "Muller", "Zöller"]),
    ("SE", ["Adler", "Zander", "Åberg", "Ärlig", "Öberg"]),
    ("FI", ["Adler", "Zander", "Åberg", "Ärlig", "Öberg"]),
    ("DK", ["Adler", "Zander", "Ærø", "Øberg", "Åberg", "Aagaard"]),
    ("NO", ["Zander", "Ærø", "Øberg", "Åberg"]),
    ("IS", ["Adam", "Ágúst", "Dagur", "Ðan", "Zoe", "Þór", "Æsa", "Örn"]),
    ("ES", ["Nuria", "Nzo", "Ñandu", "Oso"]),
    ("PL", ["Lis", "Lys", "Łoś", "Mak", "Zak", "Źrebiec", "Żak"]),
    ("CZ", ["Cerny", "Cyril", "Černý", "Hora", "Chalupa", "Ivan", "Řezník", "Sova", "Šimek"]),
    ("HU", ["Cukor", "Csaba", "Olga", "Özal", "Zoltan", "Zsolt"]),
    ("TR", ["Hakan", "Işık", "İpek", "Ozan", "Öz", "Sami", "Şahin"]),
    ("EE", ["Sang", "Šmidt", "Zander", "Žukov", "Tamm", "Õun", "Ärlig", "Öpik", "Üksik"]),
    ("JP", ["鈴木 一郎 (すずき いちろう)", "田中 花子（タナカ ハナコ）", "ﾔﾏｸﾞﾁ", "山田 太郎 (ヤマダ タロウ)"]),
    ("JP", ["やまだ", "山田"]),  # without a reading behind all kana
    ("CN", ["Adam", "李", "王", "张"]),  # Li, Wang, Zhang
    ("US", ["adler", "Ärmel", "Zander", "Ивановa", "שלום", "山田"]),
]


@pytest.mark.parametrize(("region", "order"), ORDERS)
def test_order(region: str, order: list[str]) -> None:
    keys = [sort_key(name, language(region))[0] for name in order]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_a_book_is_sorted_as_its_key_dials(formats: Formats) -> None:
    people = Snapshot.build(
        entries=[
            Entry(Kind.CONTACT, at, 0, name, (work(f"10{at}"),)) for at, name in enumerate(("Zander", "Åberg", "Bo"))
        ]
    )
    for region, order in (("SE", ["Bo", "Zander", "Åberg"]), ("DE", ["Åberg", "Bo", "Zander"])):
        listing = select(people, View.of(formats.get("yealink"), PhonebookSection(), region, None, {}))
        assert [line.name.shown for line in listing.lines] == order
