"""What each operation does, for a connection that may have shown a key: no bytes, no deadlines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sansldap import FilterEquality

from bridge.access.keys import Feature, Key, Keys, hashed
from bridge.access.phones import Phone, Phones
from bridge.directory.mirror import Mirror
from bridge.errors import BadParameter, FeatureDenied, KeyMissing, KeyWrong, NotReady, RequestError, TooMany
from bridge.ldap import controls, dn, plain, tree
from bridge.ldap.filters import question
from bridge.ldap.messages import Bind, Code, Compare, Message, Result, Scope, Search
from bridge.ldap.people import People
from bridge.ldap.schema import canonical
from bridge.ldap.search import Asked, Outcome, run
from bridge.ldap.shelf import Shelf
from bridge.settings import LdapSection

log = logging.getLogger(__name__)

VERSIONS = frozenset({2, 3})  # some phones still call themselves version 2; what they ask is the same
LISTED_AS = "ldap"  # in the list of phones, where others have the format of their book
Emit = Callable[[Sequence[bytes]], Awaitable[None]]

_REFUSED = {
    TooMany: Code.BUSY,
    FeatureDenied: Code.NO_RIGHTS,
    KeyWrong: Code.INVALID_CREDENTIALS,
    KeyMissing: Code.INVALID_CREDENTIALS,
}


@dataclass(frozen=True, slots=True)
class Times:
    """How long things may take.

    Attributes:
        bind_s: Within which a connection shows its key, and a handshake ends.
        write_s: In which a client may read nothing of what it asked for.
    """

    bind_s: float = 10.0
    write_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What the operations of one door share.

    Attributes:
        section: The settings.
        keys: Who may ask.
        mirror: Told of numbers that nobody has.
        phones: Told who searched.
        shelf: The books.
        turn: Held by the one search that is being worked on, so that callers of other interfaces get in between.
        start_tls: Whether StartTLS is to be had.
        times: Deadlines.
    """

    section: LdapSection
    keys: Keys
    mirror: Mirror
    phones: Phones
    shelf: Shelf
    turn: asyncio.Lock
    start_tls: bool
    times: Times = Times()


class Binding:
    """Who asks on one connection.

    Args:
        desk: See there.
        address: Where from.
    """

    def __init__(self, desk: Desk, address: str) -> None:
        self._desk = desk
        self._address = address
        self._key: Key | None = None
        self._shown: bytes | None = None

    @property
    def name(self) -> str:
        """The name of the key that was shown; empty for none."""
        return self._key.name if self._key else ""

    def bind(self, bind: Bind) -> Result:
        """Show a key (RFC 4513 section 5.1); until then, and after a failure, nothing but the root is seen."""
        self._key = None
        keys, section = self._desk.keys, self._desk.section
        if bind.version not in VERSIONS:
            return Result(Code.PROTOCOL_ERROR, "LDAP version 3 is spoken here.")
        if bind.password is None:
            return Result(Code.NO_SUCH_METHOD, "Bind with a simple password: the key.")
        if not bind.password and bind.name:
            return Result(Code.UNWILLING, "The password is empty; it must be the key (RFC 4513 section 5.1.2).")
        try:
            if bind.password:
                self._key = keys.open(bind.password, Feature.PHONEBOOK, self._address)
                self._shown = hashed(bind.password)
            elif section.key is not None:
                self._key = keys.open_named(section.key, Feature.PHONEBOOK, self._address)
                self._shown = None
        except RequestError as error:
            return Result(_REFUSED.get(type(error), Code.OTHER), str(error))
        return Result()

    async def search(self, message: Message, search: Search, emit: Emit) -> Outcome:
        """Answer a search; entries go to ``emit`` as they are found, already encoded."""
        base = search.base.replace(" ", "").lower()
        if search.scope is Scope.BASE and base in {"", tree.SUBSCHEMA}:
            desk = self._desk
            attributes = tree.schema() if base else tree.root(desk.section.base, start_tls=desk.start_tls)
            if plain.matches(search.filter, attributes):
                await emit([plain.encoded(search.base, attributes, search.attributes, types_only=search.types_only)])
            return Outcome(Result())
        try:
            people = await self._people()
            wishes = controls.wishes(message.controls)
        except BadParameter as error:
            return Outcome(Result(Code.PROTOCOL_ERROR, str(error)))
        except (RequestError, NotReady) as error:
            return Outcome(_refusal(error))
        critical = frozenset(control.oid for control in message.controls if control.critical)
        steps = run(people, Asked(search, wishes, critical, self._desk.section.max_results))
        while True:
            async with self._desk.turn:
                try:
                    entries = next(steps)
                except StopIteration as end:
                    outcome: Outcome = end.value
                    break
                await asyncio.sleep(0)
            await emit(entries)
        if outcome.missed:
            self._desk.mirror.nudge()
        return outcome

    async def compare(self, compare: Compare) -> Result:
        """Whether an entry has a value, as an equality filter would find it (RFC 4511 section 4.10)."""
        try:
            people = await self._people()
            parts, base = dn.parse(compare.entry), dn.parse(people.base)
        except BadParameter as error:
            return Result(Code.INVALID_DN, str(error))
        except (RequestError, NotReady) as error:
            return _refusal(error)
        place = people.place(parts[0][1]) if parts[1:] == base and parts[0][0] == "uid" else None
        if place is None:
            return Result(Code.NO_SUCH_OBJECT, f"The entries are below {people.base}.", people.base)
        return _compared(people, place, compare)

    def who(self) -> str:
        """The authorization identity (RFC 4513 section 5.2.1.8): empty for anonymous."""
        return f"u:{self._key.name}" if self._key else ""

    async def _people(self) -> People:
        """The book of the key that was shown, which must still be good.

        Raises:
            RequestError: There is none, or what was shown is no longer good: revoked, replaced, or limited meanwhile.
            NotReady: There is no mirror yet.
        """
        if self._key is None:
            raise KeyMissing("Bind first; the password is the key.")
        keys = self._desk.keys
        if self._shown is None:
            key = keys.open_named(self._key.name, Feature.PHONEBOOK, self._address)
        else:
            key = keys.open_again(self._shown, Feature.PHONEBOOK, self._address)
        people = await self._desk.shelf.people(key)
        self._desk.phones.note(Phone(self._address, "", "", LISTED_AS, key.name), len(people))
        return people


def _compared(people: People, place: int, compare: Compare) -> Result:
    name = canonical(compare.attribute)
    if name is None or not people.values(place, name):
        return Result(Code.NO_SUCH_ATTRIBUTE, f"The entry has no {compare.attribute}.")
    truth = question(people, FilterEquality(compare.attribute, compare.value)).test(place)
    return Result(Code.COMPARE_TRUE if truth else Code.COMPARE_FALSE)


def _refusal(error: RequestError | NotReady) -> Result:
    if isinstance(error, NotReady):
        return Result(Code.UNAVAILABLE, str(error))
    return Result(Code.NO_RIGHTS, str(error))
