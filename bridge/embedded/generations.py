"""What sets ITFlow's generations apart, other than which modules and columns they have.

A module's or column's first and last generation stands in the table of modules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Generation = Literal["25.12", "26.02", "26.05", "26.08"]
GENERATIONS: tuple[Generation, ...] = ("25.12", "26.02", "26.05", "26.08")
"""Oldest first; as text they compare like their dates."""

OLDEST, NEWEST = GENERATIONS[0], GENERATIONS[-1]


@dataclass(frozen=True, slots=True)
class Traits:
    """How a generation behaves.

    Attributes:
        numbered_columns: Whether reads give every column twice, by number and by name.
        keys_of_users: Whether a key belongs to a user, with a role and lists of clients; else to a client or all.
        decrypt_password_in_body: Whether credentials are read with the password in the body; else in the query.
        updates_second_uri: Whether an update of an asset writes ``asset_uri_2``.
        url_key_length: How many random characters a ticket's link for guests has.
        says_unchanged: Whether a failed update names "no rows changed" as a cause.
    """

    numbered_columns: bool = False
    keys_of_users: bool = False
    decrypt_password_in_body: bool = False
    says_unchanged: bool = False
    updates_second_uri: bool = False
    url_key_length: int = 32


TRAITS: Mapping[Generation, Traits] = {
    "25.12": Traits(numbered_columns=True, url_key_length=156),
    "26.02": Traits(),
    "26.05": Traits(says_unchanged=True, updates_second_uri=True),
    "26.08": Traits(keys_of_users=True, decrypt_password_in_body=True, says_unchanged=True, updates_second_uri=True),
}
