"""The tables of the score store, the same in SQLite and PostgreSQL.

Rows of `scores`, `score_history` and `score_parts` are written before their generation is
published; nobody looks at them until `score_generations.is_published` says so.
"""

import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.types import TypeEngine

METADATA = MetaData()


class JsonText(TypeDecorator[Any]):
    """Data as text: a grade that could not be computed is NaN, which PostgreSQL's JSON refuses."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str:  # noqa: ARG002
        """The text of the data."""
        return json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: Any, dialect: Any) -> Any:  # noqa: ARG002
        """The data of the text."""
        return json.loads(value)


# Ids are found, sorted and paged by their bytes: the same in every database and every locale.
_ID: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite counts up by itself in a column of this very name only.
_COUNTED: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")

GENERATIONS = Table(
    "score_generations",
    METADATA,
    Column("generation", Integer, primary_key=True, autoincrement=True),
    Column("business", String, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("histories", String, nullable=False),
    Column("model_name", String, nullable=False),
    Column("model_version", String, nullable=False),
    Column("model_digest", String, nullable=False),
    Column("run_id", String, nullable=False),
    Column("churn_definition", String, nullable=False),
    Column("churn_horizon_days", Integer, nullable=False),
    Column("value_horizon_days", Integer, nullable=False),
    Column("value_interval", Float, nullable=False),
    Column("currency", String, nullable=False),
    Column("quality", JsonText, nullable=False),
    Column("scales", JsonText, nullable=False),
    # What the scores were made from; a publication that was cut off goes on only with the same.
    Column("work", String, nullable=False),
    Column("is_published", Boolean, nullable=False),
    sqlite_autoincrement=True,  # a number given back after a clean start would name two contents
)
PARTS = Table(
    "score_parts",
    METADATA,
    Column("generation", Integer, primary_key=True),
    Column("part", Integer, primary_key=True),
)
SCORES = Table(
    "scores",
    METADATA,
    Column("generation", Integer, primary_key=True),
    Column("customer_id", _ID, primary_key=True),
    Column("market", String, nullable=False),
    Column("unavailable_reason", String),
    Column("churn_probability", Float),
    Column("percentile", Integer),
    Column("band", String),
    Column("alive_probability", Float),
    Column("expected_orders", Float),
    Column("cltv", Float),
    Column("cltv_low", Float),
    Column("cltv_high", Float),
    Column("cltv_if_retained", Float),
    Column("value_at_stake", Float),
    Column("value_band", String),
    Column("last_order_on", Date, nullable=False),
    Column("order_days_count", Integer, nullable=False),
    Column("spend_value", Float, nullable=False),
    Column("usual_gap_days", Float),
    Column("reasons", JsonText, nullable=False),
    # A digest of all that is the customer's own, and the generation since which it is the same.
    Column("content", LargeBinary, nullable=False),
    Column("changed_in", Integer, nullable=False),
    Column("etag", String),
    Column("document", LargeBinary),
    Index("scores_by_stake", "generation", "value_at_stake"),
    # Sums read this index alone, never the rows, which are large.
    Index(
        "scores_by_band",
        *("generation", "band", "value_band", "unavailable_reason", "value_at_stake"),
    ),
    Index("scores_by_change", "generation", "changed_in", "customer_id"),
)
HISTORY = Table(
    "score_history",
    METADATA,
    Column("customer_id", _ID, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("churn_probability", Float),
    Column("band", String),
    Column("cltv", Float),
    Column("unavailable_reason", String),
    Column("reasons", String, nullable=False),
    Index("history_by_generation", "generation"),
)
JOURNAL = Table(
    "score_journal",
    METADATA,
    Column("sequence", _COUNTED, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("customer_id", _ID),
    Column("as_of", Date),
    Column("before", String),
    Column("after", String),
    Column("data", JsonText, nullable=False),
    sqlite_autoincrement=True,  # a number that came back would be one that a reader has passed
)
