"""The data set that the wire was recorded with: ITFlow's own balances are known for it."""

import json
from pathlib import Path

import pytest

from bridge.accounts import balance
from bridge.embedded import EmbeddedItflow
from bridge.errors import NotFound, Uncertain

WIRE = Path(__file__).parents[1] / "data" / "wire"
ITFLOW_S_OWN = {1: "220.10", 2: "0.30", 3: "-10.00", 5: "10000.00", 7: "0.00", 8: "123456789012.35"}


def recorded(generation, *, dropin=False):
    embedded = EmbeddedItflow(generation=generation, dropin=dropin)
    rows = json.loads((WIRE / f"v{generation}-before.json").read_text(encoding="utf-8"))
    payments = json.loads((WIRE / "v26.02-before.json").read_text(encoding="utf-8"))["payments"]
    embedded.load({**rows, "payments": payments})
    embedded.add_key("KEY")
    return embedded


@pytest.mark.parametrize(("generation", "dropin"), [("26.02", False), ("26.08", True)])
async def test_with_payments_the_balances_are_itflow_s_own(pull, generation, dropin):
    snapshot, _ = await pull(recorded(generation, dropin=dropin))
    assert {client: balance(snapshot, client).as_text() for client in ITFLOW_S_OWN} == ITFLOW_S_OWN
    with pytest.raises(NotFound):
        balance(snapshot, 4)  # archived


async def test_without_payments_a_partial_invoice_gives_no_number(pull):
    snapshot, _ = await pull(recorded("26.08"))
    certain = {client: balance(snapshot, client).as_text() for client in (2, 7, 8)}
    assert certain == {client: ITFLOW_S_OWN[client] for client in (2, 7, 8)}
    with pytest.raises(Uncertain, match="Partial"):
        balance(snapshot, 1).as_text()
