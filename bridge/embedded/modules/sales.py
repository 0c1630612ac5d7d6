"""Money: the modules behind 26.08's permissions ``module_sales`` and ``module_financial``."""

from bridge.embedded.schema import Filter, Module, View, by_id, columns, fields

DROPIN = "custom/invoices"

MODULES = (
    Module(
        "invoices",
        columns(
            "invoice_id invoice_prefix invoice_number:int invoice_scope:255 invoice_status invoice_date "
            "invoice_due:date invoice_discount_amount invoice_credit_amount invoice_amount "
            "invoice_currency_code invoice_note:text invoice_url_key invoice_created_at invoice_updated_at "
            "invoice_archived_at invoice_category_id invoice_recurring_invoice_id invoice_client_id"
        ),
        right="sales",
        client="invoice_client_id",
        filters=(by_id("invoice_id"),),
    ),
    Module(
        "invoice_items",
        columns(
            "item_id item_name item_description item_quantity:money item_price:money item_subtotal:money "
            "item_tax:money item_total:money item_order:int item_created_at item_updated_at "
            "item_archived_at item_tax_id item_product_id item_quote_id item_recurring_invoice_id "
            "item_invoice_id"
        ),
        right="sales",
        client="invoice_client_id",
        functions=("read", "create"),
        filters=(
            by_id("item_id"),
            Filter("invoice_id", "item_invoice_id = :value {scope}", numeric=True),
        ),
        fields=fields(
            "name>item_name description>item_description qty>item_quantity:money price>item_price:money "
            "tax_id>item_tax_id:int item_order:int product_id>item_product_id:int "
            "invoice_id>item_invoice_id:int"
        ),
        required=("invoice_id", "name", "qty"),
        since="26.05",
        view=View("invoice_items JOIN invoices ON invoice_id = item_invoice_id", ("invoice_items",)),
        order="CAST(item_order AS INTEGER), item_id",
        needs_filter=True,
    ),
    Module(
        "payments",
        columns(
            "payment_id payment_date payment_amount payment_currency_code payment_method payment_reference "
            "payment_created_at payment_updated_at payment_archived_at payment_account_id payment_invoice_id"
        ),
        filters=(
            by_id("payment_id"),
            Filter("payment_invoice_id", "payment_invoice_id = :value {scope}", numeric=True, paged=False),
        ),
        only_company=True,
        until="26.02",
    ),
    Module(
        # The page that an operator may drop in; see EmbeddedItflow(dropin=True).
        DROPIN,
        columns("payment_id"),
        stored=False,
        right="sales",
        client="invoice_client_id",
        view=View("payments JOIN invoices ON invoice_id = payment_invoice_id", ("payments",), ("invoice_client_id",)),
    ),
    Module(
        "quotes",
        columns(
            "quote_id quote_prefix quote_number:int quote_scope:255 quote_status quote_discount_amount "
            "quote_date quote_expire quote_amount quote_currency_code quote_note:text quote_url_key "
            "quote_created_at quote_updated_at quote_archived_at quote_category_id quote_client_id"
        ),
        right="sales",
        client="quote_client_id",
        filters=(by_id("quote_id"),),
    ),
    Module(
        "products",
        columns(
            "product_id product_name product_type product_description product_code product_location "
            "product_price:money product_currency_code product_created_at product_updated_at "
            "product_archived_at product_tax_id product_category_id"
        ),
        right="sales",
        filters=(by_id("product_id"),),
        only_company=True,
    ),
    Module(
        "expenses",
        columns(
            "expense_id expense_description expense_amount expense_currency_code expense_date "
            "expense_reference expense_payment_method expense_receipt expense_created_at expense_updated_at "
            "expense_archived_at expense_vendor_id expense_client_id expense_category_id expense_account_id"
        ),
        right="financial",
        client="expense_client_id",
        filters=(by_id("expense_id"),),
        only_company=True,
    ),
)
