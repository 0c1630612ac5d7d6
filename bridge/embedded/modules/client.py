"""People and places: the modules behind 26.08's permission ``module_client``."""

from bridge.embedded.schema import Filter, Module, by_id, by_text, columns, fields

MODULES = (
    Module(
        "clients",
        columns(
            "client_id client_lead:int client_name client_type client_website client_referral "
            "client_rate:money client_currency_code client_net_terms:int client_tax_id_number "
            "client_abbreviation:6 client_notes client_favorite@26.02 client_created_at client_updated_at "
            "client_archived_at client_accessed_at"
        ),
        right="client",
        client="client_id",
        functions=("read", "create", "update", "archive", "unarchive"),
        filters=(by_text("client_name"),),
        fields=fields(
            "client_name client_type client_website:website client_referral client_rate:money "
            "client_currency_code client_net_terms:int client_tax_id_number client_abbreviation:six "
            "client_is_lead>client_lead:int client_notes"
        ),
        required=("client_name",),
        update_dies_without="client_is_lead",
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
        functions=("read", "create", "update", "delete", "archive", "unarchive"),
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
        one_primary=True,
        archive_sets={"contact_important": "0", "contact_billing": "0", "contact_technical": "0"},
        warns=True,
    ),
    Module(
        "locations",
        columns(
            "location_id location_name location_description location_country location_address location_city "
            "location_state location_zip location_phone_country_code:10 location_phone "
            "location_phone_extension location_fax_country_code:10 location_fax location_hours "
            "location_photo location_primary location_notes location_favorite@26.02 location_created_at "
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
        one_primary=True,
        warns=True,
    ),
    Module(
        "vendors",
        columns(
            "vendor_id vendor_name vendor_description vendor_contact_name vendor_phone_country_code:10 "
            "vendor_phone vendor_extension vendor_email vendor_website vendor_hours vendor_sla vendor_code "
            "vendor_account_number vendor_notes vendor_favorite@26.02 vendor_created_at vendor_updated_at "
            "vendor_archived_at vendor_accessed_at vendor_client_id vendor_template_id"
        ),
        right="client",
        client="vendor_client_id",
        filters=(by_id("vendor_id"),),
    ),
)
