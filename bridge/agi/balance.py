"""``AGI(agi://…/balance)``: the phone menu that speaks a client's balance.

The caller is recognised by number, or types the client number; a PIN is asked for by ``agi.pin``. PINs are read
from ITFlow while the call waits, compared, and dropped with the call: they are never stored or logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from enum import Enum, auto

from bridge import accounts, callerid, numbers
from bridge.access.keys import Feature, Key
from bridge.agi import prompts
from bridge.agi.features import Features
from bridge.agi.lockout import keyed, matches
from bridge.agi.prompts import Step, sentence
from bridge.agi.protocol import Environment
from bridge.agi.session import Session
from bridge.directory.entries import Entry, Kind
from bridge.directory.snapshot import Snapshot
from bridge.errors import BadParameter, ItflowError, NotFound, NotReady
from bridge.settings import PinRule

FEATURE = Feature.BALANCE
CLIENT_TRIES = 3
REPEATS = 5
KEYS_WAIT_S = 8
MENU_WAIT_S = 5
MAX_CLIENT_DIGITS = 10
MAX_PIN_DIGITS = 32
MAX_PINS = 20  # contacts of one client whose PINs are read for one call
PIN_WAIT_S = 5
AGAIN, TRANSFER = "1", "0"


class State(Enum):
    """Where in the menu a call is."""

    START = auto()
    CLIENT = auto()
    PIN = auto()
    SPEAK = auto()
    MENU = auto()
    OFFER = auto()
    TRANSFER = auto()
    GOODBYE = auto()
    END = auto()


class Menu:
    """One call's way through the menu.

    Attributes:
        outcome: What the caller got, for the log.
    """

    def __init__(self, session: Session, environment: Environment, features: Features, key: Key) -> None:
        self._session = session
        self._features = features
        self._key = key
        self._number = environment.number
        self._language = environment.get("language")
        self._prompts = prompts.load(prompts.FALLBACK)
        self._client_id = 0
        self._contact: Entry | None = None
        self._typed = False
        self._repeats = 0
        self.outcome = "left"

    async def run(self) -> None:
        """Go from step to step until the call is over."""
        await self._choose_language()
        state = State.START
        while state is not State.END:
            state = await STEPS[state](self)

    async def start(self) -> State:
        """Greet, and see who calls."""
        await self._say("welcome")
        age_s = self._features.mirror.freshness.money_age_s
        if self._features.mirror.current is None or age_s is None:
            return await self._refuse("unavailable")
        if age_s > self._features.settings.max_age_s:
            return await self._refuse("too-old")
        caller = callerid.lookup(self._features.mirror.snapshot, self._key, self._number)
        if not caller.client_id:
            return State.CLIENT
        self._client_id = caller.client_id
        if caller.entry is not None and caller.entry.kind is Kind.CONTACT:
            self._contact = caller.entry
        return State.PIN

    async def client(self) -> State:
        """Let the caller type the client number."""
        self._typed = True
        for _ in range(CLIENT_TRIES):
            digits = await self._ask("enter-client", digits=MAX_CLIENT_DIGITS)
            if digits.isascii() and digits.isdigit() and self._statement(int(digits)) is not None:
                self._client_id = int(digits)
                return State.PIN
            await self._say("unknown-client")
        return await self._refuse()

    async def pin(self) -> State:
        """Ask for the PIN where one is demanded."""
        settings, lockout = self._features.settings, self._features.lockout
        subjects = self._subjects()
        contacts = await self._contacts_with_pin()
        demanded = {
            PinRule.IF_SET: bool(contacts),
            PinRule.TYPED: bool(contacts) or self._typed,
            PinRule.ALWAYS: True,
        }
        if not demanded[settings.pin]:
            return State.SPEAK
        if lockout.locked(subjects):
            return await self._refuse("locked")
        try:
            pins = await self._read_pins(contacts)
        except (ItflowError, TimeoutError):
            return await self._refuse("pin-unavailable")
        if not pins:
            return await self._refuse("no-pin")
        for _ in range(settings.pin_tries):
            typed = await self._ask("enter-pin", digits=MAX_PIN_DIGITS)
            # No await from here to the count: calls at the same time cannot have more tries together.
            if lockout.locked(subjects):
                break
            if matches(typed, pins):
                lockout.right(subjects)
                return State.SPEAK
            if typed:
                lockout.wrong(subjects)
                await self._say("wrong-pin")
        return await self._refuse("locked" if lockout.locked(subjects) else None)

    async def speak(self) -> State:
        """Speak the balance."""
        statement = self._statement(self._client_id)
        if statement is None:
            return await self._refuse("unknown-client")
        await self._session.say(spoken(statement, self._prompts))
        self.outcome = "spoken"
        return State.MENU

    async def menu(self) -> State:
        """Offer to repeat or to transfer."""
        self._repeats += 1
        transfers = self._features.settings.accounts is not None
        key = await self._ask("menu-transfer" if transfers else "menu", digits=1, wait_s=MENU_WAIT_S)
        if key == AGAIN and self._repeats <= REPEATS:
            return State.SPEAK
        return State.TRANSFER if key == TRANSFER and transfers else State.GOODBYE

    async def offer(self) -> State:
        """Offer the transfer where no balance can be spoken."""
        if self._features.settings.accounts is None:
            return State.GOODBYE
        key = await self._ask("transfer", digits=1, wait_s=MENU_WAIT_S)
        return State.TRANSFER if key == TRANSFER else State.GOODBYE

    async def transfer(self) -> State:
        """Tell the dialplan where the call goes on."""
        exten, _, context = (self._features.settings.accounts or "").partition("@")
        await self._session.set("ITFLOW_TRANSFER", f"{context},{exten},1")
        self.outcome += ", transferred"
        return State.END

    async def goodbye(self) -> State:
        """End the call."""
        await self._say("goodbye")
        return State.END

    async def _choose_language(self) -> None:
        """The channel's language where there are prompts and numbers for it, else English.

        Raises:
            BadParameter: Asterisk has no English numbers either.
        """
        own = prompts.load(self._language)
        if self._language.startswith(own.language) and await self._session.has(own.numbers):
            self._prompts = own
            return
        await self._session.set("CHANNEL(language)", self._prompts.language)
        if not await self._session.has(self._prompts.numbers):
            raise BadParameter(
                f"Asterisk has no sound file {self._prompts.numbers}, so it cannot speak amounts. Install its "
                "sounds (Debian: asterisk-core-sounds-en)."
            )

    async def _refuse(self, reason: str | None = None) -> State:
        if reason:
            await self._say(reason)
        self.outcome = reason or "not identified"
        return State.OFFER

    async def _say(self, name: str) -> None:
        await self._session.say([sentence(name)])

    async def _ask(self, name: str, *, digits: int, wait_s: float = KEYS_WAIT_S) -> str:
        return await self._session.ask(sentence(name).file, wait_s=wait_s, digits=digits)

    def _statement(self, client_id: int) -> accounts.Statement | None:
        try:
            return accounts.current(self._features.mirror, client_id, self._key.clients)
        except (NotFound, NotReady):
            return None

    def _subjects(self) -> Sequence[str]:
        """Who is locked out after wrong PINs; a withheld number is nobody's."""
        sent = numbers.sent(self._number, region=self._key.numbers.region, trunk=self._key.numbers.trunk)
        return [f"client {self._client_id}", *(f"caller {reading.number}" for reading in sent.readings)]

    async def _contacts_with_pin(self) -> Sequence[int]:
        """The contacts whose PIN opens the balance: the caller's own, or anyone's of the client where that is open."""
        if self._contact is not None:
            return [self._contact.id] if self._contact.has_pin else []
        return await asyncio.to_thread(_contacts_with_pin, self._features.mirror.snapshot, self._client_id)

    async def _read_pins(self, contacts: Sequence[int]) -> Sequence[str]:
        async with asyncio.timeout(PIN_WAIT_S):
            return [pin for contact in contacts if keyed(pin := await self._features.read_pin(contact))]


