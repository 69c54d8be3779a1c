"""What the columns of a snapshot table become: a matrix for a linear model, another for trees.

Everything is learned from the columns alone, never from the label: where the knots of a number lie,
which values of a category are frequent enough to be told apart. Missing is a value of its own, an
infinity counts as missing, and a value never seen before counts as a rare one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

KNOT_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
RANGE_SHARES = (0.005, 0.995)
"""Beyond these quantiles a number is cut, for the linear model only: one row must not bend it."""

MOST_LEVELS = 50
FEWEST_ROWS = 10
"""Values in fewer rows, or beyond the 50 most frequent, share one level."""

MICROSECONDS_PER_DAY = 86_400 * 10**6


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A number: cut to [low, high], bent at the knots; `middle` stands in where it is missing."""

    low: float
    high: float
    knots: tuple[float, ...]
    middle: float
    can_be_missing: bool

    def linear(self, values: pd.Series) -> list[Floats]:
        """The number, what it is above each knot, and whether it is missing."""
        number = numbers_of(values)
        missing = np.isnan(number)
        cut = np.clip(np.where(missing, self.middle, number), self.low, self.high)
        parts = [cut, *(np.maximum(cut - knot, 0.0) for knot in self.knots)]
        return [*parts, missing.astype(np.float64)] if self.can_be_missing else parts

    def codes(self, values: pd.Series) -> Floats:
        """The number as it is, NaN where it is missing."""
        return numbers_of(values)


@dataclass(frozen=True, slots=True)
class CategoryColumn:
    """A category: the values told apart, most frequent first; rare ones and missing after them."""

    levels: tuple[str, ...]
    has_rare: bool
    can_be_missing: bool

    def linear(self, values: pd.Series) -> list[Floats]:
        """One column of zeros and ones per level."""
        codes = self.codes(values)
        count = len(self.levels) + self.has_rare + self.can_be_missing
        return [(codes == level).astype(np.float64) for level in range(count)]

    def codes(self, values: pd.Series) -> Floats:
        """The number of each level; NaN for what the table learned from has no level for."""
        texts = texts_of(values)
        codes = texts.map({level: float(at) for at, level in enumerate(self.levels)})
        found: Floats = np.array(codes, dtype=np.float64)
        missing = texts.isna().to_numpy()
        found[np.isnan(found) & ~missing] = len(self.levels) if self.has_rare else np.nan
        if self.can_be_missing:
            found[missing] = len(self.levels) + self.has_rare
        return found


Column: TypeAlias = NumberColumn | CategoryColumn


@dataclass(frozen=True)
class SnapshotDesign:
    """How each column of a table, by its position, is turned into numbers."""

    columns: tuple[Column, ...]
    means: Floats
    scales: Floats

    @cached_property
    def owners(self) -> npt.NDArray[np.int64]:
        """The position of the table's column that each column of the linear matrix comes from."""
        widths = [_width(column) for column in self.columns]
        return np.repeat(np.arange(len(widths)), widths)

    @cached_property
    def categories(self) -> list[int]:
        """Positions of the categories, as LightGBM wants them told."""
        return [at for at, one in enumerate(self.columns) if isinstance(one, CategoryColumn)]

    def linear(self, table: pd.DataFrame) -> Floats:
        """The matrix of the linear model, columns centred, numbers scaled; (n_rows, n_parts)."""
        return (_raw(self.columns, table) - self.means) / self.scales

    def codes(self, table: pd.DataFrame) -> Floats:
        """The matrix of the trees: numbers and numbers of levels; (n_rows, n_columns)."""
        parts = [one.codes(table.iloc[:, at]) for at, one in enumerate(self.columns)]
        return _stacked(parts, len(table))


def learn_design(
    table: pd.DataFrame, *, knot_shares: Sequence[float] = KNOT_SHARES
) -> SnapshotDesign:
    """The design of these columns; dtypes decide what is a number, a time or a category.

    A number bends at these quantiles; without any it stays linear.
    """
    columns = tuple(_learned(table.iloc[:, at], knot_shares) for at in range(table.shape[1]))
    raw = _raw(columns, table)
    spread = raw.std(axis=0)
    is_number = np.repeat(
        [isinstance(one, NumberColumn) for one in columns], [_width(one) for one in columns]
    )
    scales = np.where(is_number & (spread > 0), spread, 1.0)
    return SnapshotDesign(columns, raw.mean(axis=0), scales)


def is_number(values: pd.Series) -> bool:
    """Whether the column is learned as a number: numbers and times are, truths are not."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return False
    dtype = values.dtype
    return pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype)


def numbers_of(values: pd.Series) -> Floats:
    """A column as numbers, times as days since 1970; NaN where missing or infinite.

    Raises ValueError where a text is no number.
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        stamps = values.dt.tz_convert("UTC").dt.tz_localize(None) if values.dt.tz else values
        days = stamps.to_numpy(dtype="datetime64[us]").astype(np.int64) / MICROSECONDS_PER_DAY
        return np.where(values.isna().to_numpy(), np.nan, days)
    try:
        number = pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        message = f"Column {values.name!r} was learned as a number and holds a text: {error}."
        raise ValueError(message) from error
    return np.where(np.isfinite(number), number, np.nan)


def texts_of(values: pd.Series) -> pd.Series:
    """A column as texts, None where missing; 1.0 and 1 are the same text."""
    codes, found = pd.factorize(values)
    # A value is written once, not once per row.
    texts = np.array([*map(_text, found), None], dtype=object)
    return pd.Series(texts[codes], index=values.index, dtype=object)


def _text(value: object) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _learned(values: pd.Series, knot_shares: Sequence[float]) -> Column:
    return _number_column(values, knot_shares) if is_number(values) else _category_column(values)


def _number_column(values: pd.Series, knot_shares: Sequence[float]) -> NumberColumn:
    number = numbers_of(values)
    filled = number[~np.isnan(number)]
    can_be_missing = len(filled) < len(number)
    if not len(filled):
        return NumberColumn(0.0, 0.0, (), 0.0, can_be_missing)
    low, high = (float(edge) for edge in np.quantile(filled, RANGE_SHARES))
    knots = np.unique(np.quantile(filled, knot_shares, method="lower"))
    inner = tuple(float(knot) for knot in knots if low < knot < high)
    return NumberColumn(low, high, inner, float(np.median(filled)), can_be_missing)


def _category_column(values: pd.Series) -> CategoryColumn:
    texts = texts_of(values)
    counts = texts.value_counts()
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    frequent = [str(level) for level, count in ranked if count >= FEWEST_ROWS][:MOST_LEVELS]
    return CategoryColumn(
        tuple(frequent),
        has_rare=len(frequent) < len(ranked),
        can_be_missing=bool(texts.isna().any()),
    )


def _width(column: Column) -> int:
    if isinstance(column, NumberColumn):
        return 1 + len(column.knots) + column.can_be_missing
    return len(column.levels) + column.has_rare + column.can_be_missing


def _raw(columns: Sequence[Column], table: pd.DataFrame) -> Floats:
    parts = [part for at, one in enumerate(columns) for part in one.linear(table.iloc[:, at])]
    return _stacked(parts, len(table))


def _stacked(parts: Sequence[Floats], count: int) -> Floats:
    return np.column_stack(parts) if parts else np.empty((count, 0))
