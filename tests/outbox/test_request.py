"""What an asset may hold."""

import pytest

from bridge.embedded.php import strip_tags
from bridge.errors import BadParameter
from bridge.outbox.request import read, read_legacy


@pytest.mark.parametrize(
    "given",
    [
        "PC-1",
        "  PC-1 ",
        'PC & <2> "é"',
        "<b>PC</b>",
        "a < b > c",
        "<<b>b>x",
        "open <tag",
        "ends with <",
        "<scr<script>ipt>x",
        "two\nlines\tand\x00more",
        "😀 山田",
    ],
)
def test_a_text_is_sent_as_itflow_will_store_it(given):
    name = read({"name": f"{given} end"}).name
    assert strip_tags(name).strip() == name
    assert name.isprintable()


def test_every_field_goes_under_itflow_s_name_and_empty_ones_do_not_go():
    given = {
        "name": "PC-1",
        "description": "d",
        "type": "Laptop",
        "make": "Dell",
        "model": "7090",
        "serial": 12345,
        "os": "Linux",
        "ip": "192.0.2.1",
        "mac": "00:11:22:33:44:55",
        "uri": "https://pc",
        "status": "Deployed",
        "location_id": "1",
        "vendor_id": 2,
        "contact_id": "",
        "network_id": 3,
        "purchase_date": "2026-01-31",
        "warranty_expire": "",
        "install_date": "2026-02-01",
        "notes": "two\nlines",
    }
    fields = read(given).fields()
    assert fields["asset_serial"] == "12345"
    assert fields["asset_purchase_date"] == "2026-01-31"
    assert fields["asset_notes"] == "two\nlines"
    assert set(fields) == {f"asset_{name}" for name in given} - {"asset_contact_id", "asset_warranty_expire"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "name: the asset's name is missing"),
        ({"name": " "}, "name: the asset's name is missing"),
        ({"name": "<b></b>"}, "name: the asset's name is missing"),
        ({"name": "n" * 201}, "name: string should have at most 200 characters"),
        ({"name": "x", "serial": "s" * 201}, "serial"),
        ({"name": "x", "description": "d" * 256}, "description"),
        ({"name": "x", "purchase_date": "not a date"}, "purchase_date: must be a date such as 2026-01-31"),
        ({"name": "x", "purchase_date": "0000-00-00"}, "purchase_date"),
        ({"name": "x", "install_date": "2026-02-30"}, "install_date"),
        ({"name": "x", "vendor_id": "-1"}, "vendor_id"),
        ({"name": "x", "vendor_id": "99999999999"}, "vendor_id"),
        ({"name": "x", "colour": "red"}, "colour: there is no such field; known are name, "),
        ({"name": "x\ud800"}, "name: must be valid Unicode"),
        ({"name": True}, "name"),
    ],
)
def test_what_itflow_s_database_would_not_take_is_named(given, told):
    with pytest.raises(BadParameter) as error:
        read(given)
    assert told.lower() in str(error.value).lower()


def test_all_faults_are_told_at_once():
    with pytest.raises(BadParameter, match=r"name: .*; os: .*; install_date: "):
        read({"os": "o" * 201, "install_date": "soon"})


def test_the_old_script_s_parameters():
    parameters = {"add_asset": "PC-1", "client_id": "1", "os": "Linux", "name": "ignored", "api_key": "k", "x": ""}
    assert read_legacy(parameters).fields() == {"asset_name": "PC-1", "asset_os": "Linux"}
    with pytest.raises(BadParameter, match="add_asset: the asset's name is missing"):
        read_legacy({"add_asset": ""})
