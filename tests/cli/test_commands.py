"""check, sync, lookup and itflow, as an operator runs them."""

import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.embedded.recordings import rows_before


def test_any_call_of_v1(command, embedded):
    with embedded() as url:
        itflow = {"ITFLOW_URL": url, "ITFLOW_API_KEY": "KEYALL"}
        rows = json.loads(command("itflow", "contacts", "read", "limit=2", **itflow))
        assert [row["contact_id"] for row in rows] == ["1", "2"]
        made = json.loads(command("itflow", "tickets", "create", "client_id=1", "ticket_subject=Test", **itflow))
        assert made == {"insert_id": 1}
        assert "FIELD=VALUE" in command("itflow", "contacts", "read", "limit", fails=True, **itflow)
        assert "contacts" in command("itflow", "contact", "read", fails=True, **itflow)


def test_the_deletion_of_an_asset_is_told_as_it_is(command, embedded):
    with embedded() as url:
        itflow = {"ITFLOW_URL": url, "ITFLOW_API_KEY": "KEYALL"}
        made = json.loads(command("itflow", "assets", "create", "client_id=1", "asset_name=PC", **itflow))
        one = ("client_id=1", f"asset_id={made['insert_id']}")
        assert "kept" in command("itflow", "assets", "delete", "client_id=2", one[1], fails=True, **itflow)
        assert json.loads(command("itflow", "assets", "delete", *one, **itflow)) == {"count": 1}
        assert json.loads(command("itflow", "assets", "read", one[1], **itflow)) == []
        assert "no row" in command("itflow", "assets", "delete", *one, fails=True, **itflow)
        assert "asset_id" in command("itflow", "assets", "delete", "client_id=1", fails=True, **itflow)


