"""Publishing a generation: rows are staged part by part, then all become visible in one step.

Every part is a transaction of its own, so that readers and other writers never wait long, memory
does not grow with the number of customers, and a publication that was killed goes on where it
was. A generation that is not published yet is looked at by nobody.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, delete, exists, func, insert, literal, select, update

from serving.database import POSTGRESQL, Database
from serving.store.rows import (
    HISTORY_COLUMNS,
    SCORE_COLUMNS,
    Row,
    WriteDocument,
    only_once,
    rows_of,
)
from serving.store.shapes import Generation, Score
from serving.store.tables import GENERATIONS, HISTORY, JOURNAL, PARTS, SCORES

KEPT_GENERATIONS = 2  # the current one, and the one that requests may still be answering from
PART_ROWS = 10_000
BAND_CHANGED = "score.band_changed"
_CONTENTS = (
    "SELECT customer_id, content, changed_in FROM scores WHERE generation = %s AND customer_id %s"
)
JOURNAL_KEPT = timedelta(days=90)

Item = TypeVar("Item")


class Publication:
    """A generation in the making; made by `publication`."""

    def __init__(
        self, database: Database, generation: Generation, document: WriteDocument | None
    ) -> None:
        """A generation that has its number."""
        self.generation = generation
        self._database = database
        self._document = document
        with database.reading() as connection:
            self._before = newest(connection)
            parts = select(PARTS.c.part).where(PARTS.c.generation == generation.generation)
            self.staged = set(connection.execute(parts).scalars())

    def stage(self, part: int, scores: Iterable[Score]) -> None:
        """Write the scores of one part; a part that is staged already is left as it is.

        Raises ValueError for a score that is neither a number nor unavailable, or for a customer
        who is there twice.
        """
        if part in self.staged:
            return
        waiting = iter(scores)
        with self._database.writing() as connection:
            while some := list(islice(waiting, PART_ROWS)):
                self._write(connection, some)
            row = {"generation": self.generation.generation, "part": part}
            connection.execute(insert(PARTS).values(**row))
        self.staged.add(part)

    def finish(self, history_since: datetime) -> int:
        """Make the generation the current one, and return its number.

        Entries of the history that no longer hold and ended before `history_since` go.
        """
        number, published_at = self.generation.generation, self.generation.published_at
        with self._database.writing() as connection:
            self._database.in_order(connection)
            if self._before is not None:
                _tell_bands(connection, self.generation, self._before)
            at = GENERATIONS.c.generation == number
            connection.execute(
                update(GENERATIONS).where(at).values(is_published=True, published_at=published_at)
            )
        tidy(self._database, history_since)
        return number

    def _write(self, connection: Connection, scores: list[Score]) -> None:
        only_once(scores)
        before = self._contents(connection, [score.customer_id for score in scores])
        rows = rows_of(scores, self.generation, before, self._document)
        self._insert(connection, SCORES, SCORE_COLUMNS, rows.scores)
        self._insert(connection, HISTORY, HISTORY_COLUMNS, rows.history)

    def _contents(
        self, connection: Connection, customer_ids: list[str]
    ) -> dict[str, tuple[bytes, int]]:
        """Content and last change of these customers in the generation before."""
        if self._before is None:
            return {}
        # One value instead of thousands of parameters, each of which would be compiled and kept.
        if self._database.kind == POSTGRESQL:
            ids: list[str] | str = customer_ids
            asked = _CONTENTS % ("%s", "= ANY(%s)")
        else:
            asked = _CONTENTS % ("?", "IN (SELECT value FROM json_each(?))")
            ids = json.dumps(customer_ids)
        found = connection.exec_driver_sql(asked, (self._before, ids))
        return {one: (content, since) for one, content, since in found}

    def _insert(
        self, connection: Connection, table: Table, columns: tuple[str, ...], rows: list[Row]
    ) -> None:
        """Rows by the fastest way that the database has."""
        if not rows:
            return
        names = ", ".join(columns)
        if self._database.kind == POSTGRESQL:
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as to:
                for row in rows:
                    to.write_row(row)
        else:
            marks = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our names
            connection.exec_driver_sql(statement, rows)


@contextmanager
def publication(
    database: Database, generation: Generation, *, work: str, document: WriteDocument | None
) -> Iterator[Publication]:
    """A publication to stage parts in and to finish, by one process at a time.

    A publication of the same `work` that was cut off goes on with the parts that it has staged;
    any other one is cleared away. Without `work` nothing goes on. Raises NotReady if another
    process is publishing.
    """
    with database.alone():
        with database.reading() as connection:
            unfinished = select(GENERATIONS.c.generation, GENERATIONS.c.work).where(
                GENERATIONS.c.is_published.is_(False)
            )
            left = {row.generation: row.work for row in connection.execute(unfinished)}
        going_on = max((one for one, found in left.items() if work and found == work), default=None)
        for number in left:
            if number != going_on:
                _clear(database, number)
        number = going_on or _begin(database, generation, work)
        yield Publication(database, replace(generation, generation=number), document)


def in_parts(items: Iterable[Item], size: int = PART_ROWS) -> Iterator[list[Item]]:
    """The items in lists of this length, the last one shorter."""
    waiting = iter(items)
    while some := list(islice(waiting, size)):
        yield some


def newest(connection: Connection) -> int | None:
    """The number of the current generation, or None before the first."""
    published = GENERATIONS.c.is_published.is_(True)
    asked = select(func.max(GENERATIONS.c.generation)).where(published)
    return connection.execute(asked).scalar()


def tidy(database: Database, history_since: datetime) -> None:
    """Remove what nobody needs any more: old rows, old history, old events of the journal."""
    with database.reading() as connection:
        published = select(GENERATIONS.c.generation).where(GENERATIONS.c.is_published.is_(True))
        numbers = sorted(connection.execute(published).scalars())
        kept = numbers[-KEPT_GENERATIONS:]
        # A generation at a time, from the primary key: rows may be millions, old ones few.
        outdated = [one for one in numbers if one not in kept and _has_rows(connection, one)]
    for number in outdated:
        with database.writing() as connection:
            connection.execute(delete(PARTS).where(PARTS.c.generation == number))
            connection.execute(delete(SCORES).where(SCORES.c.generation == number))
    with database.writing() as connection:
        _forget_history(connection, history_since.astimezone(UTC), kept)


def _has_rows(connection: Connection, number: int) -> bool:
    return bool(connection.execute(select(exists().where(SCORES.c.generation == number))).scalar())


def _begin(database: Database, generation: Generation, work: str) -> int:
    about = {name: value for name, value in asdict(generation).items() if name != "generation"}
    begun = insert(GENERATIONS).values(**about, work=work, is_published=False)
    with database.writing() as connection:
        key = connection.execute(begun).inserted_primary_key
    return int(key[0]) if key else 0


def _clear(database: Database, number: int) -> None:
    """Remove every row of a generation; its own goes last, so that a kill leaves it to be found."""
    with database.writing() as connection:
        for table in (PARTS, SCORES, HISTORY):
            connection.execute(delete(table).where(table.c.generation == number))
        connection.execute(delete(GENERATIONS).where(GENERATIONS.c.generation == number))


def _tell_bands(connection: Connection, generation: Generation, before: int) -> None:
    """Write an event for every customer whose band is another one than in the generation before."""
    now, then, number = SCORES.alias("now"), SCORES.alias("then"), generation.generation
    told = (
        select(
            literal(BAND_CHANGED),
            literal(generation.published_at, JOURNAL.c.occurred_at.type),
            now.c.customer_id,
            literal(generation.as_of, JOURNAL.c.as_of.type),
            then.c.band,
            now.c.band,
            literal({}, JOURNAL.c.data.type),
        )
        .join_from(now, then, then.c.customer_id == now.c.customer_id)
        # Whoever has another band has another content: the index leads to those alone.
        .where(
            now.c.generation == number,
            now.c.changed_in == number,
            then.c.generation == before,
            now.c.band.is_distinct_from(then.c.band),
        )
        .order_by(now.c.customer_id)
    )
    names = ["kind", "occurred_at", "customer_id", "as_of", "before", "after", "data"]
    connection.execute(insert(JOURNAL).from_select(names, told))
    newest_event = select(func.max(JOURNAL.c.sequence)).scalar_subquery()
    # The newest event stays, so that a reader can be told that older ones are gone.
    since = generation.published_at.astimezone(UTC) - JOURNAL_KEPT
    connection.execute(
        delete(JOURNAL).where(JOURNAL.c.occurred_at < since, JOURNAL.c.sequence < newest_event)
    )


def _forget_history(connection: Connection, since: datetime, kept: list[int]) -> None:
    """Remove entries that are old and have been replaced, then generations that nothing needs."""
    old = select(GENERATIONS.c.generation).where(
        GENERATIONS.c.is_published.is_(True), GENERATIONS.c.published_at < since
    )
    numbers = list(connection.execute(old).scalars())
    if not numbers:
        return
    later = HISTORY.alias("later")
    replaced = exists().where(
        later.c.customer_id == HISTORY.c.customer_id,
        later.c.generation > HISTORY.c.generation,
        later.c.generation <= max(numbers),
    )
    connection.execute(delete(HISTORY).where(HISTORY.c.generation.in_(numbers), replaced))
    needed = exists().where(HISTORY.c.generation == GENERATIONS.c.generation)
    connection.execute(
        delete(GENERATIONS).where(
            GENERATIONS.c.generation.in_(numbers), GENERATIONS.c.generation.not_in(kept), ~needed
        )
    )