STEPS: Mapping[State, Callable[[Menu], Awaitable[State]]] = {
    State.START: Menu.start,
    State.CLIENT: Menu.client,
    State.PIN: Menu.pin,
    State.SPEAK: Menu.speak,
    State.MENU: Menu.menu,
    State.OFFER: Menu.offer,
    State.TRANSFER: Menu.transfer,
    State.GOODBYE: Menu.goodbye,
}


def _contacts_with_pin(snapshot: Snapshot, client_id: int) -> Sequence[int]:
    entries = snapshot.entries(frozenset({client_id}))
    contacts = [entry for entry in entries if entry.kind is Kind.CONTACT and entry.has_pin]
    ranked = sorted(contacts, key=lambda contact: (not contact.primary, not contact.billing, contact.id))
    return [contact.id for contact in ranked[:MAX_PINS]]


def spoken(statement: accounts.Statement, table: prompts.Prompts) -> Iterator[Step]:
    """A statement in words: each currency by itself, and whether it is certain; no amount that may be too low."""
    if statement.certainty is accounts.Certainty.UNCERTAIN:
        yield sentence("uncertain")
        return
    exact = statement.certainty is accounts.Certainty.EXACT
    for currency, amount in statement.balances.items():
        if not amount:
            yield sentence("balance-is-zero")
            continue
        yield sentence("balance-is" if exact else "balance-is-at-most")
        yield from table.amount(amount, currency)
        if amount < 0:
            yield sentence("credit")
    if not exact:
        yield sentence("uncertain")


async def run(session: Session, environment: Environment, features: Features, key: Key) -> str:
    """Run the menu.

    Returns:
        What happened, for the log.
    """
    menu = Menu(session, environment, features, key)
    await menu.run()
    return menu.outcome
