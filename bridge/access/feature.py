"""What a key can open."""

from enum import StrEnum


class Feature(StrEnum):
    """What a key can open."""

    CALLERID = "callerid"
    PHONEBOOK = "phonebook"
    EMAILS = "emails"
    NUMBERS = "numbers"
    BALANCE = "balance"
    ASSETS = "assets"
    CONTACTS = "contacts"
    TICKETS = "tickets"
    CALLS = "calls"
    ADMIN = "admin"


# Not among them: what writes into the address book, and what counts as time worked. A phone's key needs neither, and
# keys of earlier releases must not be worth more after an update.
EVERYDAY = frozenset(Feature) - {Feature.ADMIN, Feature.CONTACTS, Feature.TICKETS}
