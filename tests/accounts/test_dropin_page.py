"""The PHP page for payments, run by a real PHP: its SQL against the rows of an embedded ITFlow."""

import json
import shutil
import subprocess

import pytest

from bridge import resources
from bridge.embedded import EmbeddedItflow
from tests.counterparts import lacking

PAGE = resources.path("templates/itflow/custom/invoices/read.php")
PHP = shutil.which("php")


@pytest.fixture(autouse=True)
def installed():
    if PHP is None:
        lacking("needs PHP: apt install php-cli")


# What ITFlow's own include files leave to a page, cut down to the database that is not there.
VALIDATE = """<?php
$return_arr = array();
$mysqli = null;
function mysqli_query($mysqli, $query) { return $query; }
$client_id = %(client_id)s;
$limit = %(limit)s;
$offset = %(offset)s;
%(rbac)s
"""
RBAC = "function apiClientScopeSql($column) { return %s; }"
OUTPUT = "<?php echo json_encode($sql);"


@pytest.fixture
def sql(tmp_path):
    """The statement that the page makes, as PHP sees it."""

    def make(client_id="'%'", limit="50", offset="0", rbac=""):
        api = tmp_path / "api" / "v1"
        page = api / "custom" / "invoices" / "read.php"
        page.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PAGE, page)
        values = {"client_id": client_id, "limit": limit, "offset": offset, "rbac": rbac}
        (api / "validate_api_key.php").write_text(VALIDATE % values, encoding="utf-8")
        (api / "require_get_method.php").write_text("<?php", encoding="utf-8")
        (api / "read_output.php").write_text(OUTPUT, encoding="utf-8")
        command = [str(PHP), "-d", "display_errors=1", "-d", "error_reporting=-1", str(page)]
        done = subprocess.run(command, capture_output=True, check=True)
        return json.loads(done.stdout)

    return make


@pytest.fixture
def itflow():
    itflow = EmbeddedItflow(generation="26.08", dropin=True)
    itflow.load(
        {
            "clients": [{"client_name": name} for name in ("One", "Two", "Three")],
            "invoices": [
                {"invoice_amount": "10.00", "invoice_status": "Sent", "invoice_client_id": client}
                for client in (1, 2, 2, 3)
            ],
            "payments": [
                {"payment_amount": f"{number}.00", "payment_invoice_id": invoice}
                for number, invoice in enumerate((1, 2, 2, 3, 4, 99), 1)
            ],
        }
    )
    yield itflow
    itflow.close()


@pytest.mark.parametrize(
    ("options", "paid"),
    [
        ({}, {1: 1, 2: 2, 3: 2, 4: 2, 5: 3}),
        ({"client_id": "2"}, {2: 2, 3: 2, 4: 2}),  # a key of one client, before 26.08
        ({"limit": "2", "offset": "1"}, {2: 2, 3: 2}),
        ({"rbac": RBAC % "''"}, {1: 1, 2: 2, 3: 2, 4: 2, 5: 3}),  # an administrator of 26.08
        ({"rbac": RBAC % '" AND $column IN (1,3)"'}, {1: 1, 5: 3}),
        ({"rbac": RBAC % '" AND $column NOT IN (2)"', "client_id": "0"}, {1: 1, 5: 3}),
    ],
)
def test_the_page_gives_the_payments_that_the_key_may_see(sql, itflow, options, paid):
    rows = itflow.connection.execute(sql(**options)).fetchall()
    assert {row[0]: int(row[-1]) for row in rows} == paid
    assert [row[0] for row in rows] == sorted(paid)


def test_the_embedded_itflow_answers_with_the_same_columns(sql, itflow):
    names = [name for name, *_ in itflow.connection.execute(sql()).description]
    assert names == [
        *("payment_id", "payment_date", "payment_amount", "payment_currency_code", "payment_method"),
        *("payment_reference", "payment_created_at", "payment_updated_at", "payment_archived_at"),
        *("payment_account_id", "payment_invoice_id", "invoice_client_id"),
    ]


def test_the_page_is_short_enough_to_be_read_before_it_is_installed():
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) < 40
