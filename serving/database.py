"""The database of the service: SQLite in the workspace, or PostgreSQL at another address.

Scores, keys, kept answers and what else a service keeps are in one database; each room of
`serving` has tables of its own in it.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock, Timeout
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    MetaData,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from features.errors import DamagedStore, NotReady, SettingsError
from features.settings import Settings
from features.sources.database_url import database_url, shown

FILE_NAME = "scores.db"

CONNECT_SECONDS = 4
READ_SECONDS = 5
WAIT_SECONDS = 10
MAPPED_BYTES = 8 * 2**30  # of the file: pages are read where the system keeps them, not copied
SQLITE, POSTGRESQL = "sqlite", "postgresql"

# Numbers for locks that all processes at one PostgreSQL share.
PUBLISHING, JOURNALING, MAKING_TABLES = 7_301, 7_302, 7_303

CURES = {
    SQLITE: "Move scores.db away from the workspace, then run: regulars score",
    POSTGRESQL: "Name another database in store.address, then run: regulars score",
}


class Database:
    """An open database with the tables of one room in it."""

    def __init__(self, address: str | URL, tables: MetaData) -> None:
        """Open it, and make the tables where they are not there.

        Raises DamagedStore for tables that cannot be used, NotReady if the database does not
        answer, SettingsError for one that this installation cannot open.
        """
        url = make_url(address)
        self.kind = url.get_backend_name()
        self.engine = engine_of(url)
        self._tables = tables
        self.file = Path(url.database or "") if self.kind == SQLITE else None
        self._place = shown(url)
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        try:
            self._make_tables()
        except OperationalError as error:
            raise self._told(error) from error
        except DatabaseError as error:
            raise self._damaged() from error
        self._check_tables()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may take as long as it needs."""
        with self.engine.begin() as connection:
            if self.kind == POSTGRESQL:
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The right to publish, for one process at a time. Raises NotReady if another has it."""
        if self.file is not None:
            with _file_alone(self.file.with_name(f".{self.file.name}.lock")):
                yield
            return
        # Held by a connection of its own, so that it ends with the process, however that ends.
        with self.engine.connect() as connection:
            taken = text("SELECT pg_try_advisory_lock(:key)")
            if not connection.execute(taken, {"key": PUBLISHING}).scalar():
                raise _busy()
            connection.commit()
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": PUBLISHING})

    def in_order(self, connection: Connection) -> None:
        """Let nobody else write to the journal until this transaction ends.

        Numbers are then seen in the order in which they were given, and no reader passes one that
        is still to come. SQLite has one writer anyway.
        """
        if self.kind == POSTGRESQL:
            lock = text("SELECT pg_advisory_xact_lock(:key)")
            connection.execute(lock, {"key": JOURNALING})

    def read_only(self) -> sqlite3.Connection:
        """A connection of this thread alone to the file of SQLite: the shortest way to a row."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            address = f"file:{quote(str(Path(self.file or '').absolute()))}?mode=ro"
            # Closed by whoever closes the store, which may be another thread.
            found = sqlite3.connect(
                address, uri=True, timeout=WAIT_SECONDS, check_same_thread=False,
                isolation_level=None,
            )  # fmt: skip
            found.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")
            self._local.connection = found
            self._opened.append(found)
        return found

    def close(self) -> None:
        """Give all connections back."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self._local = threading.local()
        self.engine.dispose()

    def _make_tables(self) -> None:
        with self.engine.begin() as connection:
            if self.kind == POSTGRESQL:
                lock = text("SELECT pg_advisory_xact_lock(:key)")
                connection.execute(lock, {"key": MAKING_TABLES})
            else:
                # The lock is taken before it is looked what is there: two may come at once.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            self._tables.create_all(connection)

    def _check_tables(self) -> None:
        found = inspect(self.engine)
        for table in self._tables.tables.values():
            names = {column["name"] for column in found.get_columns(table.name)}
            if names != {column.name for column in table.columns}:
                message = f"The score store was made by another version. {CURES[self.kind]}"
                raise DamagedStore(message)

    def _told(self, error: OperationalError) -> Exception:
        if self.kind == SQLITE:
            reason = str(error.orig)
            return OSError(reason) if "unable to open" in reason else self._damaged()
        return NotReady(
            f"The score store {self._place} does not answer. Check store.address, its user and "
            "password, and that the server runs."
        )

    def _damaged(self) -> DamagedStore:
        return DamagedStore(
            "The score store cannot be read: it is no database, or it is damaged. "
            + CURES[self.kind]
        )


def address_of(settings: Settings, environment: Mapping[str, str] = os.environ) -> URL:
    """The address of a business's database: as its settings say, else in its workspace.

    Raises SettingsError.
    """
    if settings.store.address is None:
        return make_url(f"sqlite:///{settings.workspace / FILE_NAME}")
    return database_url(settings.store.address, environment)


def engine_of(url: URL) -> Engine:
    """The engine of an address; it opens no connection yet. Raises SettingsError."""
    # An error that quotes its parameters would log customers.
    if url.get_backend_name() == SQLITE:
        engine = create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", _use_wal)
        return engine
    if url.get_backend_name() != POSTGRESQL:
        message = "The store's address must be of sqlite or postgresql."
        raise SettingsError(message)
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_pre_ping=True,  # a server that was restarted meanwhile costs no request
            pool_timeout=READ_SECONDS,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "options": f"-c statement_timeout={READ_SECONDS * 1_000} -c timezone=UTC",
            },
        )
    except ImportError:
        message = 'A store in PostgreSQL needs psycopg; pip install "psycopg[binary]>=3.3".'
        raise SettingsError(message) from None


def _use_wal(connection: Any, _: ConnectionPoolEntry) -> None:
    """Let readers go on while a generation is written, and sync every commit."""
    connection.execute(f"PRAGMA busy_timeout={WAIT_SECONDS * 1_000}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


@contextmanager
def _file_alone(path: Path) -> Iterator[None]:
    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout:
        raise _busy() from None


def _busy() -> NotReady:
    return NotReady("Scores are being published by another run. Try again when it has ended.")
