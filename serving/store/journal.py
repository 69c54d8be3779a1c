"""The journal: what happened, in the order in which it became visible, each under its number."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select

from serving.database import Database
from serving.store.shapes import JournalEvent
from serving.store.tables import JOURNAL


class Journal:
    """Events to append and to read; numbers grow and are never given twice."""

    def __init__(self, database: Database) -> None:
        """The journal of an open database."""
        self._database = database

    def append(
        self,
        kind: str,
        *,
        occurred_at: datetime,
        customer_id: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> int:
        """Write an event, such as `model.promoted`, and return its number."""
        row = {
            "kind": kind,
            "occurred_at": occurred_at.astimezone(UTC),
            "customer_id": customer_id,
            "data": dict(data or {}),
        }
        with self._database.writing() as connection:
            self._database.in_order(connection)
            key = connection.execute(insert(JOURNAL).values(**row)).inserted_primary_key
        return int(key[0]) if key else 0

    def events(self, *, after: int, limit: int) -> list[JournalEvent]:
        """Events behind this number, the oldest first."""
        asked = (
            select(JOURNAL)
            .where(JOURNAL.c.sequence > after)
            .order_by(JOURNAL.c.sequence)
            .limit(limit)
        )
        with self._database.reading() as connection:
            rows = connection.execute(asked).mappings().all()
        return [
            JournalEvent(**row | {"occurred_at": row["occurred_at"].replace(tzinfo=UTC)})
            for row in map(dict, rows)
        ]

    def first(self) -> int:
        """The number of the oldest event that is kept; 0 if there is none."""
        with self._database.reading() as connection:
            return int(connection.execute(select(func.min(JOURNAL.c.sequence))).scalar() or 0)
