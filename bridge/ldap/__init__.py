"""The LDAP interface: the phonebook for phones that search while somebody types (RFC 4511, read only)."""
