"""How a measure and a feature are declared: once, in a few words, for every engine.

A *measure* is what is added up of a customer's day, as one plain SQL aggregate: it becomes a column
of the day tiles. A *feature* is a function of what is known as of a cutoff; its name is the column,
its docstring the meaning, the last word of its name the unit. Both are declared on a `Source`, the
table whose events they are made of:

    visits = Source("visits")
    SEARCHES = visits.count("searches", where="kind = 'search'")

    @visits.windowed()
    def searches_count(known: AsOf, window_days: int | None) -> Ints:
        \"\"\"Searches.\"\"\"
        return known.total(SEARCHES, window_days)

gives the columns `searches_7d_count` … `searches_365d_count` and `searches_count`. Conditions are
plain SQL over columns of the table, the same text for every engine.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from features.schema import EVENT_TABLES
from features.word_codes import CODE_UNIT

if TYPE_CHECKING:
    from features.kernel import AsOf

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WINDOWS_DAYS: tuple[int, ...] = (7, 30, 90, 180, 365)
UNITS = (
    *("days", "count", "value", "share", "ratio"),
    *("score", "points", "level", "minutes", "years", CODE_UNIT),
)

Merge = Literal["sum", "max", "or"]
Compute = Callable[["AsOf"], Floats | Ints]
WindowedCompute = Callable[["AsOf", int | None], Floats | Ints]


@dataclass(frozen=True, slots=True)
class Measure:
    """One partial aggregate of a customer's day: 64-bit integers that merge over days.

    `sql` is an aggregate over the rows of the day; `merge` says how two days, or two parts of one
    day, become one. `needs` are optional columns of the table; without them `otherwise` is used,
    or the measure does not exist. A measure `by` a column has a family of tiles of its own, one
    row per customer, value of that column and day; one `at` a column lies on that day instead.
    """

    name: str
    table: str
    sql: str
    merge: Merge = "sum"
    needs: frozenset[str] = frozenset()
    otherwise: str | None = None
    by: str | None = None
    at: str | None = None
    family: str = field(init=False)
    """The family of tiles that it is a column of."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", ".".join(filter(None, (self.table, self.by, self.at))))

    def available(self, available: frozenset[str]) -> "Measure | None":
        """The measure as a source with these columns can have it."""
        if self.table not in available:
            return None
        if self.needs <= available:
            return self
        return replace(self, sql=self.otherwise) if self.otherwise else None


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the feature matrix; missing knowledge is NaN.

    `needs` are the tables and optional columns (`orders.quantity`) without which it does not
    exist; `calendar` says that its value depends on the date itself, not on the history alone.
    """

    name: str
    unit: str
    meaning: str
    compute: Compute
    source: str
    needs: frozenset[str]
    window_days: int | None = None
    calendar: bool = False


class MeasureKeys(TypedDict, total=False):
    """What a measure may need or be sorted by; `needs` are columns of its table."""

    needs: Iterable[str]
    otherwise: str
    by: str
    at: str


class Source:
    """The events of one table, as measures and features see them."""

    def __init__(self, table: str) -> None:
        """Raises TypeError for a table that has no contract."""
        if table not in EVENT_TABLES:
            message = f"there is no table {table}; there are: {', '.join(EVENT_TABLES)}"
            raise TypeError(message)
        self.table = table

    def count(self, name: str, where: str = "TRUE", **keys: Unpack[MeasureKeys]) -> Measure:
        """Rows that fulfil a condition."""
        sql = "COUNT(*)" if where == "TRUE" else f"COUNT(CASE WHEN {where} THEN 1 END)"
        return self.measure(name, sql, **keys)

    def days(self, name: str, where: str = "TRUE", **keys: Unpack[MeasureKeys]) -> Measure:
        """1 on a day with such a row, so that its sum over days counts them."""
        sql = f"MAX(CASE WHEN {where} THEN 1 ELSE 0 END)"
        return self.measure(name, sql, merge="max", **keys)

    def total(
        self, name: str, amount: str, where: str = "TRUE", **keys: Unpack[MeasureKeys]
    ) -> Measure:
        """Sum of a column, or of plain SQL over columns, over rows that fulfil a condition."""
        sql = f"SUM(CASE WHEN {where} THEN COALESCE({amount}, 0) ELSE 0 END)"
        return self.measure(name, sql, **keys)

    def largest(
        self, name: str, amount: str, where: str = "TRUE", **keys: Unpack[MeasureKeys]
    ) -> Measure:
        """Largest value of the day; 0 without a row that fulfils the condition."""
        sql = f"COALESCE(MAX(CASE WHEN {where} THEN {amount} END), 0)"
        return self.measure(name, sql, merge="max", **keys)

    def bits(self, name: str, column: str, where: str = "TRUE") -> Measure:
        """Which values of a column occurred, as one bit each; up to 62 values, the rest as one.

        Which value has which bit is the vocabulary of the histories.
        """
        sql = f"COALESCE(BIT_OR(CASE WHEN {where} THEN {column}_bit END), 0)"
        return self.measure(name, sql, merge="or", needs=(column,))

    def word(
        self, name: str, column: str, where: str = "TRUE", *, by: str | None = None
    ) -> Measure:
        """The last word of a text column on the day, as `AsOf.last_word` reads it; 0 without one.

        Of two words of one minute, or of a day whose minutes are not known, that with the larger
        code counts as the last.
        """
        keys: MeasureKeys = {"needs": (column,)} if by is None else {"needs": (column,), "by": by}
        return self.largest(name, f"{column}_word", where, **keys)

    def measure(
        self,
        name: str,
        sql: str,
        *,
        merge: Merge = "sum",
        **keys: Unpack[MeasureKeys],
    ) -> Measure:
        """Any aggregate in plain SQL."""
        return Measure(
            name,
            self.table,
            sql,
            merge,
            frozenset(f"{self.table}.{column}" for column in keys.get("needs", ())),
            keys.get("otherwise"),
            keys.get("by"),
            keys.get("at"),
        )

    def feature(
        self, *, needs: Iterable[str] = (), calendar: bool = False
    ) -> Callable[[Compute], Feature]:
        """Declare one feature.

        `needs` are columns of the table, others as `table.column`, whole tables, `calendar`: that
        the holidays of some market are known, or `markets`: that there are several.
        """

        def declare(compute: Compute) -> Feature:
            name = compute.__name__
            return Feature(
                name,
                _unit(name),
                _meaning(compute),
                compute,
                self.table,
                self._needs(needs),
                calendar=calendar,
            )

        return declare

    def windowed(
        self,
        *,
        over: tuple[int, ...] = WINDOWS_DAYS,
        life: bool = True,
        needs: Iterable[str] = (),
        calendar: bool = False,
    ) -> Callable[[WindowedCompute], tuple[Feature, ...]]:
        """Declare one feature per window in days before the cutoff, and one over the whole life."""

        def declare(compute: WindowedCompute) -> tuple[Feature, ...]:
            return tuple(
                _of_window(compute, window, self.table, self._needs(needs), calendar=calendar)
                for window in ([*over, None] if life else over)
            )

        return declare

    def _needs(self, needs: Iterable[str]) -> frozenset[str]:
        whole = {"calendar", "markets", *EVENT_TABLES}
        named = (name if name in whole or "." in name else f"{self.table}.{name}" for name in needs)
        return frozenset((self.table, *named))


def divided(numerator: Floats | Ints, denominator: Floats | Ints) -> Floats:
    """Elementwise quotient; NaN where the denominator is 0: unknown is not zero."""
    quotient = np.empty(len(numerator))
    quotient.fill(np.nan)
    np.divide(numerator, denominator, out=quotient, where=np.not_equal(denominator, 0))
    return quotient


def _of_window(
    compute: WindowedCompute,
    window_days: int | None,
    source: str,
    needs: frozenset[str],
    *,
    calendar: bool,
) -> Feature:
    name, meaning = compute.__name__, _meaning(compute)
    if window_days is not None:
        stem, unit = name.rsplit("_", 1)
        name = f"{stem}_{window_days}d_{unit}"
        meaning = f"{meaning.removesuffix('.')} in the {window_days} days before the cutoff."
    return Feature(
        name,
        _unit(name),
        meaning,
        lambda known: compute(known, window_days),
        source,
        needs,
        window_days,
        calendar,
    )


def _unit(name: str) -> str:
    unit = name.rsplit("_", 1)[-1]
    if unit not in UNITS:
        message = f"feature {name} must end in its unit: one of {', '.join(UNITS)}"
        raise TypeError(message)
    return unit


def _meaning(compute: Compute | WindowedCompute) -> str:
    if not compute.__doc__:
        message = f"feature {compute.__name__} needs a docstring: it is its meaning"
        raise TypeError(message)
    return compute.__doc__.strip().splitlines()[0]
