import asyncio
import itertools

import pytest
from aiohttp import web

from bridge.errors import ItflowFailing, KeyRefused, WireGarbled
from tests.itflow.conftest import MakeClient
from tests.itflow.wire_server import NO_RESOURCE, WireServer, contacts


def ids(rows: object) -> list[int]:
    assert isinstance(rows, (list, tuple))
    return [int(row["contact_id"]) for row in rows]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 9, 10, 11])
async def test_every_row_comes_exactly_once(wire: WireServer, make_client: MakeClient, count: int) -> None:
    wire.rows["contacts"] = contacts(*range(1, count + 1))
    assert ids(await make_client(page_size=4).rows("contacts")) == list(range(1, count + 1))


@pytest.mark.parametrize("gone", [[1], [1, 2], [4], [3, 4], [1, 2, 3, 4], [5], [9]])
async def test_a_deletion_between_two_pages_loses_no_row(
    wire: WireServer, make_client: MakeClient, gone: list[int]
) -> None:
    wire.rows["contacts"] = contacts(*range(1, 10))

    async def delete(_request: web.Request, number: int) -> None:
        if number == 2:
            wire.rows["contacts"] = [row for row in wire.rows["contacts"] if int(row["contact_id"] or 0) not in gone]

    wire.misbehave = delete
    found = ids(await make_client(page_size=4).rows("contacts"))
    assert found == sorted(set(found))
    assert set(found) >= set(range(1, 10)) - set(gone)


