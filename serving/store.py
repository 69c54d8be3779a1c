"""The score store: whole generations of scores in SQLite, or PostgreSQL by changing one address.

A generation is published in one transaction: rows first, then the pointer. A reader sees the old
generation or the new one, never a mix, because every question names one generation.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import (
    JSON,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from features.errors import DamagedStore

KEPT_GENERATIONS = 10  # a score's history needs the last few; older ones only take room
BATCH_ROWS = 5_000
MOST_REASONS = 3  # of a score; a fourth would not be read

CURE = "Move scores.db away from the workspace, then run: regulars score"

_metadata = MetaData()
_generations = Table(
    "generations",
    _metadata,
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
    Column("quality", JSON, nullable=False),
    Column("scales", JSON, nullable=False),
)
_scores = Table(
    "scores",
    _metadata,
    Column("generation", ForeignKey("generations.generation"), primary_key=True),
    Column("customer_id", String, primary_key=True),
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
    Column("reasons", JSON, nullable=False),
    Index("scores_by_stake", "generation", "value_at_stake"),
    Index("scores_by_band", "generation", "band"),
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One driver of a churn score; `typical` is the customer's or the population's usual value."""

    code: str
    direction: str  # raises | lowers
    weight: str  # high | medium | low
    value: float | None
    typical: float | None
    unit: str
    meaning: str = ""  # of a feature of the business's own, in its own words


