"""People: who has which extensions, and what else phone systems and ITFlow know them by.

A person signs in with a password, kept as an Argon2 hash, or with a link that works once.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import secrets
import shlex
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bridge import controls
from bridge.errors import BadParameter, NotFound
from bridge.storage import Database

LINK_LASTS = dt.timedelta(hours=1)
MAX_PASSWORD = 1024  # characters; hashing a longer one costs without use
LEAST_PASSWORD = 10

_HASHER = PasswordHasher()
# Checked where there is no such person, so that an answer's time does not tell who there is.
_NO_HASH = _HASHER.hash(secrets.token_hex())


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who answers calls.

    Attributes:
        name: As the page, notes and logs show it.
        extensions: The first one is dialled from.
        email: Empty where it is not known.
        logins: What phone systems call this person where they name no extension.
        itflow_user_id: The user in ITFlow; None where it is not known.
        key_file: File with the person's own ITFlow key; None for the bridge's.
    """

    name: str
    extensions: tuple[str, ...] = ()
    email: str = ""
    logins: tuple[str, ...] = ()
    itflow_user_id: int | None = None
    key_file: Path | None = None

    @property
    def called(self) -> tuple[str, ...]:
        """Every name that a phone system may have for this person."""
        return tuple(filter(None, (*self.extensions, *self.logins, self.email, self.name)))


