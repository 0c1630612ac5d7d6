"""One request, as the scripts of ``api/v1`` see it, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.embedded import php
from bridge.embedded.generations import TRAITS, Generation, Traits
from bridge.embedded.keys import Key
from bridge.embedded.schema import Module

NO_RESOURCE = "No resource (for this client and company) with the specified parameter(s)."
NOT_CREATED = (
    "Auth success but insert query failed, ensure ALL required variables are provided (and aren't duplicates "
    "where applicable) and database schema is up-to-date. Turn on error logging and look for 'undefined index'."
)
NOT_DELETED = (
    "Auth success but delete query failed. Ensure ALL required variables are provided and database schema is "
    "up-to-date. Most likely cause: asset/client/company ID mismatch."
)
_NOT_UPDATED = (
    "Auth success but update query failed/returned no results. Ensure ALL required variables are provided and "
    "database schema is up-to-date. Most likely cause: non-existent module ID (i.e. bad contact ID/ticket ID/etc)"
)
NOT_UPDATED: Mapping[Generation, str] = {
    generation: f"{_NOT_UPDATED} or no rows changed." if traits.says_unchanged else f"{_NOT_UPDATED}."
    for generation, traits in TRAITS.items()
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON of an answer with its HTTP status."""

    content: Mapping[str, object]
    status: int = 200


def refusal(message: str, status: int = 200) -> Answer:
    """An answer without success."""
    return Answer({"success": "False", "message": message}, status)


@dataclass(slots=True)
class Call:
    """A request whose key is good.

    Attributes:
        module: The module asked.
        function: Its function.
        query: The parameters of the URL.
        body: The JSON object of the body, empty where there is none.
        key: The key it came with.
        generation: What the server pretends to be.
        warnings: What ``display_errors`` would put before the answer.
    """

    module: Module
    function: str
    query: Mapping[str, str]
    body: Mapping[str, object]
    key: Key
    generation: Generation
    warnings: list[str] = field(default_factory=list)

    @property
    def traits(self) -> Traits:
        """How the generation behaves."""
        return TRAITS[self.generation]

    @property
    def client_id(self) -> int:
        """The client a write acts on; a key of one client always means its own, a user's what is asked."""
        if self.traits.keys_of_users:
            return php.intval(self.body.get("client_id", self.query.get("client_id")))
        return self.key.client_id or php.intval(self.body.get("client_id"))

    @property
    def row_id(self) -> int:
        """The row a write acts on."""
        if self.module.key == self.module.client:
            return self.client_id
        return php.intval(self.body.get(self.module.key))

    @property
    def scope(self) -> str:
        """The condition that limits a read to the key's clients; see ``Key.scope``."""
        asked = self.query.get("client_id")
        return self.key.scope(self.generation, self.module.client, None if asked is None else php.intval(asked))

    def warn(self, text: str, script: str, line: int) -> None:
        """Note a PHP warning."""
        self.warnings.append(php.warning(text, f"{self.module.name}/{script}", line))
