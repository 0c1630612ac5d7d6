"""Browsers that people are signed in with: a random cookie, of which ``bridge.db`` keeps the SHA-256 alone."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.storage import Database

PER_PERSON = 50  # the oldest end first


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in."""

    person: str
    expires_at: dt.datetime


class Sessions:
    """All of them, in memory for every request and in ``bridge.db`` for good.

    Args:
        database: Where they are stored.
        lasting: How long one lasts.
    """

    def __init__(self, database: Database, lasting: dt.timedelta) -> None:
        self.lasting = lasting
        self._database = database
        self._by_hash: Mapping[bytes, Session] = {}

    def load(self) -> None:
        """Read what is stored; to be told when ``bridge.db`` has changed.

        Raises:
            StorageError: It cannot be read.
        """
        with self._database.read() as connection:
            rows = connection.execute("SELECT secret_hash, person, expires_at FROM page_sessions").fetchall()
        self._by_hash = {
            secret_hash: Session(person, dt.datetime.fromisoformat(expires)) for secret_hash, person, expires in rows
        }

    def open(self, person: str) -> str:
        """Sign a person in; the secret of the cookie.

        Raises:
            StorageError: It cannot be stored.
        """
        secret, now = secrets.token_urlsafe(32), dt.datetime.now(dt.UTC)
        with self._database.write() as connection:
            connection.execute("DELETE FROM page_sessions WHERE expires_at <= ?", (_text(now),))
            connection.execute(
                "DELETE FROM page_sessions WHERE person = ?1 AND rowid NOT IN (SELECT rowid FROM page_sessions "
                "WHERE person = ?1 ORDER BY created_at DESC LIMIT ?2)",
                (person, PER_PERSON - 1),
            )
            connection.execute(
                "INSERT INTO page_sessions VALUES (?, ?, ?, ?)",
                (_hash(secret), person, _text(now), _text(now + self.lasting)),
            )
        self.load()
        return secret

    def find(self, secret: str) -> Session | None:
        """The session of a cookie; None where there is none, or where it is over. From memory."""
        session = self._by_hash.get(_hash(secret))
        return session if session is not None and dt.datetime.now(dt.UTC) < session.expires_at else None

    def close(self, secret: str) -> None:
        """Sign a browser out.

        Raises:
            StorageError: It cannot be stored.
        """
        with self._database.write() as connection:
            connection.execute("DELETE FROM page_sessions WHERE secret_hash = ?", (_hash(secret),))
        self.load()


def token(secret: str) -> str:
    """What every form of a session carries, so that no other site can send one (CSRF)."""
    return hashlib.sha256(b"form" + secret.encode("utf-8", "surrogateescape")).hexdigest()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _text(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="microseconds")
