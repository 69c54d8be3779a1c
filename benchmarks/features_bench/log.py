"""A log of a large business: orders and visits by month, skewed as real ones are, from a seed.

A few customers have most of the events (a Zipf law), customers come and go, a session brings a few
visits and sometimes an order of a few lines. The files follow the contract of `features.schema`,
one per table and month, so that memory does not grow with the log.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.features_bench.definitions import CATEGORIES, CHANNELS

Ints = npt.NDArray[np.int64]

FORMAT = 1
"""Part of the folder's name: raise it when the same parameters give other files."""

FIRST_MONTH = (2023, 1)
EPOCH = date(1970, 1, 1)
FOREVER = date(9999, 12, 31)
MICROSECONDS = 1_000_000
DAY_SECONDS = 86_400
KINDS = ("view", "search", "cart", "like", "review", "support")

VISIT_SHARE = 0.75
VISITS_PER_SESSION = 3.0
LINES_PER_ORDER = 2.5
ZIPF_EXPONENT = 0.67
# Sessions by hour of the day: a quiet night, a peak at noon, a higher one in the evening.
HOURS = np.array(
    [4, 2, 1, 1, 1, 2, 5, 9, 12, 14, 16, 19, 21, 18, 16, 15, 16, 19, 23, 27, 28, 22, 14, 8]
)
WEEKDAYS = np.array([10, 9, 9, 10, 12, 15, 13])
ROW_GROUP = 122_880


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a log is; the same scale gives the same bytes."""

    events: int
    customers: int
    months: int = 36
    seed: int = 7
    late_share: float = 0.0

    @property
    def name(self) -> str:
        """The folder's name."""
        late = f"-late{self.late_share:g}" if self.late_share else ""
        return f"{self.events}-{self.customers}-{self.months}m-s{self.seed}{late}-v{FORMAT}"

    def month(self, number: int) -> date:
        """First day of a month of the log, the first being 0; `months` is the day after it."""
        years, month = divmod(FIRST_MONTH[1] - 1 + number, 12)
        return date(FIRST_MONTH[0] + years, month + 1, 1)

    @property
    def end(self) -> date:
        """The day after the log's last."""
        return self.month(self.months)


