"""The table of modules: all that ``api/v1`` of ITFlow 26.02 and 26.08 has, read off the wire of both.

What the table cannot say (a ticket's contact, an asset's network interface, an invoice's new amount) is in
``writes.py``.
"""

from collections.abc import Mapping

from bridge.embedded.schema import Filter, Generation, Module, View, by_id, by_text, columns, fields

_NO_ORDER_COLUMN = "mysqli_sql_exception: Unknown column 'asset_id' in 'ORDER BY'"
DROPIN = "custom/invoices"
_WRITES = ("create", "update", "delete")

_MODULES = (
    Module(
        "clients",
        columns(
            "client_id client_lead:int client_name client_type client_website client_referral "
            "client_rate:money client_currency_code client_net_terms:int client_tax_id_number "
            "client_abbreviation:10 client_notes client_favorite client_created_at client_updated_at "
            "client_archived_at client_accessed_at"
        ),
        right="client",
        client="client_id",
        functions=("read", "create", "update", "archive", "unarchive"),
        filters=(by_text("client_name"),),
        fields=fields(
            "client_name client_type client_website:website client_referral client_rate:money "
            "client_currency_code client_net_terms:int client_tax_id_number client_abbreviation "
            "client_is_lead>client_lead:int client_notes"
        ),
        required=("client_name",),
        defaults={"client_accessed_at": "now"},
        warns=True,
    ),
    Module(
        "contacts",
        columns(
            "contact_id contact_name contact_title contact_email contact_phone_country_code:10 contact_phone "
            "contact_extension contact_mobile_country_code:10 contact_mobile contact_photo contact_pin:255 "
            "contact_notes contact_primary contact_important:int contact_billing:int contact_technical:int "
            "contact_created_at contact_updated_at contact_archived_at contact_accessed_at "
            "contact_location_id contact_vendor_id contact_user_id contact_department contact_client_id"
        ),
        right="client",
        client="contact_client_id",
        functions=("read", *_WRITES, "archive", "unarchive"),
        filters=(
            by_id("contact_id"),
            by_text("contact_email"),
            # A mobile number matches outside the key's client: AND binds closer than OR.
            Filter(
                "contact_phone_or_mobile",
                "contact_mobile = :value OR contact_phone = :value {scope}",
                only_one=True,
                paged=False,
            ),
        ),
        fields=fields(
            "contact_name contact_title contact_department contact_email contact_phone:digits "
            "contact_extension:digits contact_mobile:digits contact_notes contact_primary:int "
            "contact_important:int contact_billing:int contact_technical:int contact_location_id:int"
        ),
        required=("contact_name", "contact_email"),
        needs_client=True,
        unique="contact_email",
        warns=True,
    ),
    Module(
        "locations",
        columns(
            "location_id location_name location_description location_country location_address location_city "
            "location_state location_zip location_phone_country_code:10 location_phone "
            "location_phone_extension location_fax_country_code:10 location_fax location_hours "
            "location_photo location_primary location_notes location_favorite location_created_at "
            "location_updated_at location_archived_at location_accessed_at location_contact_id "
            "location_client_id"
        ),
        right="client",
        client="location_client_id",
        functions=("read", "create"),
        filters=(by_id("location_id"),),
        fields=fields(
            "location_name location_description location_country location_address location_city "
            "location_state location_zip location_hours location_notes location_primary:int"
        ),
        required=("location_name",),
        needs_client=True,
        warns=True,
    ),
    Module(
        "vendors",
        columns(
            "vendor_id vendor_name vendor_description vendor_contact_name vendor_phone_country_code:10 "
            "vendor_phone vendor_extension vendor_email vendor_website vendor_hours vendor_sla vendor_code "
            "vendor_account_number vendor_notes vendor_favorite vendor_created_at vendor_updated_at "
            "vendor_archived_at vendor_accessed_at vendor_client_id vendor_template_id"
        ),
        right="client",
        client="vendor_client_id",
        filters=(by_id("vendor_id"),),
    ),
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
        "assets",
        columns(
            "asset_id asset_type asset_name asset_description asset_make asset_model asset_serial asset_os "
            "asset_uri:500 asset_uri_2:500 asset_uri_client:500 asset_status asset_purchase_reference "
            "asset_purchase_date asset_warranty_expire asset_install_date asset_photo "
            "asset_physical_location asset_notes asset_favorite asset_created_at asset_updated_at "
            "asset_archived_at asset_accessed_at asset_vendor_id asset_location_id asset_contact_id "
            "asset_client_id"
        ),
        right="support",
        client="asset_client_id",
        functions=("read", *_WRITES),
        filters=(
            by_id("asset_id"),
            Filter("asset_type", "asset_type = :value COLLATE NOCASE {scope}", capital=True),
            by_text("asset_name"),
            by_text("asset_serial"),
            Filter(
                "asset_mac",
                "asset_id IN (SELECT interface_asset_id FROM asset_interfaces "
                "WHERE interface_mac = :value COLLATE NOCASE) {scope}",
            ),
            by_text("asset_uri"),
        ),
        fields=fields(
            "asset_name asset_description asset_type asset_make asset_model asset_serial asset_os asset_uri "
            "asset_status asset_location_id:int asset_vendor_id:int asset_contact_id:int "
            "asset_purchase_date:date asset_warranty_expire:date asset_install_date:date asset_notes"
        ),
        required=("asset_name",),
        needs_client=True,
        plain_view=View(
            "assets LEFT JOIN asset_interfaces ON interface_asset_id = asset_id AND interface_primary = '1'",
            ("assets", "asset_interfaces"),
        ),
    ),
    Module(
        "asset_interfaces",
        columns(
            "interface_id interface_name interface_description interface_type interface_mac interface_ip "
            "interface_nat_ip interface_ipv6 interface_notes interface_primary interface_created_at "
            "interface_updated_at interface_archived_at interface_network_id interface_asset_id"
        ),
        functions=(),
    ),
    Module(
        "certificates",
        columns(
            "certificate_id certificate_name certificate_description certificate_domain "
            "certificate_issued_by certificate_expire certificate_public_key:text certificate_notes "
            "certificate_favorite certificate_created_at certificate_updated_at certificate_archived_at "
            "certificate_accessed_at certificate_domain_id certificate_client_id"
        ),
        right="support",
        client="certificate_client_id",
        functions=("read", "create"),
        filters=(by_id("certificate_id"), by_text("certificate_name")),
        fields=fields(
            "certificate_name certificate_description certificate_domain certificate_issued_by "
            "certificate_expire:date certificate_public_key certificate_notes certificate_domain_id:int"
        ),
        required=("certificate_name", "certificate_domain"),
        needs_client=True,
        warns=True,
    ),
    Module(
        "credentials",
        columns(
            "credential_id credential_name credential_description credential_uri:500 credential_uri_2:500 "
            "credential_username:500 credential_password credential_otp_secret credential_note:text "
            "credential_favorite credential_created_at credential_updated_at credential_archived_at "
            "credential_accessed_at credential_password_changed_at credential_folder_id "
            "credential_contact_id credential_asset_id credential_client_id"
        ),
        right="credential",
        client="credential_client_id",
        functions=("read", "create", "update"),
        filters=(by_id("credential_id"),),
        fields=fields(
            "credential_name credential_description credential_uri credential_uri_2 credential_username:raw "
            "credential_password:raw credential_otp_secret credential_note credential_favorite:int "
            "credential_contact_id:int credential_asset_id:int"
        ),
        required=("api_key_decrypt_password", "credential_name", "credential_password"),
        defaults={"credential_password_changed_at": "now"},
    ),
    Module(
        "documents",
        columns(
            "document_id document_name document_description document_content:text document_content_raw:text "
            "document_client_visible:int=1 document_favorite document_created_at document_updated_at "
            "document_archived_at document_accessed_at document_folder_id document_created_by:int "
            "document_updated_by:int document_client_id"
        ),
        right="support",
        client="document_client_id",
        functions=("read", "create", "update"),
        filters=(by_id("document_id"),),
        fields=fields("document_name document_description document_content:raw document_folder_id:int"),
        required=("document_name", "document_content"),
        forgets=("26.02",),
    ),
    Module(
        "domains",
        columns(
            "domain_id domain_name domain_description domain_expire domain_ip:255 domain_name_servers:255 "
            "domain_mail_servers:255 domain_txt:text domain_raw_whois:text domain_notes domain_favorite "
            "domain_created_at domain_updated_at domain_archived_at domain_accessed_at domain_registrar:int "
            "domain_webhost:int domain_dnshost:int domain_mailhost:int domain_client_id"
        ),
        right="support",
        client="domain_client_id",
        filters=(
            by_id("domain_id"),
            Filter(
                "domain_name",
                "domain_name = :value COLLATE NOCASE {scope}",
                fatal={"26.02": (_NO_ORDER_COLUMN, 16)},
            ),
        ),
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
    Module(
        "networks",
        columns(
            "network_id network_name network_description network_vlan network network_subnet "
            "network_gateway network_primary_dns network_secondary_dns network_dhcp_range network_notes "
            "network_favorite network_created_at network_updated_at network_archived_at "
            "network_accessed_at network_location_id network_client_id"
        ),
        right="support",
        client="network_client_id",
        filters=(by_id("network_id"), by_text("network_name")),
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
        "software",
        columns(
            "software_id software_name software_description software_version software_type "
            "software_license_type software_key software_seats software_purchase_reference "
            "software_purchase:date software_expire software_notes software_favorite software_created_at "
            "software_updated_at software_archived_at software_accessed_at software_vendor_id "
            "software_client_id"
        ),
        right="support",
        client="software_client_id",
        filters=(
            by_id("software_id"),
            Filter(
                "software_name",
                "software_name = :value {scope}",
                fatal={"26.02": (_NO_ORDER_COLUMN, 21), "26.08": (_NO_ORDER_COLUMN, 21)},
            ),
            # The real one compares the text of the column with intval of the parameter: never a hit.
            Filter("software_type", "software_type = :value {scope}", numeric=True),
        ),
    ),
    Module(
        "tickets",
        columns(
            "ticket_id ticket_prefix ticket_number:int ticket_source ticket_category ticket_subject:500 "
            "ticket_details:text ticket_priority ticket_status:int ticket_sla_id@26.08 ticket_billable:int "
            "ticket_schedule:datetime ticket_onsite:int ticket_vendor_ticket_number ticket_feedback "
            "ticket_url_key ticket_created_at ticket_updated_at ticket_due_at ticket_resolved_at "
            "ticket_archived_at ticket_first_response_at ticket_response_due_at@26.08 "
            "ticket_resolution_due_at@26.08 ticket_response_sla_met@26.08 ticket_resolution_sla_met@26.08 "
            "ticket_response_sla_alert_stage:int@26.08 ticket_resolution_sla_alert_stage:int@26.08 "
            "ticket_closed_at ticket_created_by:int ticket_assigned_to:int ticket_closed_by:int "
            "ticket_vendor_id ticket_client_id ticket_contact_id ticket_location_id ticket_asset_id "
            "ticket_quote_id ticket_invoice_id ticket_project_id ticket_recurring_ticket_id "
            "ticket_order:int"
        ),
        right="support",
        client="ticket_client_id",
        functions=("read", "create", "resolve"),
        filters=(by_id("ticket_id"),),
        fields=fields(
            "ticket_subject ticket_details:lines ticket_priority ticket_contact_id:int "
            "ticket_asset_id:int ticket_vendor_id:int "
            "ticket_vendor_ticket_id>ticket_vendor_ticket_number:int ticket_assigned_to:int "
            "ticket_billable:int"
        ),
        required=("ticket_subject",),
        defaults={"ticket_prefix": "", "ticket_source": "API", "ticket_status": "1"},
        plain_view=View("tickets", ("tickets",)),
        view=View(
            "tickets LEFT JOIN ticket_statuses ON ticket_status = ticket_status_id",
            ("tickets", "ticket_statuses"),
        ),
    ),
    Module(
        "ticket_statuses",
        columns(
            "ticket_status_id ticket_status_name ticket_status_color ticket_status_active:int=1 "
            "ticket_status_pauses_sla:int@26.08 ticket_status_order:int"
        ),
        functions=(),
    ),
    Module(
        "ticket_replies",
        columns(
            "ticket_reply_id ticket_reply:text ticket_reply_type ticket_reply_time_worked "
            "ticket_reply_created_at ticket_reply_updated_at ticket_reply_archived_at ticket_reply_by:int "
            "ticket_reply_ticket_id"
        ),
        right="support",
        client="ticket_client_id",
        functions=("read", "create"),
        filters=(
            by_id("ticket_reply_id"),
            Filter("ticket_id", "ticket_reply_ticket_id = :value {scope}", numeric=True),
        ),
        fields=fields("ticket_reply:raw ticket_reply_type ticket_reply_time_worked"),
        required=("ticket_id", "ticket_reply"),
        since="26.08",
        view=View(
            "ticket_replies JOIN tickets ON ticket_id = ticket_reply_ticket_id "
            "LEFT JOIN users ON ticket_reply_type != 'Client' AND user_id = ticket_reply_by "
            "LEFT JOIN contacts ON ticket_reply_type = 'Client' AND contact_id = ticket_reply_by",
            ("ticket_replies",),
            (
                "ticket_prefix",
                "ticket_number",
                "ticket_subject",
                "ticket_client_id",
                "COALESCE(user_name, contact_name) AS ticket_reply_by_name",
            ),
        ),
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
        since="26.08",
        view=View("invoice_items JOIN invoices ON invoice_id = item_invoice_id", ("invoice_items",)),
        order="CAST(item_order AS INTEGER), item_id",
        needs_filter=True,
    ),
    Module(
        "technicians",
        columns("ticket_id"),
        stored=False,
        right="support",
        client="ticket_client_id",
        functions=("time",),
        since="26.08",
    ),
    Module("users", columns("user_id user_name"), functions=()),
)

TABLES: Mapping[str, Module] = {module.name: module for module in _MODULES}


def find(name: str, function: str, generation: Generation) -> Module | None:
    """The module that answers a function in a generation, if there is one."""
    module = TABLES.get(name)
    return module if module is not None and module.answers(function, generation) else None
