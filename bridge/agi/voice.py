"""Speaks the menu: in the channel's language where its sounds are there, else in English, and goes on without sounds.

Asterisk answers a missing or unreadable file like a hang-up, so only its ``HANGUP`` or the end of the connection is
one. For a sentence that one language lacks, Asterisk plays the English one by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from bridge import resources
from bridge.agi import prompts
from bridge.agi.prompts import FALLBACK, FOLDER, Number, Play, Prompts, Step, sentence
from bridge.agi.session import END_KEY, Session

log = logging.getLogger(__name__)


class Voice:
    """What one caller hears.

    Args:
        session: The call.
        language: The channel's, as Asterisk names it (``de``, ``de_AT``).
        told: Missing files that the log names already; shared between calls.
    """

    def __init__(self, session: Session, language: str, told: set[str]) -> None:
        self._session = session
        self._language = language
        self._told = told
        self._waiting: list[str] = []
        self._prompts = prompts.load(language)

    async def begin(self) -> None:
        """Decide for the channel's language or for English."""
        spoken = self._language.startswith(self._prompts.language)
        if not spoken or (self._foreign and not await self._all([sentence("welcome"), Number(0)])):
            await self._to_english()

    def say(self, name: str) -> None:
        """Say a sentence of the table before the next question, or at the end; a key pressed meanwhile answers it."""
        self._waiting.append(sentence(name).file)

    async def ask(self, name: str, *, digits: int, wait_s: float) -> str:
        """Say what waits, then a question, and collect the keys that are pressed from the first sentence on.

        Args:
            name: The question, a sentence of the table.
            digits: The most keys; ``#`` ends earlier and is not among them.
            wait_s: For the first key and for each further one.
        """
        waiting, self._waiting = self._waiting, []
        for file in waiting:
            if key := await self._play(file):
                return await self._rest(key, digits, wait_s)
        file = sentence(name).file
        typed = await self._session.collect(file, wait_s=wait_s, digits=digits)
        if typed is None and not await self._heard(file):
            typed = await self._session.collect("", wait_s=wait_s, digits=digits)
        return typed or ""

    async def finish(self) -> None:
        """Say what waits."""
        waiting, self._waiting = self._waiting, []
        for file in waiting:
            await self._play(file)

    async def speak(self, steps: Callable[[Prompts], Iterable[Step]]) -> bool:
        """Speak all of something, or nothing of it.

        Args:
            steps: Makes it from a language's table.

        Returns:
            Whether every sound of it is there.
        """
        await self.finish()
        spoken = list(steps(self._prompts))
        if self._foreign and not await self._all(spoken):
            await self._to_english()
            spoken = list(steps(self._prompts))
        if not self._foreign and not await self._all(spoken):
            return False
        for step in spoken:
            await self._session.say(step)
        return True

    @property
    def _foreign(self) -> bool:
        return self._prompts.language != FALLBACK

    async def _to_english(self) -> None:
        self._prompts = prompts.load(FALLBACK)
        await self._session.set("CHANNEL(language)", FALLBACK)

    async def _all(self, steps: Iterable[Step]) -> bool:
        files = dict.fromkeys(step.file if isinstance(step, Play) else self._prompts.numbers for step in steps)
        return all([await self._has(file) for file in files])

    async def _has(self, file: str) -> bool:
        if not self._foreign:
            return await self._heard(file)
        if file == self._prompts.numbers:
            return await self._session.has(file)
        # Asterisk would play the English file in place of a missing one; a path that names the language has no other.
        languages = dict.fromkeys((self._language, self._prompts.language))
        return any([await self._session.has(f"{language}/{file}") for language in languages])

    async def _play(self, file: str) -> str:
        key = await self._session.play(file)
        if key is None:
            await self._heard(file)
        return key or ""

    async def _heard(self, file: str) -> bool:
        """Whether a file that failed is there; where the caller has gone instead, this is where it shows."""
        there = await self._session.has(file)
        if not there:
            self._tell(file)
        return there

    async def _rest(self, key: str, digits: int, wait_s: float) -> str:
        if key == END_KEY or digits == 1:
            return key.strip(END_KEY)
        return key + (await self._session.collect("", wait_s=wait_s, digits=digits - 1) or "")

    def _tell(self, file: str) -> None:
        """Name a missing file in the log, once."""
        if file in self._told:
            return
        self._told.add(file)
        if file == self._prompts.numbers:
            advice = "Install Asterisk's own English sounds (Debian: asterisk-core-sounds-en)."
        else:
            source = resources.path("asterisk") / "sounds" / FALLBACK / f"{file}.wav"
            advice = (
                f"Copy {source} to sounds/{FALLBACK}/{FOLDER}/ in Asterisk's folder (Debian: /usr/share/asterisk, "
                "elsewhere /var/lib/asterisk), readable by Asterisk; itflow-bridge setup asterisk prints the commands."
            )
        log.warning("Asterisk at %s cannot play the sound file %s. %s", self._session.peer, file, advice)
