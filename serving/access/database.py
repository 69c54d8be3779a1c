"""The tables of access, in the database of the scores: SQLite, or PostgreSQL by its address."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Date,
    DateTime,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry

from features.settings import Settings
from features.sources.database_url import database_url

FILE_NAME = "scores.db"
CONNECT_SECONDS = 5

metadata = MetaData()
api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("label", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("markets", JSON),  # null: of every market
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("last_used_on", Date),
)
# One row; its number grows with every change of the keys, so that servers see one cheaply.
api_keys_revision = Table(
    "api_keys_revision",
    metadata,
    Column("only", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),
)
replies = Table(
    "replies",
    metadata,
    # Of the API key and the Idempotency-Key, which a sender may have made of something personal.
    Column("reply_id", String, primary_key=True),
    Column("request_digest", LargeBinary, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("status", Integer),  # null: the first request still runs
    Column("media_type", String),
    Column("body", LargeBinary),  # null with a status: erased
    Index("replies_by_age", "started_at"),
)
# Whom an answer is about, so that it can be erased; digests, because ids are personal.
reply_customers = Table(
    "reply_customers",
    metadata,
    Column("reply_id", ForeignKey("replies.reply_id", ondelete="CASCADE"), primary_key=True),
    Column("customer_digest", LargeBinary, primary_key=True),
)


def address_in(workspace: Path) -> str:
    """The address of the database that a workspace brings along."""
    return f"sqlite:///{workspace / FILE_NAME}"


def address_of(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """The address of a business's database: where its scores are. Raises SettingsError."""
    if settings.store.address is None:
        return address_in(settings.workspace)
    url = database_url(settings.store.address, environment)
    return url.render_as_string(hide_password=False)


def is_there(address: str) -> bool:
    """Whether the database may exist; reading must not make an empty file of a name."""
    path = _file_of(address)
    return path is None or path.exists()


def opened(address: str) -> Engine:
    """An engine for this address; opens no connection yet."""
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    waits = {"connect_timeout": CONNECT_SECONDS}
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=waits)


def prepare(engine: Engine) -> None:
    """Make the tables that are missing, and the folder of an embedded database."""
    database = engine.url.database
    if engine.dialect.name == "sqlite" and database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    metadata.create_all(engine)


def _file_of(address: str) -> Path | None:
    url = make_url(address)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _prepare_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    """As the score store opens the same file; and what is deleted is overwritten."""
    connection.execute("PRAGMA busy_timeout=10000")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")
