"""The tables of access, in the database of the service."""

from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    URL,
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
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry

from serving.database import SQLITE, engine_of

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


def is_there(address: str | URL) -> bool:
    """Whether the database may exist; reading must not make an empty file of a name."""
    path = _file_of(address)
    return path is None or path.exists()


def opened(address: str | URL) -> Engine:
    """An engine for this address; opens no connection yet."""
    engine = engine_of(make_url(address))
    if engine.dialect.name == SQLITE:
        event.listen(engine, "connect", _erase_wholly)
    return engine


def prepare(engine: Engine) -> None:
    """Make the tables that are missing, and the folder of an embedded database."""
    database = engine.url.database
    if engine.dialect.name == SQLITE and database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    metadata.create_all(engine)


def _file_of(address: str | URL) -> Path | None:
    url = make_url(address)
    return Path(url.database or "") if url.get_backend_name() == SQLITE else None


def _erase_wholly(connection: Any, _: ConnectionPoolEntry) -> None:
    """Answers go with the rows that they belong to, and what is deleted is overwritten."""
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")
