"""API keys: how one looks, what it may do, and what is kept of it.

A key is `rgl_<id>_<secret>`: the id finds the row, the secret is 256 random bits. Kept is a BLAKE2b
digest under a pepper that is not in the database, so that a copy of the database opens nothing. A
slow hash is for what people make up; it would only let strangers keep a server busy.
"""

import hashlib
import secrets
import string
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

SCOPES = ("scores:read", "scores:write", "audiences", "privacy", "admin", "metrics")
Scope = Literal["scores:read", "scores:write", "audiences", "privacy", "admin", "metrics"]

ID_CHARS = 8
SECRET_BYTES = 32  # 43 characters in base64
LENGTH = len("rgl_") + ID_CHARS + 1 + 43
ID_PART = slice(4, 4 + ID_CHARS)
DIGEST_BYTES = 32
# Not the alphabet of base64: an id is read out on the telephone.
_ID_ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a key and what it may do. `markets` is None where it may see all of them."""

    key_id: str
    scopes: frozenset[str]
    markets: frozenset[str] | None = None

    def may(self, scope: str) -> bool:
        """Whether it may do what needs this scope."""
        return scope in self.scopes

    def sees(self, market: str) -> bool:
        """Whether customers of this market exist for it."""
        return self.markets is None or market in self.markets


# Whoever is at the machine itself, as long as the rule of `serve.keys` lets them in without a key.
LOCAL = Caller("local", frozenset(SCOPES))


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key; times are UTC."""

    key_id: str
    digest: bytes
    label: str
    scopes: tuple[str, ...]
    markets: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_on: date | None = None

    def state(self, now: datetime) -> Literal["active", "expired", "revoked"]:
        """Whether it opens anything at this time."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "active"

    def caller(self) -> Caller:
        """The key as the one who asks with it."""
        markets = None if self.markets is None else frozenset(self.markets)
        return Caller(self.key_id, frozenset(self.scopes), markets)


def new_secret(taken: Collection[str] = ()) -> str:
    """A new key whose id is none of those taken.

    >>> len(new_secret()) == LENGTH
    True
    """
    while True:
        key_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(ID_CHARS))
        if key_id not in taken:
            return f"rgl_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"


def digest_of(secret: bytes, pepper: bytes) -> bytes:
    """What is kept of a secret."""
    return hashlib.blake2b(secret, key=pepper, digest_size=DIGEST_BYTES).digest()


def as_utc(time: datetime | None) -> datetime | None:
    """The time in UTC; SQLite forgets the zone of what was UTC when written."""
    if time is None:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
