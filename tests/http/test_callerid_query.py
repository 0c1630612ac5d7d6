"""Query strings as dialplans write them."""

from __future__ import annotations

import pytest

from bridge.http import query


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", {}),
        ("cid=", {"cid": ""}),
        ("api_key=k&cid=+4922", {"api_key": "k", "cid": "+4922"}),
        ("number=%2B4922", {"number": "+4922"}),
        ("type=Wall+phone&model=A%2BB", {"type": "Wall phone", "model": "A+B"}),
        ("cid=1&name=A&B=C", {"cid": "1", "name": "A&B=C"}),
        ("cid=1&name=A+B", {"cid": "1", "name": "A+B"}),
        ("name=A&cid=1", {"name": "A&cid=1"}),
        ("cid=1&name=", {"cid": "1", "name": ""}),
        ("surname=x", {"surname": "x"}),
        ("cid=1&cid=2", {"cid": "1"}),
        ("name=Caf%C3%A9", {"name": "Café"}),
        ("name=Caf%E9", {"name": "Café"}),
        ("name=Caf\udce9", {"name": "Café"}),
        ("phonebook", {"phonebook": ""}),
        ("cid=%zz%4", {"cid": "%zz%4"}),
    ],
)
def test_read(raw: str, expected: dict[str, str]) -> None:
    assert query.read(raw) == expected