class Customers:
    """Who the customers are: how often each comes, and in which months."""

    def __init__(self, scale: Scale, rng: np.random.Generator) -> None:
        """Draw popularity and life of every customer."""
        n = scale.customers
        ranks = rng.permutation(n)
        self.weights = (ranks + 1.0) ** -ZIPF_EXPONENT
        starts_before = rng.random(n) < 0.4
        self.first = np.where(starts_before, 0, rng.integers(0, scale.months, n))
        self.last = self.first + rng.exponential(20, n).astype(np.int64)
        # The largest are resellers and shared accounts: they do not leave.
        largest = ranks < max(1, n // 1000)
        self.first[largest], self.last[largest] = 0, scale.months
        self.ids = pa.array([f"c{number:07d}" for number in range(n)])

    def drawn(self, month: int, size: int, rng: np.random.Generator) -> Ints:
        """Customers of so many sessions of a month."""
        active = (self.first <= month) & (self.last >= month)
        totals = np.cumsum(self.weights * active)
        return np.searchsorted(totals, rng.random(size) * totals[-1], side="right")


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions of a span of days: who, when, where (arrays of one length), and the span's end."""

    customers: Ints
    seconds: Ints  # since 1970
    channels: Ints
    end: int  # seconds since 1970

    def rows(self, per_session: float, n_rows: int, rng: np.random.Generator) -> Ints:
        """The session of each of `n_rows` rows, each of these sessions having one or more."""
        lengths = 1 + rng.poisson(per_session - 1, len(self.customers))
        return np.repeat(np.arange(len(lengths)), lengths)[:n_rows]

    def later(self, offsets: Ints, sessions: Ints | slice) -> Ints:
        """Moments so many seconds into these sessions; what is left of the span at most."""
        return np.minimum(self.seconds[sessions] + offsets, self.end - 1)


def log_of(scale: Scale, cache: Path) -> Path:
    """Folder of the log, made if it is not there: `orders/`, `visits/`, `next_day/`, `spine`."""
    folder = cache / "logs" / scale.name
    if not (folder / "log.json").exists():
        unfinished = folder.with_name(folder.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        write_log(scale, unfinished)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    return folder


def write_log(scale: Scale, folder: Path) -> None:
    """Write every month, the day after the last, and a cutoff of its own for every customer."""
    rng = np.random.default_rng(scale.seed)
    customers = Customers(scale, rng)
    for name in ("orders", "visits", "next_day"):
        (folder / name).mkdir(parents=True)
    shares = np.diff(np.linspace(0, scale.events, scale.months + 1).astype(np.int64), prepend=0)[1:]
    for month in range(scale.months):
        first, end = scale.month(month), scale.month(month + 1)
        tables = _span(customers, month, (first, end), int(shares[month]), scale, rng)
        for name, table in tables.items():
            _write(table, folder / name / f"{first:%Y-%m}.parquet")
    next_day = (scale.end, scale.end + timedelta(days=1))
    a_day = int(shares[-1]) // 30
    for name, table in _span(customers, scale.months - 1, next_day, a_day, scale, rng).items():
        _write(table, folder / "next_day" / f"{name}.parquet")
    ages = rng.integers(0, 335, scale.customers)
    cutoffs = ((scale.end - EPOCH).days - ages).astype(np.int32)
    spine = {"customer_id": customers.ids, "cutoff": pa.array(cutoffs).cast(pa.date32())}
    _write(pa.table(spine), folder / "spine.parquet")
    (folder / "log.json").write_text(json.dumps(asdict(scale), indent=1), encoding="utf-8")


def _span(
    customers: Customers,
    month: int,
    days: tuple[date, date],
    n_events: int,
    scale: Scale,
    rng: np.random.Generator,
) -> dict[str, pa.Table]:
    n_visits = round(n_events * VISIT_SHARE)
    n_lines = n_events - n_visits
    # 5 % and some more, so that the rows can be cut to their exact number.
    n_sessions = int(n_visits / VISITS_PER_SESSION * 1.05) + 60
    sessions = Sessions(
        customers.drawn(month, n_sessions, rng),
        _moments(days, n_sessions, rng),
        rng.choice(len(CHANNELS), n_sessions, p=[0.45, 0.25, 0.18, 0.07, 0.05]),
        (days[1] - EPOCH).days * DAY_SECONDS,
    )
    ordering = np.flatnonzero(rng.random(n_sessions) < n_lines / LINES_PER_ORDER / n_sessions * 1.1)
    buyers = Sessions(
        sessions.customers[ordering],
        sessions.seconds[ordering],
        sessions.channels[ordering],
        sessions.end,
    )
    return {
        "orders": _orders(customers, buyers, n_lines, scale, rng),
        "visits": _visits(customers, sessions, n_visits, scale, rng),
    }


def _moments(days: tuple[date, date], size: int, rng: np.random.Generator) -> Ints:
    """Seconds since 1970 of sessions of these days, at the hours and weekdays of people."""
    first, end = ((day - EPOCH).days for day in days)
    # 1970-01-01 was a Thursday: 0 = Monday after adding 3.
    by_day = WEEKDAYS[(np.arange(first, end) + 3) % 7]
    day = first + rng.choice(end - first, size, p=by_day / by_day.sum())
    hour = rng.choice(24, size, p=HOURS / HOURS.sum())
    return day * DAY_SECONDS + hour * 3600 + rng.integers(0, 3600, size)


def _orders(
    customers: Customers, buyers: Sessions, n_lines: int, scale: Scale, rng: np.random.Generator
) -> pa.Table:
    session = buyers.rows(LINES_PER_ORDER, n_lines, rng)
    n = len(session)
    # The order is placed some minutes into the session; its lines have one time.
    placed = buyers.later(rng.integers(60, 1200, len(buyers.seconds)), slice(None))
    columns = _event(customers, buyers.customers[session], placed[session], scale, rng)
    popular = 1.0 / np.arange(2, len(CATEGORIES) + 2)
    amount = np.maximum(rng.lognormal(np.log(2500), 0.9, n), 50).astype(np.int64)
    prefix = f"o{buyers.end // DAY_SECONDS}-"
    empty = pa.nulls(n, pa.int64())
    columns |= {
        "kind": pa.array(["order"]).take(pa.array(np.zeros(n, np.int64))),
        "amount_minor": pa.array(amount),
        "discount_minor": empty,
        "cost_minor": empty,
        "order_id": pa.array([f"{prefix}{number}" for number in session.tolist()]),
        "product": pa.nulls(n, pa.string()),
        "category": _words(CATEGORIES, rng.choice(len(CATEGORIES), n, p=popular / popular.sum())),
        "channel": _words(CHANNELS, buyers.channels[session]),
        "quantity": pa.array(1 + rng.poisson(0.4, n)),
        "paid_until_day": empty,
    }
    return _in_order_of_time(columns)


def _visits(
    customers: Customers, sessions: Sessions, n_visits: int, scale: Scale, rng: np.random.Generator
) -> pa.Table:
    session = sessions.rows(VISITS_PER_SESSION, n_visits, rng)
    n = len(session)
    seconds = sessions.later(rng.integers(0, 1500, n), session)
    columns = _event(customers, sessions.customers[session], seconds, scale, rng)
    columns |= {
        "kind": _words(KINDS, rng.choice(len(KINDS), n, p=[0.55, 0.2, 0.12, 0.08, 0.03, 0.02])),
        "channel": _words(CHANNELS, sessions.channels[session]),
        "seconds": pa.array(rng.exponential(90, n).astype(np.int64)),
    }
    return _in_order_of_time(columns)


def _event(
    customers: Customers, codes: Ints, seconds: Ints, scale: Scale, rng: np.random.Generator
) -> dict[str, pa.Array]:
    """The columns that every event table begins with; the market's clock is UTC."""
    n = len(codes)
    micros = seconds * MICROSECONDS + rng.integers(0, MICROSECONDS, n)
    days = (seconds // DAY_SECONDS).astype(np.int32)
    known = days + np.where(rng.random(n) < scale.late_share, rng.geometric(0.2, n), 0)
    day = pa.array(days).cast(pa.date32())
    return {
        "customer_id": customers.ids.take(pa.array(codes)),
        "occurred_at": pa.array(micros).cast(pa.timestamp("us", tz="UTC")),
        "day": day,
        "minute": pa.array((seconds % DAY_SECONDS // 60).astype(np.int16)),
        "known_from": pa.array(known.astype(np.int32)).cast(pa.date32()),
        "known_to": pa.array([FOREVER], pa.date32()).take(pa.array(np.zeros(n, np.int64))),
        "market": pa.array(["default"]).take(pa.array(np.zeros(n, np.int64))),
        "event_id": pa.nulls(n, pa.string()),
    }


def _words(words: tuple[str, ...], codes: Ints) -> pa.Array:
    return pa.array(list(words)).take(pa.array(codes))


def _in_order_of_time(columns: dict[str, pa.Array]) -> pa.Table:
    micros = columns["occurred_at"].cast(pa.int64()).to_numpy()
    return pa.table(columns).take(pa.array(np.argsort(micros, kind="stable")))


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", row_group_size=ROW_GROUP)
