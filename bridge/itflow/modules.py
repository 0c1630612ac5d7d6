"""What v1 offers: one table of modules, functions and read filters.

Source: ITFlow's ``api/v1/`` folder, its changelog up to 26.10, and answers recorded from real servers (25.12, 26.02,
26.05 and 26.08). A function or filter that an ITFlow does not have is answered by itself: with a 404, or as if the
filter were not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.errors import BadParameter

# The functions that only read; v1 takes these by GET and all others by POST.
READING = frozenset({"read", "time"})

# Every read takes these besides its own filters. 26.08 ignores ``client_id``, so the client side filters too.
PAGING = ("limit", "offset")

# Where an operator may drop pages of his own; what lies there is not ours to know.
CUSTOM = "custom/"

EVERY_GENERATION = "every generation"
UNTIL_26_3 = "until 26.3"
SINCE_26_3 = "since 26.3"
SINCE_26_08 = "since 26.08"

# The bridge's own page, which gives the payments of an ITFlow that has no payments module any more. It lies
# in a folder called invoices because 26.08 takes the folder's name for the module whose rights are needed.
PAYMENTS_PAGE = "custom/invoices"


@dataclass(frozen=True, slots=True)
class Module:
    """One folder of ``api/v1/``.

    Attributes:
        name: The folder, such as ``contacts``.
        id_column: The column that numbers the rows, and the read filter for one row.
        client_column: The column that holds the client's id, or None where rows carry no client.
        functions: What can be asked of it.
        filters: What a read can be narrowed by, besides ``client_id``, ``limit`` and ``offset``.
        generations: The ITFlow versions that have it, for error texts.
    """

    name: str
    id_column: str
    client_column: str | None
    functions: tuple[str, ...]
    filters: tuple[str, ...] = ()
    generations: str = EVERY_GENERATION


def _module(name: str, functions: str, filters: str) -> Module:
    one = name.removesuffix("s")
    return Module(name, f"{one}_id", f"{one}_client_id", tuple(functions.split()), tuple(filters.split()))


MODULES: Mapping[str, Module] = {
    module.name: module
    for module in (
        _module(
            "assets",
            "read create update delete",
            # Up to 26.3, asset_uri_2 finds the assets without one: ITFlow looks for the wrong parameter.
            "asset_id asset_type asset_name asset_serial asset_mac asset_uri asset_uri_2",
        ),
        _module("certificates", "read create", "certificate_id certificate_name"),
        Module(
            "clients",
            "client_id",
            "client_id",
            ("read", "create", "update", "archive", "unarchive", "delete"),
            ("client_name",),
        ),
        # contact_phone_or_mobile compares exact strings and finds mobiles outside the key's client.
        _module(
            "contacts",
            "read create update delete archive unarchive",
            "contact_id contact_email contact_phone_or_mobile",
        ),
        # Credentials were called logins until 25.01.
        _module("credentials", "read create update", "credential_id login_id api_key_decrypt_password"),
        _module("documents", "read create update archive unarchive", "document_id"),
        _module("domains", "read create update archive unarchive", "domain_id domain_name"),
        _module("expenses", "read", "expense_id"),
        Module(
            "invoice_items",
            "item_id",
            None,
            ("read", "create"),
            ("item_id", "invoice_id"),
            SINCE_26_3,
        ),
        _module("invoices", "read", "invoice_id"),
        _module("locations", "read create update delete archive unarchive", "location_id"),
        _module("networks", "read create update archive unarchive", "network_id network_name"),
        Module(
            "payments",
            "payment_id",
            None,
            ("read",),
            ("payment_id", "payment_invoice_id"),
            UNTIL_26_3,
        ),
        Module(
            PAYMENTS_PAGE,
            "payment_id",
            "invoice_client_id",
            ("read",),
            generations="where the operator has put the bridge's payments page",
        ),
        Module("products", "product_id", None, ("read",), ("product_id",)),
        _module("quotes", "read", "quote_id"),
        _module(
            "software",
            "read archive unarchive",
            "software_id software_name software_type software_key software_license",
        ),
        Module(
            "technicians",
            "ticket_id",
            "client_id",
            ("time",),
            ("year", "month", "technician_id"),
            SINCE_26_3,
        ),
        Module(
            "ticket_replies",
            "ticket_reply_id",
            "ticket_client_id",
            ("read", "create"),
            ("ticket_reply_id", "ticket_id", "type", "include_archived"),
            SINCE_26_08,
        ),
        _module("tickets", "read create update resolve close", "ticket_id"),
        _module("vendors", "read create update archive unarchive", "vendor_id"),
    )
}


def id_column(module: str) -> str:
    """Names the column that numbers a module's rows.

    Raises:
        BadParameter: It is not known, as with an operator's own page.
    """
    if module not in MODULES:
        raise BadParameter(f"The rows of {module} have no known id. Known modules: {', '.join(MODULES)}.")
    return MODULES[module].id_column
