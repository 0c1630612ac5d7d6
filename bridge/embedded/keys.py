"""API keys: of one client or of all, or, from 26.08 on, of a user with a role and lists of clients."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bridge.embedded.generations import TRAITS, Generation
from bridge.embedded.schema import Level, Module

ADMINISTRATOR: Mapping[str, Level] = dict.fromkeys(
    ("client", "support", "sales", "financial", "credential"), Level.FULL
)
TECHNICIAN: Mapping[str, Level] = {
    "client": Level.WRITE,
    "support": Level.WRITE,
    "sales": Level.READ,
    "credential": Level.WRITE,
}
"""The role that the recordings of 26.08 were made with: no money but what was invoiced."""

_LEVELS = {"read": Level.READ, "create": Level.WRITE, "update": Level.WRITE, "delete": Level.FULL}


@dataclass(slots=True)
class Key:
    """An API key.

    Attributes:
        secret: What a request carries.
        client_id: Before 26.08: the client it reaches; 0 is all clients.
        expires: From when on it is refused; ``None`` is never.
        rights: 26.08: what the user's role may do, by permission module; absent is nothing.
        clients: 26.08: the clients the user is allowed; none named means all.
        denied: 26.08: the clients the user is denied.
        user_id: 26.08: whom replies are written by.
        active: 26.08: whether the user may still sign in.
    """

    secret: str
    client_id: int = 0
    expires: datetime | None = None
    rights: Mapping[str, Level] = field(default_factory=lambda: ADMINISTRATOR)
    clients: Collection[int] = ()
    denied: Collection[int] = ()
    user_id: int = 1
    active: bool = True

    @property
    def expired(self) -> bool:
        """Whether it is refused by now."""
        return self.expires is not None and self.expires <= datetime.now(self.expires.tzinfo)

    def may(self, module: Module, function: str) -> bool:
        """26.08: whether the user's role allows a function; files the check does not know want to write."""
        return self.rights.get(module.right, Level.NONE) >= _LEVELS.get(function, Level.WRITE)

    def reaches(self, client_id: int) -> bool:
        """26.08: whether the user may write at a client; 0, no client, is out of a limited user's reach."""
        if client_id in self.denied:
            return False
        return not self.clients or client_id in self.clients

    def scope(self, generation: Generation, column: str, asked: int | None) -> str:
        """The condition that limits a read to the key's clients.

        Args:
            generation: Before 26.08 it answers with rows of one client or of all; 26.08 with rows of the user's
                clients and those of no client.
            column: The column that names a row's client, or "" where rows have none.
            asked: ``client_id`` of the query, which those before 26.08 heed for keys of all clients, and 26.08 never.

        Returns:
            SQL that begins with ``AND``, or nothing.
        """
        if not column:
            return ""
        if not TRAITS[generation].keys_of_users:
            only = self.client_id or asked
            return "" if only is None else f"AND {column} = {_list([only])}"
        allowed = f"AND {column} IN ({_list({0, *self.clients})})" if self.clients else ""
        return f"{allowed} AND {column} NOT IN ({_list(self.denied)})" if self.denied else allowed


def _list(numbers: Collection[int]) -> str:
    # As text, which the indexed columns are.
    return ", ".join(f"'{int(number)}'" for number in sorted(numbers))
