"""Reading scores: one by one as ready answers, in batches, as sums and as lists.

Every question but that for the current generation names one, so no answer mixes two.
"""

import sqlite3
import threading
from collections.abc import Sequence

from sqlalchemy import func, select

from features.errors import DamagedStore, NotReady, RegularsError
from serving.database import CURES, SQLITE, Database
from serving.store.rows import generation_of, score_of
from serving.store.shapes import Cell, Changed, Generation, Overview, Score
from serving.store.tables import GENERATIONS, SCORES

ALL_BANDS = ("high", "medium", "low")
_DOCUMENT = "SELECT document, etag FROM scores WHERE generation = ? AND customer_id = ?"


class ScoreReader:
    """Answers questions about published generations; safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        """Read from an open database."""
        self._database = database
        self._seen = threading.local()

    def current(self) -> Generation | None:
        """The newest generation, or None before the first publication."""
        if self._database.kind != SQLITE:
            return self._newest()
        # SQLite tells cheaply whether anybody has written since this thread last looked.
        try:
            connection = self._database.read_only()
            version = connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise _told(error) from error
        seen: tuple[object, int, Generation | None] | None = getattr(self._seen, "current", None)
        if seen is None or seen[:2] != (connection, version):
            seen = (connection, version, self._newest())
            self._seen.current = seen
        return seen[2]

    def _newest(self) -> Generation | None:
        published = GENERATIONS.c.is_published.is_(True)
        newest = select(GENERATIONS).where(published).order_by(GENERATIONS.c.generation.desc())
        with self._database.reading() as connection:
            row = connection.execute(newest.limit(1)).mappings().first()
        return generation_of(row) if row else None

    def document(self, generation: int, customer_id: str) -> tuple[bytes, str] | None:
        """The ready answer and its ETag; None if the id is not known or none was made."""
        if self._database.kind == SQLITE:
            try:
                connection = self._database.read_only()
                found = connection.execute(_DOCUMENT, (generation, customer_id)).fetchone()
            except sqlite3.Error as error:
                raise _told(error) from error
        else:
            asked = select(SCORES.c.document, SCORES.c.etag).where(
                SCORES.c.generation == generation, SCORES.c.customer_id == customer_id
            )
            with self._database.reading() as reading:
                found = reading.execute(asked).first()
        return None if found is None or found[0] is None else (found[0], found[1])

    def scores(self, generation: int, customer_ids: Sequence[str]) -> dict[str, Score]:
        """Scores of these customers by id; ids never seen are not in it."""
        asked = select(*_OF_SCORE).where(
            SCORES.c.generation == generation, SCORES.c.customer_id.in_(list(customer_ids))
        )
        with self._database.reading() as connection:
            rows = connection.execute(asked).mappings().all()
        return {row["customer_id"]: score_of(row) for row in rows}

    def overview(self, generation: int) -> Overview:
        """Counts and the value at stake of a generation; at risk is the high band."""
        groups = (
            select(
                SCORES.c.band,
                SCORES.c.unavailable_reason,
                func.count(),
                func.coalesce(func.sum(SCORES.c.value_at_stake), 0.0),
            )
            .where(SCORES.c.generation == generation)
            .group_by(SCORES.c.band, SCORES.c.unavailable_reason)
        )
        with self._database.reading() as connection:
            rows = connection.execute(groups).all()
        bands = {band: count for band, reason, count, _ in rows if reason is None}
        return Overview(
            customers_count=sum(row[2] for row in rows),
            scored_count=sum(bands.values()),
            at_risk_count=bands.get("high", 0),
            value_at_stake=sum(row[3] for row in rows if row[0] == "high"),
            unavailable={reason: count for _, reason, count, _ in rows if reason is not None},
            bands=bands,
        )

    def cells(self, generation: int) -> list[Cell]:
        """The risk-value matrix; empty cells are left out."""
        groups = (
            select(
                SCORES.c.band,
                SCORES.c.value_band,
                func.count(),
                func.coalesce(func.sum(SCORES.c.value_at_stake), 0.0),
            )
            .where(SCORES.c.generation == generation, SCORES.c.unavailable_reason.is_(None))
            .group_by(SCORES.c.band, SCORES.c.value_band)
        )
        with self._database.reading() as connection:
            return [Cell(*row) for row in connection.execute(groups).all()]

    def at_risk(
        self,
        generation: int,
        *,
        bands: Sequence[str] = ("high",),
        value_bands: Sequence[str] = ALL_BANDS,
        market: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Score]:
        """Scored customers of these bands, the highest value at stake first."""
        asked = (
            select(*_OF_SCORE)
            .where(
                SCORES.c.generation == generation,
                SCORES.c.band.in_(list(bands)),
                SCORES.c.value_band.in_(list(value_bands)),
            )
            .order_by(SCORES.c.value_at_stake.desc(), SCORES.c.customer_id)
            .limit(limit)
            .offset(offset)
        )
        if market is not None:
            asked = asked.where(SCORES.c.market == market)
        with self._database.reading() as connection:
            return [score_of(row) for row in connection.execute(asked).mappings().all()]

    def changed(
        self,
        generation: int,
        *,
        after: tuple[int, str],
        band: str | None = None,
        market: str | None = None,
        limit: int = 100,
    ) -> list[Changed]:
        """Scores of a generation behind a place, by the generation of their change and by id.

        A place is a generation's number and a customer id. A customer whose score changes moves
        to a later place, never to an earlier one: whoever goes on from the last place seen, in
        whatever generation is current then, misses nobody.
        """
        since, last = after
        asked = select(*_OF_SCORE, SCORES.c.changed_in).where(
            SCORES.c.generation == generation,
            (SCORES.c.changed_in > since)
            | ((SCORES.c.changed_in == since) & (SCORES.c.customer_id > last)),
            SCORES.c.changed_in >= since,
        )
        if band is not None:
            asked = asked.where(SCORES.c.band == band)
        if market is not None:
            asked = asked.where(SCORES.c.market == market)
        asked = asked.order_by(SCORES.c.changed_in, SCORES.c.customer_id).limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(asked).mappings().all()
        return [Changed(score_of(row), row["changed_in"]) for row in rows]


_MADE = {"generation", "content", "changed_in", "etag", "document"}
_OF_SCORE = tuple(column for column in SCORES.columns if column.name not in _MADE)


def _told(error: sqlite3.Error) -> RegularsError:
    """An error of SQLite itself as ours, told without what was asked."""
    if isinstance(error, sqlite3.OperationalError):
        return NotReady("The score store does not answer now.")
    return DamagedStore(f"The score store cannot be read: it is damaged. {CURES[SQLITE]}")
