"""Making, listing, rotating and revoking API keys, told as text or JSON."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from features.errors import SettingsError
from features.settings import Settings
from serving.access.key_store import Grant, KeyStore, NewKey
from serving.access.keys import ApiKey
from serving.access.pepper import Pepper
from serving.database import address_of

_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
_OVERLAP = re.compile(r"(\d{1,5})([mhd])|0", re.ASCII)
_HEADINGS = ("id", "label", "scopes", "markets", "state", "expires", "last used")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a new key is to be; a day of expiry without a zone is one of UTC."""

    scopes: tuple[str, ...]
    label: str
    markets: tuple[str, ...] | None
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class Made:
    """A key that was made, with its secret."""

    new: NewKey
    now: datetime

    def as_text(self) -> str:
        """The key and how it is used."""
        return (
            f"{self.new.secret}\n\nKeep it now, it is not shown again. Send it as the header\n"
            f"Authorization: Bearer {self.new.secret}\n"
            f"Take it back with: regulars keys revoke {self.new.key.key_id}"
        )

    def as_json(self) -> str:
        """The key and what is kept of it."""
        return json.dumps({"key": self.new.secret} | about(self.new.key, self.now), indent=2)


@dataclass(frozen=True, slots=True)
class Listed:
    """All keys, the oldest first."""

    keys: list[ApiKey]
    now: datetime

    def as_text(self) -> str:
        """A table, a key each line."""
        if not self.keys:
            return "There are no API keys. Make one with: regulars keys create"
        rows = [_HEADINGS, *(_row(key, self.now) for key in self.keys)]
        widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADINGS))]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join(lines)

    def as_json(self) -> str:
        """The same for programs."""
        return json.dumps([about(key, self.now) for key in self.keys], indent=2)


def create(settings: Settings, asked: Asked, now: datetime) -> Made:
    """A new key. Raises SettingsError for a market that is none, or a day that is past."""
    unknown = sorted(set(asked.markets or ()) - set(settings.markets))
    if unknown:
        known = ", ".join(settings.markets)
        message = f"There is no market {', '.join(unknown)}; the settings have {known}."
        raise SettingsError(message)
    expires_at = asked.expires and asked.expires.replace(tzinfo=UTC)
    if expires_at is not None and expires_at <= now:
        message = f"The key would have ended on {expires_at:%Y-%m-%d} already."
        raise SettingsError(message)
    scopes = tuple(dict.fromkeys(asked.scopes))
    with _store(settings) as store:
        grant = Grant(scopes, asked.label, asked.markets, expires_at)
        return Made(store.create(grant, Pepper(settings.workspace).made(), now), now)


def listed(settings: Settings, now: datetime) -> Listed:
    """All keys that were ever made."""
    with _store(settings) as store:
        return Listed(store.keys(), now)


def rotate(settings: Settings, key_id: str, now: datetime, overlap: timedelta) -> Made:
    """A key in the place of another, which ends after the overlap. Raises UnknownKey."""
    with _store(settings) as store:
        return Made(store.rotate(key_id, Pepper(settings.workspace).made(), now, overlap), now)


def revoke(settings: Settings, key_id: str, now: datetime) -> str:
    """A sentence, after the key was revoked. Raises UnknownKey."""
    with _store(settings) as store:
        key = store.revoke(key_id, now)
    return f"Key {key.key_id} ({key.label}) opens nothing any more."


def has_keys(settings: Settings) -> bool:
    """Whether any key was ever made."""
    with _store(settings) as store:
        return bool(store.keys())


def overlap_of(text: str) -> timedelta:
    """How long `24h`, `30m`, `7d` or `0` is. Raises SettingsError.

    >>> overlap_of("24h")
    datetime.timedelta(days=1)
    """
    found = _OVERLAP.fullmatch(text)
    if found is None:
        message = f"--overlap {text!r} is no time. Write it as 30m, 24h, 7d or 0."
        raise SettingsError(message)
    return timedelta(seconds=int(found[1] or 0) * _SECONDS[found[2] or "m"])


def about(key: ApiKey, now: datetime) -> dict[str, Any]:
    """What may be told of a key: everything but its digest."""
    return {
        "id": key.key_id,
        "label": key.label,
        "scopes": list(key.scopes),
        "markets": None if key.markets is None else list(key.markets),
        "state": key.state(now),
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "expires_at": key.expires_at and key.expires_at.isoformat(timespec="seconds"),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(timespec="seconds"),
        "last_used_on": key.last_used_on and key.last_used_on.isoformat(),
    }


def _row(key: ApiKey, now: datetime) -> tuple[str, ...]:
    return (
        key.key_id,
        key.label,
        ",".join(key.scopes),
        "all" if key.markets is None else ",".join(key.markets),
        key.state(now),
        "never" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d %H:%M}",
        "never" if key.last_used_on is None else key.last_used_on.isoformat(),
    )


@contextmanager
def _store(settings: Settings) -> Iterator[KeyStore]:
    store = KeyStore(address_of(settings))
    try:
        yield store
    finally:
        store.close()
