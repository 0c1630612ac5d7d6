"""The PHP page for payments, run by a real PHP with mysqli on a real MariaDB, beside the embedded ITFlow's answers."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bridge import resources
from bridge.embedded import EmbeddedItflow
from tests.counterparts import lacking
from tests.mariadb import MariaDb, mariadb

PAGE = resources.path("templates/itflow/custom/invoices/read.php")

# The columns that the page reads, with the types that ITFlow gives them.
TABLES = """
CREATE DATABASE itflow;
USE itflow;
CREATE TABLE invoices (
    invoice_id INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
    invoice_client_id INT(11) NOT NULL
);
CREATE TABLE payments (
    payment_id INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
    payment_date DATE NOT NULL,
    payment_amount DECIMAL(15,2) NOT NULL,
    payment_currency_code VARCHAR(10) NOT NULL,
    payment_method VARCHAR(200) DEFAULT NULL,
    payment_reference VARCHAR(200) DEFAULT NULL,
    payment_created_at DATETIME NOT NULL,
    payment_updated_at DATETIME DEFAULT NULL,
    payment_archived_at DATETIME DEFAULT NULL,
    payment_account_id INT(11) NOT NULL,
    payment_invoice_id INT(11) NOT NULL
);
"""

INVOICES: list[dict[str, object]] = [
    {"invoice_id": number, "invoice_client_id": client} for number, client in enumerate((1, 2, 2, 3), 1)
]
PAYMENTS: list[dict[str, object]] = [
    {
        "payment_id": number,
        "payment_date": f"2026-01-0{number}",
        "payment_amount": amount,
        "payment_currency_code": "EUR",
        "payment_method": method,
        "payment_reference": None,
        "payment_created_at": "2026-01-02 03:04:05",
        "payment_updated_at": None,
        "payment_archived_at": "2026-02-03 00:00:00" if number == 2 else None,
        "payment_account_id": 1,
        "payment_invoice_id": invoice,
    }
    for number, (invoice, amount, method) in enumerate(
        [
            (1, "1.00", None),
            (2, "0.10", 'Überweisung & "bar" 💶'),
            (2, "9999999999999.99", ""),
            (3, "-5.00", "<b>it's</b>"),
            (4, "0.00", "Cash"),
            (99, "7.00", "of an invoice that is gone"),
        ],
        1,
    )
]

# What ITFlow's own include files leave to a page: the database, and who asks for what.
VALIDATE = """<?php
$return_arr = array();
$mysqli = mysqli_connect('localhost', 'root', '', 'itflow', 0, '%(socket)s');
mysqli_set_charset($mysqli, 'utf8mb4');
$client_id = %(client_id)s;
$limit = %(limit)s;
$offset = %(offset)s;
%(rbac)s
"""
RBAC = "function apiClientScopeSql($column) { return %s; }"
OUTPUT = """<?php
$return_arr["success"] = mysqli_num_rows($sql) ? "True" : "False";
while ($row = mysqli_fetch_assoc($sql)) { $return_arr['data'][] = $row; }
echo json_encode($return_arr);
"""


@pytest.fixture(scope="module")
def php() -> str:
    found = shutil.which("php")
    if found is None:
        lacking("needs PHP: apt install php-cli")
    if subprocess.run([found, "-r", "exit(extension_loaded('mysqli') ? 0 : 1);"], check=False).returncode:
        lacking("needs PHP's mysqli: apt install php-mysql")
    return found


@pytest.fixture(scope="module")
def database() -> Iterator[MariaDb]:
    with mariadb() as running:
        running.run(TABLES)
        for table, rows in (("invoices", INVOICES), ("payments", PAYMENTS)):
            for row in rows:
                running.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({_values(row)})", "itflow")
        yield running


def _values(row: Mapping[str, object]) -> str:
    texts = (None if value is None else str(value).replace("\\", "\\\\").replace("'", "''") for value in row.values())
    return ", ".join("NULL" if text is None else f"'{text}'" for text in texts)


@pytest.fixture
def answer(tmp_path, php, database):
    """The rows that the page answers with."""

    def ask(client_id="'%'", limit="50", offset="0", rbac="") -> list[dict[str, Any]]:
        api = tmp_path / "api" / "v1"
        page = api / "custom" / "invoices" / "read.php"
        page.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PAGE, page)
        values = {"client_id": client_id, "limit": limit, "offset": offset, "rbac": rbac, "socket": database.socket}
        (api / "validate_api_key.php").write_text(VALIDATE % values, encoding="utf-8")
        (api / "require_get_method.php").write_text("<?php", encoding="utf-8")
        (api / "read_output.php").write_text(OUTPUT, encoding="utf-8")
        command = [php, "-d", "display_errors=1", "-d", "error_reporting=-1", str(page)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout
        found: list[dict[str, Any]] = json.loads(done.stdout).get("data", [])
        return found

    return ask


OPTIONS: dict[str, tuple[dict[str, str], dict[str, Any], dict[str, str], list[str]]] = {
    # What the page runs under; the embedded ITFlow's key and query alike; the payments that this key may see.
    "all clients": ({}, {}, {}, ["1", "2", "3", "4", "5"]),
    "a key of one client": ({"client_id": "2"}, {"client_id": 2}, {}, ["2", "3", "4"]),
    "a key of a client without payments": ({"client_id": "9"}, {"client_id": 9}, {}, []),
    "a page of it": ({"limit": "2", "offset": "1"}, {}, {"limit": "2", "offset": "1"}, ["2", "3"]),
    "odd paging": ({"limit": "'2; DROP TABLE payments'", "offset": "''"}, {}, {"limit": "2"}, ["1", "2"]),
    "an administrator": ({"rbac": RBAC % "''"}, {"generation": "26.08"}, {}, ["1", "2", "3", "4", "5"]),
    "a user with two clients": (
        {"rbac": RBAC % '" AND $column IN (1,3)"'},
        {"generation": "26.08", "clients": {1, 3}},
        {},
        ["1", "5"],
    ),
    "a user denied one": (
        {"rbac": RBAC % '" AND $column NOT IN (2)"', "client_id": "0"},
        {"generation": "26.08", "denied": {2}},
        {},
        ["1", "5"],
    ),
}


@pytest.mark.parametrize("case", OPTIONS)
async def test_page_and_embedded_itflow_give_the_payments_that_the_key_may_see(aiohttp_client, answer, case) -> None:
    options, key, query, payments = OPTIONS[case]
    rows = answer(**options)
    assert [row["payment_id"] for row in rows] == payments

    itflow = EmbeddedItflow(generation=key.get("generation", "26.05"), dropin=True)
    itflow.load({"invoices": INVOICES, "payments": PAYMENTS})
    itflow.add_key("KEY", **{name: value for name, value in key.items() if name != "generation"})
    client = await aiohttp_client(itflow.make_app())
    parameters = {"api_key": "KEY", **query}
    async with client.get("/api/v1/custom/invoices/read.php", params=parameters) as response:
        embedded = (await response.json()).get("data", [])
    assert [list(row.items()) for row in rows] == [list(row.items()) for row in embedded]


def test_the_page_is_short_enough_to_be_read_before_it_is_installed() -> None:
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) < 40
