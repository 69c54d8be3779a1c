"""The answers to writes, so that a write sent twice is done once.

A sender names a write by its `Idempotency-Key`. The first request claims the name, does the work
and keeps its answer; the same request again gets that answer, another one under the same name is
refused. A claim whose process died becomes free after `LEASE_SECONDS`: the work then may be done a
second time, so it must itself be safe to repeat (an upsert, an event with an id).
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import URL, Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from serving.access import tables
from serving.access.keys import as_utc
from serving.access.tables import replies, reply_customers

KEPT_DAYS = 7
LEASE_SECONDS = 60  # well above the time limit of a request
_DIGEST_BYTES = 20


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and the customers it is about, by whom it can be erased."""

    status: int
    body: bytes
    media_type: str = "application/json"
    customer_ids: tuple[str, ...] = ()
    was_kept: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why there is no answer: the first request still runs, was another one, or was erased."""

    why: str  # running | other | erased
    retry_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Write:
    """One write as it was sent: by which API key, under which name, to where, with what."""

    key_id: str
    name: str
    target: str  # method and path with query
    body: bytes


class Replies:
    """The kept answers of one database."""

    def __init__(self, address: str | URL, pepper: bytes, clock: Callable[[], datetime]) -> None:
        """Make the tables where they are new."""
        self._engine = tables.opened(address)
        self._pepper = pepper
        self._clock = clock
        tables.prepare(self._engine)

    def once(self, write: Write, work: Callable[[bytes], Reply]) -> Reply | Conflict:
        """The answer of `work`, done now or kept from before; or why there is none.

        What `work` raises goes through, and frees the name for a corrected request.
        """
        claim = self._claim(write)
        if isinstance(claim, Reply | Conflict):
            return claim
        try:
            reply = work(write.body)
        except BaseException:
            self._free(write, claim)
            raise
        self._keep(write, claim, reply)
        return reply

    def forget(self, customer_ids: Collection[str]) -> int:
        """Erase every answer about these customers; gives how many.

        The name stays taken, so that a late repetition does not do the work again.
        """
        digests = [self._digest("customer", one) for one in customer_ids]
        about = select(reply_customers.c.reply_id).where(
            reply_customers.c.customer_digest.in_(digests)
        )
        with self._engine.begin() as connection:
            found = list(connection.execute(about.distinct()).scalars())
            named = replies.c.reply_id.in_(found)
            connection.execute(update(replies).where(named).values(body=None))
            connection.execute(delete(reply_customers).where(reply_customers.c.reply_id.in_(found)))
        return len(found)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _claim(self, write: Write) -> Reply | Conflict | datetime:
        """When the claim began, if it is ours now; else what is there already."""
        now, digest = self._clock(), self._request_digest(write)
        claim = {"request_digest": digest, "started_at": now}
        try:
            with self._engine.begin() as connection:
                too_old = replies.c.started_at < now - timedelta(days=KEPT_DAYS)
                outdated = select(replies.c.reply_id).where(too_old)
                # Not every engine was told of the cascade.
                gone = reply_customers.c.reply_id.in_(outdated)
                connection.execute(delete(reply_customers).where(gone))
                connection.execute(delete(replies).where(too_old))
                row = connection.execute(
                    select(replies).where(replies.c.reply_id == self._reply_id(write))
                ).first()
                if row is not None:
                    return self._taken_over(connection, row, digest, now)
                connection.execute(insert(replies).values(reply_id=self._reply_id(write), **claim))
        except IntegrityError:  # two first requests at once: the other one was faster
            return Conflict("running", 1)
        return now

    def _taken_over(
        self, connection: Connection, row: Row[tuple[object, ...]], digest: bytes, now: datetime
    ) -> Reply | Conflict | datetime:
        kept = row._mapping  # noqa: SLF001 - SQLAlchemy's public name
        if kept["request_digest"] != digest:
            return Conflict("other")
        if kept["status"] is not None:
            if kept["body"] is None:
                return Conflict("erased")
            return Reply(kept["status"], kept["body"], kept["media_type"], was_kept=True)
        ends_at = (as_utc(kept["started_at"]) or now) + timedelta(seconds=LEASE_SECONDS)
        left = (ends_at - now).total_seconds()
        # A clock set back must not lock the name for longer than a lease.
        if left > 0:
            return Conflict("running", min(int(left) + 1, LEASE_SECONDS))
        mine = (
            update(replies)
            .where(
                replies.c.reply_id == kept["reply_id"],
                replies.c.started_at == kept["started_at"],
                replies.c.status.is_(None),
            )
            .values(started_at=now)
        )
        return now if connection.execute(mine).rowcount else Conflict("running", 1)

    def _keep(self, write: Write, claim: datetime, reply: Reply) -> None:
        reply_id = self._reply_id(write)
        answer = {"status": reply.status, "body": reply.body, "media_type": reply.media_type}
        digests = {self._digest("customer", one) for one in reply.customer_ids}
        people = [{"reply_id": reply_id, "customer_digest": one} for one in digests]
        mine = (replies.c.reply_id == reply_id, replies.c.started_at == claim)
        with self._engine.begin() as connection:
            # Not ours any more if it took longer than a lease: then the other one's is kept.
            if connection.execute(update(replies).where(*mine).values(answer)).rowcount and people:
                connection.execute(insert(reply_customers), people)

    def _free(self, write: Write, claim: datetime) -> None:
        mine = (replies.c.reply_id == self._reply_id(write), replies.c.started_at == claim)
        with self._engine.begin() as connection:
            connection.execute(delete(replies).where(*mine, replies.c.status.is_(None)))

    def _reply_id(self, write: Write) -> str:
        return self._digest("reply", write.key_id, write.name).hex()

    def _request_digest(self, write: Write) -> bytes:
        body = hashlib.blake2b(write.body, key=self._pepper, digest_size=_DIGEST_BYTES).hexdigest()
        return self._digest("request", write.target, body)

    def _digest(self, *parts: str) -> bytes:
        # NUL parts them: it is in no header, path or id.
        text = "\0".join(parts).encode()
        return hashlib.blake2b(text, key=self._pepper, digest_size=_DIGEST_BYTES).digest()
