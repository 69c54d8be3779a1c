"""A table, a view or a query of a database as rows of text, streamed and read only."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from features.account import Note
from features.errors import MissingColumns, MissingTable, SettingsError
from features.sources.arrow_rows import chunk_of
from features.sources.chunks import CHUNK_ROWS, Chunk, Kind
from features.sources.database_url import database_url
from features.sources.drivers import driver_of

_FETCH_ROWS = 2_000
"""At a time: rows are objects of Python, and many at once keep the garbage collector busy."""

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_SELECTS = ("select", "with", "values")


class DatabaseRows:
    """A table of a database, or what a SELECT gives, opened: columns known, rows to come.

    A table has no order: without `order_by` the rows come as the database has them. Raises
    SettingsError, MissingTable, MissingColumns, UnreadableFile or UnreachableSource; none of them
    repeats a password.
    """

    def __init__(
        self,
        url: str,
        *,
        table: str | None = None,
        query: str | None = None,
        order_by: Sequence[str] = (),
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Connect, find the table and learn its columns."""
        if (table is None) == (query is None):
            message = "A source of format database needs either a table or a query."
            raise SettingsError(message)
        self._driver = driver_of(database_url(url, environment))
        self._row_count = 0
        self.file = table or "query"
        with self._reading() as connection:
            self._statement = _select(query) if query else _all_of(connection, table or "")
            with self._result(connection, 1) as result:
                self.names = tuple(name.strip() for name in result.keys())  # noqa: SIM118 - no dict
                self._types = self._driver.column_types(result)
        if order_by:
            self._statement += self._ordered(order_by, is_query=query is not None)

    @property
    def title(self) -> str:
        """The table and its database."""
        return f"{self.file} of {self._driver.place}"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What each column is by its type, or by the first rows where columns have none."""
        return tuple(column.kind for column in self._types)

    @property
    def unfit(self) -> Mapping[int, str]:
        """Columns of bytes, truths, lists and documents."""
        return {at: column.unfit for at, column in enumerate(self._types) if column.unfit}

    def notes(self) -> list[Note]:
        """An empty table, if it is one."""
        return [] if self._row_count else [Note("The table has columns and no rows.")]

    def chunks(self, rows_per_chunk: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """All rows, from the first; the first row is row 2, as below a header."""
        self._row_count = 0
        with self._reading() as connection, self._result(connection, rows_per_chunk) as result:
            while True:
                chunk = self._chunk(result, rows_per_chunk)
                row_count = chunk.table.num_rows
                if row_count or not self._row_count:
                    yield chunk
                self._row_count += row_count
                if row_count < rows_per_chunk:
                    return

    def _chunk(self, result: sa.CursorResult[Any], row_count: int) -> Chunk:
        columns: list[list[Any]] = [[] for _ in self.names]
        while room := row_count - len(columns[0]):
            rows = result.fetchmany(min(room, _FETCH_ROWS))
            if not rows:
                break
            for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend(values)
        texts = [_texts(values) for values in columns]
        return chunk_of(texts, self._row_count + 2, len(columns[0]), self.file)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._driver.connected() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise self._driver.told(error) from None

    @contextmanager
    def _result(self, connection: sa.Connection, row_count: int) -> Iterator[sa.CursorResult[Any]]:
        # Without parameters a `%` or `:` in a query is what it is; rows come some at a time.
        streamed = connection.execution_options(
            no_parameters=True, stream_results=True, yield_per=min(row_count, _FETCH_ROWS)
        )
        with streamed.exec_driver_sql(self._statement) as result:
            if not result.returns_rows:
                raise _no_select(self._statement)
            yield result

    def _ordered(self, order_by: Sequence[str], *, is_query: bool) -> str:
        if is_query:
            message = "order_by is for tables; write ORDER BY into the query."
            raise SettingsError(message)
        unknown = next((name for name in order_by if name not in self.names), None)
        if unknown is not None:
            message = (
                f"{self.title} has no column {unknown!r} to order by; "
                f"{_did_you_mean(unknown, self.names)}"
            )
            raise MissingColumns(message)
        return f" ORDER BY {', '.join(map(_quoted, order_by))}"


def _all_of(connection: sa.Connection, table: str) -> str:
    """The statement that reads a table; MissingTable with the closest names if there is none."""
    known = sa.inspect(connection)
    schema, dot, name = table.partition(".")
    if known.has_table(table):
        place = _quoted(table)
    elif dot and schema in known.get_schema_names() and known.has_table(name, schema=schema):
        place = f"{_quoted(schema)}.{_quoted(name)}"
    else:
        names = [
            *known.get_table_names(),
            *known.get_view_names(),
            *(
                f"{schema}.{name}"
                for schema in known.get_schema_names()
                if schema not in {"information_schema", known.default_schema_name}
                for name in known.get_table_names(schema) + known.get_view_names(schema)
            ),
        ]
        message = f"The database has no table {table!r}; {_did_you_mean(table, names)}"
        raise MissingTable(message)
    return f"SELECT * FROM {place}"  # noqa: S608 - quoted, and known to the database


def _select(query: str) -> str:
    words = _COMMENT.sub(" ", query).replace("(", " ").split()
    if not words or words[0].lower() not in _SELECTS:
        raise _no_select(query)
    return query


def _no_select(query: str) -> SettingsError:
    words = _COMMENT.sub(" ", query).split() or ["nothing"]
    return SettingsError(
        f"The query of a database must be a single SELECT; this one begins with {words[0][:40]}."
    )


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    folded = {other.casefold(): other for other in known}
    wanted = (name.casefold(), name.casefold().split(".")[-1])
    close = [match for one in wanted for match in difflib.get_close_matches(one, list(folded), n=3)]
    names = list(dict.fromkeys(folded[match] for match in close))
    if names:
        return f"did you mean {' or '.join(names)}?"
    return f"it has {', '.join(sorted(known)[:10])}." if known else "it has none."


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _texts(values: Sequence[Any]) -> pa.Array:
    types = {*map(type, values)} - {type(None)}
    if types <= {str}:
        return pa.array(values, pa.string())
    if types == {int}:
        return pa.array(values, pa.int64()).cast(pa.string())
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    """A value as text without loss; floats as in Parquet, never with an exponent."""
    if value is None or type(value) is str:
        return value
    if type(value) is float:
        text = repr(value)
        if text.endswith(".0"):  # such as 17850.0, which is the id 17850
            return text[:-2]
        return f"{Decimal(text):f}" if "e" in text else text
    if type(value) is bool:
        return str(value).lower()
    return value.hex() if type(value) is bytes else str(value)