def test_fields_come_from_files_and_standard_input(command, embedded, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("Pä55\n", encoding="utf-8")
    with embedded() as url:
        itflow = {"ITFLOW_URL": url, "ITFLOW_API_KEY": "KEYALL"}
        given = json.dumps({"client_id": 1, "asset_name": "PC", "asset_serial": "1"})
        words = (
            "itflow",
            "assets",
            "create",
            f"asset_description=@{secret}",
            "asset_make=@@home",
            "-",
            "asset_serial=2",
        )
        command(*words, given=given, **itflow)
        [row] = json.loads(command("itflow", "assets", "read", "asset_name=PC", **itflow))
        assert (row["asset_client_id"], row["asset_serial"]) == ("1", "2")
        assert (row["asset_description"], row["asset_make"]) == ("Pä55", "@home")
        assert "/no/file" in command("itflow", "assets", "create", "asset_name=@/no/file", fails=True, **itflow)
        for wrong in ("", "[1]", '{"a": [1]}', "{" * 100_000):
            assert "standard input" in command("itflow", "assets", "read", "-", fails=True, given=wrong, **itflow)


@pytest.mark.parametrize(
    ("generation", "dropin", "told"),
    [
        ("26.02", False, "from ITFlow's own module; balances are exact"),
        ("26.08", False, "templates/itflow"),
        ("26.08", True, "the page in ITFlow's custom folder; balances are exact"),
    ],
)
def test_check_tells_what_works(command, embedded, generation, dropin, told):
    with embedded(generation, dropin=dropin) as url:
        command("keys", "add", "pbx")
        checked = command("check", ITFLOW_URL=url, ITFLOW_API_KEY="KEYALL")
        assert told in checked
        assert "does not work" not in checked
        assert "for caller names, phonebooks, mailing lists" in checked


@pytest.mark.parametrize(
    ("key", "told"),
    [("WRONG", "Admin > API keys"), ("KEYONE", "limited to client 1"), ("", "BRIDGE_ITFLOW_API_KEY")],
)
def test_check_tells_what_does_not(command, embedded, key, told):
    with embedded() as url:
        checked = command("check", fails=key != "KEYONE", ITFLOW_URL=url, ITFLOW_API_KEY=key)
        assert told in checked
        assert "keys add" in checked or not key  # a new installation has none yet, which is no failure


def test_check_tells_of_a_key_that_sees_one_client_where_no_key_says_that_it_is_limited(command, embedded):
    with embedded("26.08") as url:
        command("keys", "add", "pbx")
        assert "shows client 1 only" in command("check", ITFLOW_URL=url, ITFLOW_API_KEY="KEYONE")


def test_check_tells_what_answers_in_the_place_of_itflow(command, tmp_path):
    (tmp_path / "index.html").write_text("<title>Sign in</title>", encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    with server:
        url = f"http://127.0.0.1:{server.server_port}"
        checked = command("check", fails=True, ITFLOW_URL=url, ITFLOW_API_KEY="x")
        server.shutdown()
    assert "There is no ITFlow v1 at itflow.url" in checked
    assert "26.08" not in checked


def test_check_names_clients_with_pins_that_open_no_balance(command, embedded):
    """In the recorded ITFlow, the PINs are 4711, 0815 and, at Big Balance Bros, 99."""
    with embedded() as url:
        itflow = {"ITFLOW_URL": url, "ITFLOW_API_KEY": "KEYALL"}
        command("keys", "add", "pbx")
        told = " ".join(command("check", **itflow).split()).partition("no PIN with fewer than 4")[2]
        assert "Big Balance Bros" in told
        assert "Acme" not in told
        assert "99" not in told
        assert "PIN with fewer" not in command("check", AGI_ENABLED="false", **itflow)


def test_check_says_what_an_old_rule_for_pins_means_today(command, embedded):
    with embedded() as url:
        itflow = {"ITFLOW_URL": url, "ITFLOW_API_KEY": "KEYALL"}
        command("keys", "add", "pbx")
        assert "means always today" in " ".join(command("check", AGI_PIN="if_set", **itflow).split())
        assert "means always today" not in command("check", AGI_PIN="attested", **itflow)


@pytest.mark.parametrize(
    ("region", "told"),
    [
        ({}, "region advice numbers without a country code are of US, since numbers.region is not set"),
        ({"NUMBERS_REGION": "US"}, "region works numbers without a country code are of US (numbers.region)"),
    ],
)
def test_check_says_when_nobody_set_the_country(command, region, told):
    checked = command("check", fails=True, ITFLOW_URL="http://127.0.0.1:1", ITFLOW_API_KEY="x", **region)
    assert told in " ".join(checked.split())


def test_check_without_anybody_there(command):
    checked = command("check", fails=True, ITFLOW_URL="http://127.0.0.1:1", ITFLOW_API_KEY="x")
    assert "127.0.0.1" in checked


def test_a_doubt_is_told_and_accepted(command, embedded, tmp_path):
    with embedded() as url:
        command("sync", ITFLOW_URL=url, ITFLOW_API_KEY="KEYALL")
        command("keys", "add", "pbx")
    emptied = tmp_path / "rows.json"
    rows = rows_before("26.02")
    emptied.write_text(json.dumps({**rows, "contacts": rows["contacts"][:2]}), encoding="utf-8")
    with embedded(data=emptied) as url:
        itflow = {"ITFLOW_URL": url, "ITFLOW_API_KEY": "KEYALL"}
        assert "sync --accept" in command("sync", fails=True, **itflow)
        assert "mirror of contacts" in command("check", fails=True, **itflow)
        assert "Lead Larry" in command("lookup", "3035550111")
        command("sync", "--accept", **itflow)
        assert "mirror of contacts" not in command("check", **itflow)
        assert "Lead Larry" not in command("lookup", "3035550111")


def test_what_itflow_does_not_have_is_no_failure_of_a_sync(command, embedded):
    with embedded("26.08") as url:
        assert "no such page" in command("sync", ITFLOW_URL=url, ITFLOW_API_KEY="KEYALL")


def test_sync_and_lookup(command, embedded):
    assert "sync" in command("lookup", "2125550101", fails=True)
    with embedded() as url:
        synced = command("sync", ITFLOW_URL=url, ITFLOW_API_KEY="KEYALL")
        assert "contacts" in synced
    command("keys", "add", "koeln", "--client", "2", "--region", "DE")
    assert "Alice O'Neil" in command("lookup", "212 555-0101")
    assert "Acme & Sons <Ltd>" in command("lookup", "2125550199")
    assert "no name" in command("lookup", "212 555-0101", "--key", "koeln")
    assert "Jürgen Müller" in command("lookup", "0221 9876543", "--key", "koeln")
    assert "no name" in command("lookup", "anonymous")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data", "no-such-file.json"], "No such file"),
        (["--data", __file__], "lists of rows"),
        (["--database", __file__], "not a database"),
        (["--host", "no host"], "--host"),
    ],
)
def test_an_embedded_itflow_that_cannot_serve_says_why(command, words, told):
    said = command("embedded", "--port", "0", *words, fails=True)
    assert told in said
    assert "Traceback" not in said
