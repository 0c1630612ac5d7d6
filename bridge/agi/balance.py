"""``AGI(agi://…/balance)``: the phone menu that speaks a client's balance.

The caller is recognised by number, or types the client number; who then hears a balance is said in ``trust``. PINs
are read from ITFlow while the call waits, compared, and dropped with the call: they are never stored or logged. Until
a PIN is right, every client number sounds alike, whether there is such a client or not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from enum import Enum, auto

from prometheus_client import Counter

from bridge import accounts, callerid, numbers
from bridge.access.keys import Feature, Key
from bridge.agi import prompts
from bridge.agi.features import Features
from bridge.agi.lockout import matches, usable
from bridge.agi.prompts import Step, sentence
from bridge.agi.protocol import Environment
from bridge.agi.session import Session
from bridge.agi.trust import Way, attestation, way
from bridge.agi.voice import Voice
from bridge.callerid.attestation import Attestation
from bridge.directory.entries import Kind
from bridge.directory.snapshot import Snapshot
from bridge.errors import ItflowError, NotFound, NotReady, StorageError

log = logging.getLogger(__name__)

_WRONG_PINS = Counter("itflow_bridge_agi_wrong_pins", "Wrong PINs that callers typed")

FEATURE = Feature.BALANCE
CLIENT_TRIES = 3
HEARINGS = 5  # of the balance after the first one
UNKNOWN_KEYS = 2  # that repeat a menu
KEYS_WAIT_S = 8
MENU_WAIT_S = 5
MAX_CLIENT_DIGITS = 10
MAX_PIN_DIGITS = 32
MAX_PINS = 20  # contacts of one client whose PINs are read for one call
PIN_WAIT_S = 2  # after the caller has typed one; they are read meanwhile
NOBODY = 2**31 - 1  # a contact that is not there, read where there is no client, so that it takes as long
AGAIN, TRANSFER = "1", "0"


class State(Enum):
    """Where in the menu a call is."""

    START = auto()
    CLIENT = auto()
    ADMIT = auto()
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
        self._environment = environment
        self._voice = Voice(session, environment.get("language"), features.told)
        self._attestation = Attestation.NONE
        self._client_id = 0
        self._contact = 0
        self._known = False
        self._hearings = 0
        self.outcome = "left"

    async def run(self) -> None:
        """Go from step to step until the call is over."""
        await self._voice.begin()
        self._attestation = await attestation(self._session, self._environment)
        state = State.START
        while state is not State.END:
            state = await STEPS[state](self)

    async def start(self) -> State:
        """Greet, and see who calls."""
        self._voice.say("welcome")
        age_s = self._features.mirror.freshness.money_age_s
        if self._features.mirror.current is None or age_s is None:
            return self._refuse("unavailable")
        if age_s > self._features.settings.max_age_s:
            return self._refuse("too-old")
        caller = callerid.answer(
            self._features.mirror, self._key, self._number, interface=callerid.Interface.AGI, with_facts=True
        ).facts
        self._client_id = caller.get("client_id") or 0
        self._contact = caller.get("contact_id") or 0
        self._known = bool(self._client_id)
        # Whoever gets no menu is not even asked for a client number.
        return State.CLIENT if not self._known and self._attestation is not Attestation.FAILED else State.ADMIT

    async def client(self) -> State:
        """Let the caller type a client number; whether there is such a client is not said."""
        for _ in range(CLIENT_TRIES):
            digits = await self._voice.ask("enter-client", digits=MAX_CLIENT_DIGITS, wait_s=KEYS_WAIT_S)
            if digits:
                self._client_id = int(digits) if digits.isascii() and digits.isdigit() else 0
                return State.ADMIT
        return self._refuse()

    async def admit(self) -> State:
        """Decide what the caller has to show."""
        has_pin = bool(await self._contacts())
        match way(self._features.settings.pin, self._attestation, known=self._known, has_pin=has_pin):
            case Way.NO_MENU:
                return self._refuse("unavailable")
            case Way.SAY_NO_PIN:
                return self._refuse("no-pin")
            case Way.SPEAK:
                return State.SPEAK
        return State.PIN

    async def pin(self) -> State:
        """Ask for a PIN, reading the right ones meanwhile."""
        reading = asyncio.create_task(self._pins(), name="agi pins")
        try:
            return await self._ask_pin(reading)
        except StorageError as error:
            log.error("Nobody hears a balance while wrong PINs cannot be counted: %s", error)  # noqa: TRY400 - it says all
            return self._refuse("pin-unavailable")
        finally:
            reading.cancel()
            await asyncio.wait({reading})

    async def _ask_pin(self, reading: asyncio.Task[Sequence[str]]) -> State:
        lockout, subjects = self._features.lockout, self._subjects()
        if await lockout.locked(subjects):
            return self._refuse("locked")
        for _ in range(self._features.settings.pin_tries):
            typed = await self._voice.ask("enter-pin", digits=MAX_PIN_DIGITS, wait_s=KEYS_WAIT_S)
            if not typed:
                continue
            await asyncio.wait({reading}, timeout=PIN_WAIT_S)
            if not reading.done() or isinstance(reading.exception(), ItflowError):
                return self._refuse("pin-unavailable")
            if not await lockout.spend(subjects):
                break
            if matches(typed, reading.result()):
                await lockout.clear(subjects)
                return State.SPEAK
            _WRONG_PINS.inc()
            self._voice.say("wrong-pin")
        return self._refuse("locked" if await lockout.locked(subjects) else None)

    async def speak(self) -> State:
        """Speak the balance, where every sound of it is there."""
        statement = self._statement()
        if statement is None:  # its client has gone meanwhile
            return self._refuse("unavailable")
        if not await self._voice.speak(lambda table: spoken(statement, table)):
            return self._refuse("unavailable")
        self.outcome = "spoken"
        return State.MENU

    async def menu(self) -> State:
        """Offer to repeat or to transfer."""
        transfers = self._features.settings.accounts is not None
        key = await self._choose("menu-transfer" if transfers else "menu", {AGAIN, *({TRANSFER} if transfers else ())})
        self._hearings += key == AGAIN
        if key == AGAIN and self._hearings <= HEARINGS:
            return State.SPEAK
        return State.TRANSFER if key == TRANSFER else State.GOODBYE

    async def offer(self) -> State:
        """Offer the transfer where no balance can be spoken."""
        if self._features.settings.accounts is None:
            return State.GOODBYE
        return State.TRANSFER if await self._choose("transfer", {TRANSFER}) else State.GOODBYE

    async def transfer(self) -> State:
        """Tell the dialplan where the call goes on."""
        exten, _, context = (self._features.settings.accounts or "").partition("@")
        await self._session.set("ITFLOW_TRANSFER", f"{context},{exten},1")
        self.outcome += ", transferred"
        return State.END

    async def goodbye(self) -> State:
        """End the call."""
        self._voice.say("goodbye")
        await self._voice.finish()
        return State.END

    async def _choose(self, name: str, keys: set[str]) -> str:
        """One of the keys, or an empty text; a key that is not one of them repeats the question."""
        for _ in range(1 + UNKNOWN_KEYS):
            key = await self._voice.ask(name, digits=1, wait_s=MENU_WAIT_S)
            if not key or key in keys:
                return key
        return ""

    def _refuse(self, reason: str | None = None) -> State:
        if reason:
            self._voice.say(reason)
        self.outcome = reason or "not identified"
        return State.OFFER

    def _statement(self) -> accounts.Statement | None:
        try:
            return accounts.current(self._features.mirror, self._client_id, self._key.clients)
        except (NotFound, NotReady):
            return None

    def _subjects(self) -> Sequence[str]:
        """Who is locked out after wrong PINs; a withheld number is nobody's."""
        sent = numbers.sent(self._number, region=self._key.numbers.region, trunk=self._key.numbers.trunk)
        return [f"client {self._client_id}", *(f"caller {reading.number}" for reading in sent.readings)]

    async def _contacts(self) -> Sequence[int]:
        """The client's contacts that have a PIN, the caller first; none where the key does not see the client."""
        if self._statement() is None:
            return []
        found = await asyncio.to_thread(contacts_with_pin, self._features.mirror.snapshot, self._client_id)
        return sorted(found, key=lambda contact: contact != self._contact)[:MAX_PINS]

    async def _pins(self) -> Sequence[str]:
        """The PINs that open the balance: the caller's own, else any of the client's."""
        contacts = await self._contacts() or [NOBODY]
        if contacts[0] == self._contact and usable(own := await self._features.read_pin(self._contact)):
            return [own]
        # At the same time, so that it takes no longer than for a client with one PIN, or for none.
        reading = [asyncio.ensure_future(self._features.read_pin(contact)) for contact in contacts]
        try:
            return [pin for pin in await asyncio.gather(*reading) if usable(pin)]
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)


STEPS: Mapping[State, Callable[[Menu], Awaitable[State]]] = {
    State.START: Menu.start,
    State.CLIENT: Menu.client,
    State.ADMIT: Menu.admit,
    State.PIN: Menu.pin,
    State.SPEAK: Menu.speak,
    State.MENU: Menu.menu,
    State.OFFER: Menu.offer,
    State.TRANSFER: Menu.transfer,
    State.GOODBYE: Menu.goodbye,
}


def contacts_with_pin(snapshot: Snapshot, client_id: int) -> Sequence[int]:
    """A client's contacts that have a PIN: the primary one, those for billing, the others by id."""
    entries = snapshot.entries(frozenset({client_id}))
    contacts = [entry for entry in entries if entry.kind is Kind.CONTACT and entry.has_pin]
    ranked = sorted(contacts, key=lambda contact: (not contact.primary, not contact.billing, contact.id))
    return [contact.id for contact in ranked]


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