@dataclass(frozen=True, slots=True)
class Score:
    """A customer's score; without a score, `unavailable_reason` says why and numbers are None.

    Money is in whole units of the generation's currency. `cltv` is the discounted contribution
    margin expected over the value horizon; `value_at_stake` is the probability of churn times
    `cltv_if_retained`; `value_band` is a third of the scored customers by that last amount.
    """

    customer_id: str
    market: str
    last_order_on: date
    order_days_count: int
    spend_value: float
    usual_gap_days: float | None = None
    unavailable_reason: str | None = None
    churn_probability: float | None = None
    percentile: int | None = None
    band: str | None = None
    alive_probability: float | None = None
    expected_orders: float | None = None
    cltv: float | None = None
    cltv_low: float | None = None
    cltv_high: float | None = None
    cltv_if_retained: float | None = None
    value_at_stake: float | None = None
    value_band: str | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Generation:
    """What all scores of one publication share.

    `quality` holds the model's measured grades, `scales` what makes a new score comparable with
    the published ones: 99 `percentiles` of churn probability, two `value_edges`, `value_factor`.
    """

    business: str
    as_of: date
    valid_until: date
    published_at: datetime
    histories: str
    model_name: str
    model_version: str
    model_digest: str
    run_id: str
    churn_definition: str
    churn_horizon_days: int
    value_horizon_days: int
    value_interval: float
    currency: str
    quality: dict[str, Any] = field(default_factory=dict)
    scales: dict[str, Any] = field(default_factory=dict)
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the risk-value matrix: customers of a churn band and a value band."""

    band: str
    value_band: str
    customers_count: int
    value_at_stake: float


@dataclass(frozen=True, slots=True)
class Overview:
    """The sums of a generation, for the first picture of the page."""

    customers_count: int
    scored_count: int
    at_risk_count: int
    value_at_stake: float
    unavailable: dict[str, int]
    bands: dict[str, int]


class ScoreStore:
    """Reads and publishes generations of scores at one database address."""

    def __init__(self, address: str) -> None:
        """Open (and create where new) the store at an SQLAlchemy address."""
        # An error that quotes its parameters would put customers into a log.
        self._engine = create_engine(address, hide_parameters=True)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _use_wal)
        try:
            _metadata.create_all(self._engine)
            self._check_tables()
        except DatabaseError as error:
            message = "The score store cannot be read: it is no database, or it is damaged. " + CURE
            raise DamagedStore(message) from error

    def _check_tables(self) -> None:
        found = inspect(self._engine)
        for table in _metadata.tables.values():
            names = {column["name"] for column in found.get_columns(table.name)}
            if names != {column.name for column in table.columns}:
                message = "The score store was made by another version. " + CURE
                raise DamagedStore(message)

    @classmethod
    def embedded(cls, workspace: Path) -> Self:
        """The SQLite store of a workspace folder."""
        workspace.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{workspace / 'scores.db'}")

    def publish(self, generation: Generation, scores: Iterable[Score]) -> int:
        """Write all scores as one new generation and return its number.

        Readers keep the previous one until the last row is in. Raises ValueError for a score that
        is neither a number nor unavailable: a database would turn it into a silent gap.
        """
        about = {key: value for key, value in asdict(generation).items() if key != "generation"}
        with self._engine.begin() as connection:
            key = connection.execute(insert(_generations).values(**about)).inserted_primary_key
            number = int(key[0]) if key else 0
            for batch in _batches(scores, BATCH_ROWS):
                _check_numbers(batch)
                rows = [asdict(score) | {"generation": number} for score in batch]
                connection.execute(insert(_scores), rows)
            outdated = select(_generations.c.generation).where(
                _generations.c.generation <= number - KEPT_GENERATIONS
            )
            connection.execute(delete(_scores).where(_scores.c.generation.in_(outdated)))
            connection.execute(
                delete(_generations).where(_generations.c.generation <= number - KEPT_GENERATIONS)
            )
        return number

    def current(self) -> Generation | None:
        """The newest generation, or None before the first publication."""
        newest = select(_generations).order_by(_generations.c.generation.desc()).limit(1)
        with self._engine.connect() as connection:
            row = connection.execute(newest).mappings().first()
        return _generation(row) if row else None

    def scores(self, generation: int, customer_ids: Sequence[str]) -> dict[str, Score]:
        """Scores of these customers by id; ids never seen are not in it."""
        asked = select(_scores).where(
            _scores.c.generation == generation, _scores.c.customer_id.in_(list(customer_ids))
        )
        with self._engine.connect() as connection:
            rows = connection.execute(asked).mappings().all()
        return {row["customer_id"]: _score(row) for row in rows}

    def overview(self, generation: int) -> Overview:
        """Counts and the value at stake of a generation; at risk is the high band."""
        groups = (
            select(
                _scores.c.band,
                _scores.c.unavailable_reason,
                func.count(),
                func.coalesce(func.sum(_scores.c.value_at_stake), 0.0),
            )
            .where(_scores.c.generation == generation)
            .group_by(_scores.c.band, _scores.c.unavailable_reason)
        )
        with self._engine.connect() as connection:
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
                _scores.c.band,
                _scores.c.value_band,
                func.count(),
                func.coalesce(func.sum(_scores.c.value_at_stake), 0.0),
            )
            .where(_scores.c.generation == generation, _scores.c.unavailable_reason.is_(None))
            .group_by(_scores.c.band, _scores.c.value_band)
        )
        with self._engine.connect() as connection:
            return [Cell(*row) for row in connection.execute(groups).all()]

    def at_risk(
        self,
        generation: int,
        *,
        bands: Sequence[str] = ("high",),
        value_bands: Sequence[str] = ("high", "medium", "low"),
        market: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Score]:
        """Scored customers of these bands, the highest value at stake first."""
        asked = (
            select(_scores)
            .where(
                _scores.c.generation == generation,
                _scores.c.band.in_(list(bands)),
                _scores.c.value_band.in_(list(value_bands)),
            )
            .order_by(_scores.c.value_at_stake.desc(), _scores.c.customer_id)
            .limit(limit)
            .offset(offset)
        )
        if market is not None:
            asked = asked.where(_scores.c.market == market)
        with self._engine.connect() as connection:
            return [_score(row) for row in connection.execute(asked).mappings().all()]

    def close(self) -> None:
        """Give the database connections back."""
        self._engine.dispose()


def _score(row: Any) -> Score:
    values = {one.name: row[one.name] for one in fields(Score)}
    values["reasons"] = tuple(Reason(**reason) for reason in values["reasons"])
    return Score(**values)


def _batches(scores: Iterable[Score], size: int) -> Iterator[list[Score]]:
    batch: list[Score] = []
    for score in scores:
        batch.append(score)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _check_numbers(scores: Iterable[Score]) -> None:
    for score in scores:
        numbers = (score.churn_probability, score.cltv, score.value_at_stake)
        whole = all(number is not None and math.isfinite(number) for number in numbers)
        if whole == (score.unavailable_reason is not None):
            message = "a score must have its numbers or a reason why it has none"
            raise ValueError(message)


def _use_wal(connection: Any, _: ConnectionPoolEntry) -> None:
    """Let readers go on while a generation is written, and sync every commit."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")
    connection.execute("PRAGMA foreign_keys=ON")


def _generation(row: Any) -> Generation:
    # SQLite forgets the zone of a time; it was UTC when written.
    return Generation(**{**row, "published_at": row["published_at"].replace(tzinfo=UTC)})