async def test_a_deletion_at_every_page_still_comes_to_an_end(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = contacts(*range(1, 40))

    async def delete(_request: web.Request, _number: int) -> None:
        wire.rows["contacts"].pop(0)

    wire.misbehave = delete
    assert ids(await make_client(page_size=9).rows("contacts"))[-1] == 39


async def test_rows_that_vanish_while_they_are_read_are_no_end(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = contacts(*range(1, 10))

    async def vanish(_request: web.Request, number: int) -> None:
        if number == 2:
            wire.rows["contacts"] = []

    wire.misbehave = vanish
    with pytest.raises(ItflowFailing, match="vanished"):
        await make_client(page_size=4).rows("contacts")


async def test_known_pages_are_not_decoded_again(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = contacts(*range(1, 10))
    client = make_client(page_size=4)
    first = [page async for page in client.pages("contacts")]
    assert [page.offset for page in first] == [0, 3, 6, 9][: len(first)]
    marks = {page.offset: page.mark for page in first}
    assert all(page.rows is None for page in [p async for p in client.pages("contacts", marks)])

    wire.rows["contacts"][4]["contact_name"] = "new"
    wire.rows["contacts"].extend(contacts(10, 11))
    again = [page async for page in client.pages("contacts", marks)]
    assert [page.rows is None for page in again] == [True, False, False, False]
    assert ids(list(itertools.chain(*(page.rows or () for page in again)))) == [5, 6, 7, 8, 9, 10, 11]


async def test_a_deletion_is_seen_behind_known_pages(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = contacts(*range(1, 10))
    client = make_client(page_size=4)
    marks = {page.offset: page.mark async for page in client.pages("contacts")}
    wire.asked.clear()

    async def delete(_request: web.Request, number: int) -> None:
        if number == 2:
            del wire.rows["contacts"][0]

    wire.misbehave = delete
    again = [page async for page in client.pages("contacts", marks)]
    assert again[0].rows is None
    assert ids(list(itertools.chain(*(page.rows or () for page in again)))) == [5, 6, 7, 8, 9]


async def test_only_new_rows_from_an_offset(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = contacts(*range(1, 10))
    pages = [page async for page in make_client(page_size=4).pages("contacts", start_offset=7)]
    assert [ids(page.rows) for page in pages] == [[8, 9]]


async def test_an_empty_module_gives_one_page_without_rows(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = []
    [page] = [page async for page in make_client().pages("contacts")]
    assert (page.rows, page.mark.count) == ((), 0)


async def test_a_page_too_large_for_php_is_halved_and_the_size_kept(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = contacts(*range(1, 501))

    async def run_out_of_memory(request: web.Request, _number: int) -> web.Response | None:
        return web.Response(status=500) if int(request.query["limit"]) > 200 else None

    wire.misbehave = run_out_of_memory
    client = make_client(page_size=600)
    assert ids(await client.rows("contacts")) == list(range(1, 501))
    assert wire.limits[:5] == [600, 600, 300, 300, 150]
    wire.asked.clear()
    await client.rows("contacts")
    assert set(wire.limits) == {150}


async def test_a_page_too_slow_is_halved_at_once(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = contacts(*range(1, 201))
    over = asyncio.Event()

    async def hang(request: web.Request, _number: int) -> None:
        if int(request.query["limit"]) > 100:
            await over.wait()

    wire.misbehave = hang
    assert len(await make_client(page_size=200, timeout_s=0.3).rows("contacts")) == 200
    assert wire.limits[:2] == [200, 100]
    over.set()


async def test_an_itflow_that_only_fails_is_given_up(wire: WireServer, make_client: MakeClient) -> None:
    async def fail(_request: web.Request, _number: int) -> web.Response:
        return web.Response(status=500)

    wire.misbehave = fail
    client = make_client(page_size=150)
    with pytest.raises(ItflowFailing):
        await client.rows("contacts")
    assert wire.limits == [150, 150, 75, 75, 50, 50]
    wire.misbehave = None
    wire.asked.clear()
    wire.rows["contacts"] = contacts(1)
    await client.rows("contacts")
    assert wire.limits == [150]


async def test_a_refused_key_is_no_reason_for_smaller_pages(wire: WireServer, make_client: MakeClient) -> None:
    async def refuse(_request: web.Request, _number: int) -> web.Response:
        return web.Response(status=401)

    wire.misbehave = refuse
    with pytest.raises(KeyRefused):
        await make_client().rows("contacts")
    assert wire.limits == [1000]


async def test_a_server_that_ignores_the_offset_is_not_asked_for_ever(
    wire: WireServer, make_client: MakeClient
) -> None:
    async def the_same(_request: web.Request, _number: int) -> web.Response:
        return web.json_response({"success": "True", "count": 4, "data": contacts(1, 2, 3, 4)})

    wire.misbehave = the_same
    with pytest.raises(WireGarbled, match="past row 4"):
        await make_client(page_size=4).rows("contacts")
    assert len(wire.asked) == 2


async def test_a_database_error_between_two_pages_loses_no_row(wire: WireServer, make_client: MakeClient) -> None:
    """ITFlow answers it like an empty module; the overlapping row shows that it is none."""
    wire.rows["contacts"] = contacts(*range(1, 12))

    async def stumble(_request: web.Request, number: int) -> web.Response | None:
        return web.json_response(NO_RESOURCE) if number == 3 else None

    wire.misbehave = stumble
    assert ids(await make_client(page_size=4).rows("contacts")) == list(range(1, 12))


async def test_rows_in_no_order_are_not_paged(wire: WireServer, make_client: MakeClient) -> None:
    wire.rows["contacts"] = contacts(3, 1, 2, 4, 5)
    with pytest.raises(WireGarbled, match="order"):
        await make_client(page_size=4).rows("contacts")
    assert len(await make_client(page_size=9).rows("contacts")) == 5


async def test_a_read_without_limit_is_one_page(wire: WireServer, make_client: MakeClient) -> None:
    async def everything(_request: web.Request, _number: int) -> web.Response:
        rows = [{"payment_id": str(one)} for one in range(1, 10)]
        return web.json_response({"success": "True", "count": 9, "data": rows})

    wire.misbehave = everything
    assert len(await make_client(page_size=4).rows("payments", payment_invoice_id=2)) == 9
    assert len(wire.asked) == 1


@pytest.mark.parametrize("odd", [None, "", "x", "-1", str(2**64), "9" * 1_000_000], ids=lambda odd: str(odd)[:30])
@pytest.mark.parametrize("place", range(9))
async def test_a_row_without_a_readable_id_costs_no_other_row(
    wire: WireServer, make_client: MakeClient, place: int, odd: str | None
) -> None:
    wire.rows["contacts"] = contacts(*range(1, 10))
    wire.rows["contacts"][place]["contact_id"] = odd
    found = await make_client(page_size=4).rows("contacts")
    readable = [row["contact_id"] for row in found if row["contact_id"] != odd]
    assert readable == [str(one) for one in range(1, 10) if one != place + 1]
    assert odd in [row["contact_id"] for row in found]
