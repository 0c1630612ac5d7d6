"""Equipment and work: the modules behind 26.08's ``module_support`` and ``module_credential``."""

from bridge.embedded.generations import GENERATIONS
from bridge.embedded.schema import Filter, Module, View, by_id, by_text, columns, fields

_NO_ORDER_COLUMN = "mysqli_sql_exception: Unknown column 'asset_id' in 'ORDER BY'"
_WITH_INTERFACE = ("assets", "asset_interfaces")

MODULES = (
    Module(
        "assets",
        columns(
            "asset_id asset_type asset_name asset_description asset_make asset_model asset_serial asset_os "
            "asset_uri:500 asset_uri_2:500 asset_uri_client:500 asset_status asset_purchase_reference "
            "asset_purchase_date asset_warranty_expire asset_install_date asset_photo "
            "asset_physical_location asset_notes asset_important:int@-25.12 asset_favorite@26.02 "
            "asset_created_at asset_updated_at asset_archived_at asset_accessed_at asset_vendor_id "
            "asset_location_id asset_contact_id asset_client_id"
        ),
        right="support",
        client="asset_client_id",
        functions=("read", "create", "update", "delete"),
        filters=(
            by_id("asset_id"),
            Filter("asset_type", "asset_type = :value COLLATE NOCASE {scope}", capital=True),
            by_text("asset_name"),
            by_text("asset_serial"),
            Filter(
                "asset_mac",
                "interface_mac = :value COLLATE NOCASE {scope}",
                view=View("assets JOIN asset_interfaces ON interface_asset_id = asset_id", _WITH_INTERFACE),
            ),
            by_text("asset_uri"),
            by_text("asset_uri_2"),
        ),
        fields=fields(
            "asset_name asset_description asset_type asset_make asset_model asset_serial asset_os asset_uri "
            "asset_status asset_location_id:int asset_vendor_id:int asset_contact_id:int "
            "asset_purchase_date:date asset_warranty_expire:date asset_install_date:date asset_notes"
        ),
        required=("asset_name",),
        needs_client=True,
        update_dies_unfound=("26.05",),
        delete_denies=True,
        plain_view=View(
            "assets LEFT JOIN asset_interfaces ON interface_asset_id = asset_id AND interface_primary = '1'",
            _WITH_INTERFACE,
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
            "certificate_favorite@26.02 certificate_created_at certificate_updated_at certificate_archived_at "
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
            "credential_favorite@26.02 credential_created_at credential_updated_at credential_archived_at "
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
        update_requires=("api_key_decrypt_password",),
        create_dies=("26.02",),
        defaults={"credential_password_changed_at": "now"},
    ),
    Module(
        "documents",
        columns(
            "document_id document_name document_description document_content:text document_content_raw:text "
            "document_important:int@-25.12 document_client_visible:int=1 document_favorite@26.02 "
            "document_created_at document_updated_at document_archived_at document_accessed_at "
            "document_folder_id document_created_by:int document_updated_by:int document_client_id"
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
            "domain_mail_servers:255 domain_txt:text domain_raw_whois:text domain_notes domain_favorite@26.02 "
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
                fatal=dict.fromkeys(("25.12", "26.02"), (_NO_ORDER_COLUMN, 16)),
            ),
        ),
    ),
    Module(
        "networks",
        columns(
            "network_id network_name network_description network_vlan network network_subnet "
            "network_gateway network_primary_dns network_secondary_dns network_dhcp_range network_notes "
            "network_favorite@26.02 network_created_at network_updated_at network_archived_at "
            "network_accessed_at network_location_id network_client_id"
        ),
        right="support",
        client="network_client_id",
        filters=(by_id("network_id"), by_text("network_name")),
    ),
    Module(
        "software",
        columns(
            "software_id software_name software_description software_version software_type "
            "software_license_type software_key software_seats software_purchase_reference "
            "software_purchase:date software_expire software_notes software_favorite@26.02 software_created_at "
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
                fatal=dict.fromkeys(GENERATIONS, (_NO_ORDER_COLUMN, 21)),
            ),
            # The real one compares the text of the column with intval of the parameter: never a hit.
            Filter("software_type", "software_type = :value {scope}", numeric=True),
            by_text("software_key"),
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
        fields=fields("ticket_reply:raw ticket_reply_type ticket_reply_time_worked:clock"),
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
        "technicians",
        columns("ticket_id"),
        stored=False,
        right="support",
        client="ticket_client_id",
        functions=("time",),
        since="26.05",
    ),
    Module("users", columns("user_id user_name"), functions=()),
)
