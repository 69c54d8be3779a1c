"""Who asks: a key in, a caller or nothing out, in about a microsecond.

The keys stand in a table in memory. A thread beside the requests looks twice a second whether the
database's revision has grown and reads the keys anew if it has, so a revocation holds in less than
a second and no request waits for the database.
"""

import hashlib
import hmac
import logging
import threading
import time
import weakref
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from features.errors import RegularsError
from serving.access.key_store import KeyStore
from serving.access.keys import DIGEST_BYTES, ID_PART, LENGTH, ApiKey, Caller

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.4
# Longer without a look at the database, and a revoked key might pass unseen.
STALE_SECONDS = 300.0


class Entry:
    """A key in memory; `used` is set by every request that comes with it."""

    __slots__ = ("caller", "digest", "used")

    def __init__(self, digest: bytes, caller: Caller) -> None:
        """Nothing was asked with it yet."""
        self.digest = digest
        self.caller = caller
        self.used = False


_NOBODY = Entry(bytes(DIGEST_BYTES), Caller("nobody", frozenset()))


class Gate:
    """The keys of one database, for one process; safe to use from several threads."""

    def __init__(
        self,
        store: KeyStore,
        pepper: Callable[[], bytes | None],
        clock: Callable[[], datetime],
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet; `load` does, and so does the first request."""
        self._store, self._pepper, self._clock, self._timer = store, pepper, clock, timer
        self._hash = hashlib.blake2b(digest_size=DIGEST_BYTES)
        self._entries: dict[bytes, Entry] = {}
        self._keys: list[ApiKey] = []
        self._revision = -1
        self._looked_at = float("-inf")
        self._loading = threading.Lock()
        self._ended = threading.Event()

    @property
    def is_loaded(self) -> bool:
        """Whether the keys were read at all."""
        return self._revision >= 0

    @property
    def is_fresh(self) -> bool:
        """Whether the table in memory may be trusted; before `load` it may not."""
        return self._timer() - self._looked_at < STALE_SECONDS

    @property
    def has_keys(self) -> bool:
        """Whether any key was ever made, those included that open nothing any more."""
        return bool(self._keys)

    def caller(self, secret: bytes) -> Caller | None:
        """Whoever holds this key; None if it opens nothing. Asks no database and no clock."""
        if len(secret) != LENGTH:
            return None
        # One way for known and unknown ids, so that the time taken tells nothing.
        entry = self._entries.get(secret[ID_PART], _NOBODY)
        digest = self._hash.copy()
        digest.update(secret)
        if not hmac.compare_digest(digest.digest(), entry.digest):
            return None
        entry.used = True
        return entry.caller

    def load(self) -> None:
        """Read the keys now and begin to watch them. Raises what the database raises."""
        with self._loading:
            if self._revision < 0:
                self._look()
                watched = weakref.ref(self)
                watch = threading.Thread(target=_watch, args=(watched, self._ended), daemon=True)
                watch.start()

    def look(self) -> None:
        """Take over what changed in the database; a database that is away changes nothing."""
        try:
            with self._loading:
                self._look()
                self._note_use()
        except (RegularsError, SQLAlchemyError, OSError) as error:
            log.warning("API keys cannot be read now: %s", type(error).__name__)

    def close(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._store.close()

    def _look(self) -> None:
        looked_at, revision = self._timer(), self._store.revision()
        if revision != self._revision:
            self._keys = self._store.keys()
            self._take(self._keys)
        elif any(key.expires_at for key in self._keys):  # time alone ends these
            self._take(self._keys)
        self._revision, self._looked_at = revision, looked_at

    def _take(self, keys: list[ApiKey]) -> None:
        now, kept = self._clock(), self._entries
        active = [key for key in keys if key.state(now) == "active"]
        if active:
            pepper = self._pepper()
            if pepper is None:
                log.warning("There are API keys but no pepper: none of them opens anything.")
                active = []
            else:
                self._hash = hashlib.blake2b(key=pepper, digest_size=DIGEST_BYTES)
        # Whole tables change hands, so a request never sees half of one.
        self._entries = {key.key_id.encode(): _entry(key, kept) for key in active}

    def _note_use(self) -> None:
        day = self._clock().date()
        used = {name.decode() for name, entry in self._entries.items() if entry.used}
        known = {key.key_id: key.last_used_on for key in self._keys}
        new = [name for name in used if known.get(name) != day]
        if new:
            self._store.note_use(new, day)
            self._keys = self._store.keys()
        for name in used:
            self._entries[name.encode()].used = False


def _entry(key: ApiKey, kept: dict[bytes, Entry]) -> Entry:
    """The key's entry, the one that is in use already if nothing of it changed."""
    known, caller = kept.get(key.key_id.encode()), key.caller()
    if known is not None and (known.digest, known.caller) == (key.digest, caller):
        return known
    return Entry(key.digest, caller)


def _watch(watched: "weakref.ref[Gate]", ended: threading.Event) -> None:
    """Look again and again until the gate is closed or gone."""
    while not ended.wait(LOOK_SECONDS):
        gate = watched()
        if gate is None:
            return
        gate.look()
        del gate