class People:
    """Everybody; what is stored is read once, and again with ``load``.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._people: Mapping[str, Person] = {}
        self._called: Mapping[str, Person] = {}

    def load(self) -> None:
        """Read what is stored; to be told when ``bridge.db`` has changed.

        Raises:
            StorageError: It cannot be read.
        """
        with self._database.read() as connection:
            people = connection.execute("SELECT name, email, itflow_user_id, key_file FROM people ORDER BY name")
            names = "SELECT called FROM people_names WHERE person = ? AND kind = ? ORDER BY place"
            found = [
                Person(
                    name=name,
                    extensions=_texts(connection.execute(names, (name, "extension"))),
                    email=email,
                    logins=_texts(connection.execute(names, (name, "login"))),
                    itflow_user_id=user_id,
                    key_file=Path(key_file) if key_file else None,
                )
                for name, email, user_id, key_file in people.fetchall()
            ]
        self._people = {person.name: person for person in found}
        # Of two who are called the same, an extension or a login, which only one has, comes before name and e-mail.
        loose = {text.casefold(): one for one in found for text in (one.name, one.email) if text}
        exact = {text.casefold(): one for one in found for text in (*one.extensions, *one.logins)}
        self._called = loose | exact

    def all(self) -> Sequence[Person]:
        """Everybody, by name."""
        return list(self._people.values())

    def named(self, name: str) -> Person:
        """A person by the name they were added with.

        Raises:
            NotFound: There is none.
        """
        if name not in self._people:
            raise NotFound(f"There is no person {name}. See itflow-bridge people list")
        return self._people[name]

    def of(self, called: str) -> Person | None:
        """Who is meant by what a phone system says: an extension, a login, an e-mail address or a name."""
        return self._called.get(called.strip().casefold())

    def extension_of(self, itflow_user_id: int) -> str:
        """The first extension of a user of ITFlow; empty where nobody is that user."""
        known = (one for one in self._people.values() if one.itflow_user_id == itflow_user_id and one.extensions)
        return next((one.extensions[0] for one in known), "")

    def add(self, person: Person, password: str = "") -> None:
        """Add a person, or give a known one other extensions and all else; a password that is not given stays.

        Raises:
            BadParameter: An extension or login is somebody else's, or the password is too short.
            StorageError: It cannot be stored.
        """
        if not person.name.strip() or controls.one_line(person.name) != person.name:
            raise BadParameter("Give the person a name of letters, such as 'Ada Muster'.")
        hashed = _hashed(password) if password else ""
        called = [("extension", one) for one in person.extensions] + [("login", one) for one in person.logins]
        with self._database.write() as connection:
            connection.execute("DELETE FROM people_names WHERE person = ?", (person.name,))
            for place, (kind, text) in enumerate(called):
                other = connection.execute(
                    "SELECT person FROM people_names WHERE called = ? COLLATE NOCASE", (text,)
                ).fetchone()
                if other:
                    raise BadParameter(f"{other[0]} has the {kind} {text} already; one {kind} is one person's.")
                connection.execute("INSERT INTO people_names VALUES (?, ?, ?, ?)", (text, kind, place, person.name))
            connection.execute(
                "INSERT INTO people (name, email, itflow_user_id, key_file, password, created_at) "
                "VALUES (:name, :email, :user, :file, :password, :at) ON CONFLICT DO UPDATE SET email = :email, "
                "itflow_user_id = :user, key_file = :file, password = iif(:password = '', password, :password)",
                {
                    "name": person.name,
                    "email": person.email,
                    "user": person.itflow_user_id,
                    "file": str(person.key_file or ""),
                    "password": hashed,
                    "at": _now().isoformat(timespec="seconds"),
                },
            )
        self.load()

    def remove(self, name: str) -> None:
        """Remove a person, and every way to sign in as them.

        Raises:
            NotFound: There is none.
            StorageError: It cannot be stored.
        """
        with self._database.write() as connection:
            if not connection.execute("DELETE FROM people WHERE name = ?", (name,)).rowcount:
                raise NotFound(f"There is no person {name}. See itflow-bridge people list")
            connection.execute("DELETE FROM people_names WHERE person = ?", (name,))
            connection.execute("DELETE FROM people_links WHERE person = ?", (name,))
        self.load()

    def link(self, name: str, lasting: dt.timedelta = LINK_LASTS) -> str:
        """A secret that signs a person in once.

        Raises:
            NotFound: There is no such person.
            StorageError: It cannot be stored.
        """
        secret = secrets.token_urlsafe(32)
        with self._database.write() as connection:
            if not connection.execute("SELECT 1 FROM people WHERE name = ?", (name,)).fetchone():
                raise NotFound(
                    f"There is no person {name}. See itflow-bridge people list, or make one: "
                    f"itflow-bridge people add {shlex.quote(name)}"
                )
            connection.execute(
                "INSERT INTO people_links VALUES (?, ?, ?)",
                (_secret_hash(secret), name, (_now() + lasting).isoformat(timespec="seconds")),
            )
        return secret

    def redeem(self, secret: str) -> Person | None:
        """Who is signed in by a link's secret, which is of no use afterwards; None where it is none.

        Raises:
            StorageError: It cannot be looked up.
        """
        now = _now().isoformat(timespec="seconds")
        with self._database.write() as connection:
            connection.execute("DELETE FROM people_links WHERE expires_at <= ?", (now,))
            found = connection.execute(
                "DELETE FROM people_links WHERE secret_hash = ? RETURNING person", (_secret_hash(secret),)
            ).fetchone()
        self.load()
        return self._people.get(found[0]) if found else None

    async def check(self, called: str, password: str) -> Person | None:
        """Who signs in with a password, by any of their names; None where it is wrong.

        It takes as long where there is no such person. The caller bounds how often it is tried.

        Raises:
            StorageError: It cannot be looked up.
        """
        if len(password) > MAX_PASSWORD:
            return None
        person = self.of(called)
        right = await asyncio.to_thread(partial(self._is_right, person.name if person else "", password))
        return person if right else None

    def _is_right(self, name: str, password: str) -> bool:
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT password FROM people WHERE name = ? AND password <> ''", (name,)
            ).fetchone()
        try:
            _HASHER.verify(found[0] if found else _NO_HASH, password)
        except (VerificationError, InvalidHashError):
            return False
        return found is not None


def extensions_of(people: Iterable[Person]) -> tuple[str, ...]:
    """Every name that phone systems have for some people, to filter the log by."""
    return tuple(text for person in people for text in person.called)


def _hashed(password: str) -> str:
    if not LEAST_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise BadParameter(f"Give a password of {LEAST_PASSWORD} characters at least.")
    return _HASHER.hash(password)


def _secret_hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _texts(rows: sqlite3.Cursor) -> tuple[str, ...]:
    return tuple(text for (text,) in rows)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
