"""How SQLite and PostgreSQL are opened for reading only, and what their columns are.

A query cannot change anything: an SQLite file is opened read-only, and PostgreSQL declares a
cursor, which takes a single SELECT, inside a read-only transaction.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from features.errors import (
    DataError,
    RegularsError,
    SettingsError,
    UnreachableSource,
    UnreadableFile,
)
from features.sources.chunks import Kind
from features.sources.database_url import shown

CONNECT_SECONDS = 4
"""For each address of a host; localhost has two."""

_SAMPLE_ROWS = 1_000
_NUMBERS = frozenset({"int2", "int4", "int8", "oid", "float4", "float8", "numeric"})
_MOMENTS = frozenset({"date", "timestamp", "timestamptz"})
_UNFIT = frozenset({"bool", "bytea", "json", "jsonb", "record"})


class ColumnType(NamedTuple):
    """What a column is, and the type that makes it unfit for a single value, if it is."""

    kind: Kind
    unfit: str | None


class Driver(Protocol):
    """One kind of database."""

    @property
    def place(self) -> str:
        """The database as people may see it."""

    def connected(self) -> AbstractContextManager[sa.Connection]:
        """A connection that can only read, one transaction long."""

    def column_types(self, result: sa.CursorResult[Any]) -> list[ColumnType]:
        """What the columns of a statement are."""

    def told(self, error: sa.exc.SQLAlchemyError) -> RegularsError:
        """Our error for one of the database, without a secret."""


def driver_of(url: sa.URL) -> Driver:
    """The driver of an address.

    Raises SettingsError if it is of another kind, UnreadableFile if there is no such file.
    """
    backend = url.get_backend_name()
    if backend == "sqlite":
        return Sqlite(url)
    if backend in {"postgresql", "postgres"}:
        return Postgres(url)
    message = (
        f"A database of kind {backend!r} is not read by its url; use sqlite or postgresql, "
        "or read it through Ibis."
    )
    raise SettingsError(message)


class Sqlite:
    """A file of SQLite. Its columns have no types, so the first rows tell what they hold."""

    def __init__(self, url: sa.URL) -> None:
        """Check that there is such a file."""
        self._path = Path(url.database or "")
        if not url.database or url.database == ":memory:":
            message = "The url of the database names no file; write it like sqlite:///shop.db."
            raise SettingsError(message)
        self.place = self._path.name
        if not self._path.is_file():
            message = f"There is no file {self._path}; check the url of the database."
            raise UnreadableFile(message)
        self._engine = sa.create_engine("sqlite://", creator=self._opened, poolclass=NullPool)

    def _opened(self) -> sqlite3.Connection:
        address = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        return sqlite3.connect(address, uri=True, timeout=CONNECT_SECONDS)

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """A connection that can only read."""
        with self._engine.connect() as connection:
            yield connection

    def column_types(self, result: sa.CursorResult[Any]) -> list[ColumnType]:
        """What the columns are by the values of the first rows."""
        width = len(result.keys())
        rows = result.fetchmany(_SAMPLE_ROWS)
        columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * width
        return [_by_values(values) for values in columns]

    def told(self, error: sa.exc.SQLAlchemyError) -> RegularsError:
        """Our error for one of SQLite."""
        reason = _reason(error)
        if "not a database" in reason or "malformed" in reason:
            return UnreadableFile(
                f"{self.place} is no SQLite database, or a damaged one ({reason}); "
                "check the url, or copy the file again."
            )
        if "unable to open" in reason or "locked" in reason:
            return UnreachableSource(
                f"{self.place} cannot be opened ({reason}); "
                "check that it may be read, and that no other program holds it."
            )
        return _refused(self.place, reason)


class Postgres:
    """A database of PostgreSQL; numbers and times come as the server writes them, exactly."""

    def __init__(self, url: sa.URL) -> None:
        """Make the engine, which connects to nothing yet."""
        self.place = shown(url)
        self._password = url.password
        url = url.set(drivername="postgresql+psycopg")
        wait = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
        try:
            engine = sa.create_engine(url, poolclass=NullPool, connect_args=wait)
        except ImportError:
            message = 'Reading PostgreSQL needs psycopg; pip install "psycopg[binary]>=3.3".'
            raise SettingsError(message) from None
        self._engine = engine.execution_options(
            postgresql_readonly=True, isolation_level="REPEATABLE READ"
        )

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """A connection in a read-only transaction, which sees one state of the database."""
        from psycopg.types.string import TextLoader

        with self._engine.connect() as connection:
            adapters = connection.connection.driver_connection.adapters  # type: ignore[union-attr]
            # As objects of Python a time such as 'infinity' would stop the whole reading.
            for name in (*_NUMBERS, *_MOMENTS, "time", "timetz", "interval", "uuid"):
                adapters.register_loader(name, TextLoader)
            connection.exec_driver_sql("SET LOCAL TimeZone = 'UTC'")
            connection.exec_driver_sql("SET LOCAL DateStyle = 'ISO'")
            yield connection

    def column_types(self, result: sa.CursorResult[Any]) -> list[ColumnType]:
        """What the columns are by the types of the statement."""
        cursor: Any = result.cursor
        return [self._type(cursor, column.type_code) for column in cursor.description]

    @staticmethod
    def _type(cursor: Any, code: int) -> ColumnType:
        info = cursor.adapters.types.get(code)
        name = info.name if info else "text"
        if info is not None and info.array_oid == code:
            return ColumnType("text", f"{name}[]")
        kind: Kind = "number" if name in _NUMBERS else "moment" if name in _MOMENTS else "text"
        return ColumnType(kind, name if name in _UNFIT else None)

    def told(self, error: sa.exc.SQLAlchemyError) -> RegularsError:
        """Our error for one of PostgreSQL."""
        reason = _reason(error)
        if self._password:
            reason = reason.replace(self._password, "***")
        if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
            return UnreachableSource(
                f"{self.place} cannot be read ({reason}); check the url, the password "
                "and that the server runs."
            )
        return _refused(self.place, reason)


def _refused(place: str, reason: str) -> DataError:
    return DataError(
        f"{place} refused to be read ({reason}); name a table or write a single SELECT that the "
        "database takes, as a user who may read it."
    )


def _reason(error: sa.exc.SQLAlchemyError) -> str:
    """What the driver said, in one line."""
    said = str(getattr(error, "orig", None) or error)
    return next(iter(said.splitlines()), "no reason given").strip()


def _by_values(values: Sequence[Any]) -> ColumnType:
    types = {type(value) for value in values} - {type(None)}
    if bytes in types:
        return ColumnType("text", "blob")
    return ColumnType("number" if types and types <= {int, float} else "text", None)
