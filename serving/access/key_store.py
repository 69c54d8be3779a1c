"""The API keys of a database: made, listed, rotated, revoked. The secret itself is never kept."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, insert, select, update

from features.errors import UnknownKey
from serving.access import tables
from serving.access.keys import ID_PART, ApiKey, as_utc, digest_of, new_secret
from serving.access.tables import api_keys, api_keys_revision

Changed = TypeVar("Changed")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a new key may do, for whom and until when."""

    scopes: tuple[str, ...]
    label: str
    markets: tuple[str, ...] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, with the secret that can be shown only now."""

    secret: str
    key: ApiKey


class KeyStore:
    """Reads and changes the keys at one address."""

    def __init__(self, address: str | URL) -> None:
        """Open no connection yet."""
        self._address = address
        self._engine = tables.opened(address)

    def create(self, grant: Grant, pepper: bytes, now: datetime) -> NewKey:
        """A new key."""
        return self._changed(lambda connection: _inserted(connection, grant, pepper, now))

    def rotate(self, key_id: str, pepper: bytes, now: datetime, overlap: timedelta) -> NewKey:
        """A new key that may do the same; the old one ends after the overlap.

        Raises UnknownKey for one that is not there or opens nothing any more.
        """

        def rotated(connection: Connection) -> NewKey:
            old = _found(connection, key_id)
            if old.state(now) != "active":
                message = f"Key {key_id} is {old.state(now)} already. Make a new one instead."
                raise UnknownKey(message)
            grant = Grant(old.scopes, old.label, old.markets, old.expires_at)
            ends_at = min(old.expires_at or now + overlap, now + overlap)
            _set(connection, key_id, expires_at=ends_at)
            return _inserted(connection, grant, pepper, now)

        return self._changed(rotated)

    def revoke(self, key_id: str, now: datetime) -> ApiKey:
        """The key, which opens nothing from now on. Raises UnknownKey."""

        def revoked(connection: Connection) -> ApiKey:
            if _found(connection, key_id).revoked_at is None:
                _set(connection, key_id, revoked_at=now)
            return _found(connection, key_id)

        return self._changed(revoked)

    def keys(self) -> list[ApiKey]:
        """Every key that was ever made, the oldest first."""
        if not self._is_made():
            return []
        asked = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id)
        with self._engine.connect() as connection:
            return [_key(row) for row in connection.execute(asked).mappings()]

    def revision(self) -> int:
        """A number that grows with every change of a key; 0 before the first."""
        if not self._is_made():
            return 0
        with self._engine.connect() as connection:
            return connection.execute(select(api_keys_revision.c.revision)).scalar() or 0

    def note_use(self, key_ids: Iterable[str], day: date) -> None:
        """Remember the day on which these keys were used last."""
        named = list(key_ids)
        with self._engine.begin() as connection:
            for key_id in named:
                _set(connection, key_id, last_used_on=day)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _is_made(self) -> bool:
        if not tables.is_there(self._address):
            return False
        with self._engine.connect() as connection:
            return self._engine.dialect.has_table(connection, api_keys_revision.name)

    def _changed(self, change: Callable[[Connection], Changed]) -> Changed:
        """What the change gives; the revision grows in the same transaction."""
        tables.prepare(self._engine)
        counted = update(api_keys_revision).values(revision=api_keys_revision.c.revision + 1)
        with self._engine.begin() as connection:
            if not connection.execute(counted).rowcount:
                connection.execute(insert(api_keys_revision).values(only=1, revision=1))
            return change(connection)


def _inserted(connection: Connection, grant: Grant, pepper: bytes, now: datetime) -> NewKey:
    taken = set(connection.execute(select(api_keys.c.key_id)).scalars())
    secret = new_secret(taken)
    key = ApiKey(
        key_id=secret[ID_PART],
        digest=digest_of(secret.encode(), pepper),
        label=grant.label,
        scopes=grant.scopes,
        markets=grant.markets,
        created_at=now,
        expires_at=grant.expires_at,
    )
    about = {column.name: getattr(key, column.name) for column in api_keys.columns}
    lists = {"scopes": list(key.scopes), "markets": _listed(key.markets)}
    connection.execute(insert(api_keys).values(about | lists))
    return NewKey(secret, key)


def _listed(markets: Sequence[str] | None) -> list[str] | None:
    return None if markets is None else list(markets)


def _found(connection: Connection, key_id: str) -> ApiKey:
    asked = select(api_keys).where(api_keys.c.key_id == key_id)
    row = connection.execute(asked).mappings().first()
    if row is None:
        message = f"There is no key {key_id!r}. List them with: regulars keys list"
        raise UnknownKey(message)
    return _key(row)


def _set(connection: Connection, key_id: str, **values: object) -> None:
    connection.execute(update(api_keys).where(api_keys.c.key_id == key_id).values(values))


def _key(row: Any) -> ApiKey:
    values = dict(row)
    times = {name: as_utc(values[name]) for name in ("created_at", "expires_at", "revoked_at")}
    markets = None if values["markets"] is None else tuple(values["markets"])
    return ApiKey(**values | times | {"scopes": tuple(values["scopes"]), "markets": markets})
