"""How sure a figure is: intervals by resampling customers.

A resample counts every customer as often as chance draws her, in all her rows and for all systems
alike. So rows of one customer at several cutoffs stay together, and the difference of two systems
is taken within a resample (paired). Scores are sorted once: a resample only weighs sorted groups.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEVEL = 0.95
RESAMPLES_COUNT = 500
AT_ONCE = 100
DRAWN_AT_ONCE = 20_000_000
MOST_GROUPS = 500


def resamples(customers_count: int, *, count: int, seed: int) -> Iterator[Floats]:
    """How often each customer was drawn, in parts of shape (n_customers, up to 100).

    Of very many customers fewer resamples come at once, so that a part fits into memory.
    """
    rng = np.random.default_rng(seed)
    at_once = min(AT_ONCE, max(1, DRAWN_AT_ONCE // max(customers_count, 1)))
    for first in range(0, count, at_once):
        drawn = np.empty((customers_count, min(at_once, count - first)))
        for at in range(drawn.shape[1]):
            chosen = rng.integers(0, customers_count, customers_count)
            drawn[:, at] = np.bincount(chosen, minlength=customers_count)
        yield drawn


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the bounds that resampling gives it; NaN where it does not exist."""

    value: float
    low: float
    high: float


def interval(values: Floats, lowest: float, highest: float) -> Interval:
    """The first value, between percentiles of the others, moved so that their median is the first.

    The others are the same figure in resamples. Resampling adds noise of its own, which a
    calibration error or a best campaign takes for signal: unmoved, such a figure could lie outside
    its own interval. Bounds stay within [lowest, highest], where the figure lives.
    """
    value, known = float(values[0]), values[1:][np.isfinite(values[1:])]
    if not np.isfinite(value) or not len(known):
        return Interval(value, float("nan"), float("nan"))
    tail = (1 - LEVEL) / 2
    low, middle, high = np.quantile(known, [tail, 0.5, 1 - tail])
    bounds = np.clip([value + low - middle, value + high - middle], lowest, highest)
    return Interval(value, float(bounds[0]), float(bounds[1]))


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows in groups of equal score, by growing score; `codes` has shape (n_rows,)."""

    codes: Ints
    count: int

    @classmethod
    def of(cls, score: Floats, *, most: int | None = MOST_GROUPS) -> Self:
        """The groups of equal scores; above `most`, neighbours are put together by mass.

        Only resamples use gathered groups: what they lose is taken out again by `interval`.
        """
        _, codes, counts = np.unique(score, return_inverse=True, return_counts=True)
        if most is not None and len(counts) > most:
            middle = np.cumsum(counts) - counts / 2
            _, gathered = np.unique((middle * most / len(score)).astype(int), return_inverse=True)
            codes = gathered[codes]
        return cls(codes.astype(np.int64), int(codes.max()) + 1 if len(codes) else 0)

    def sums(self, weights: Floats, *columns: Floats) -> list[Floats]:
        """Weighted sums of each column per group, each of shape (n_groups, n_resamples).

        `weights` has shape (n_rows, n_resamples), a column (n_rows,).
        """
        rows = np.arange(len(self.codes))
        shape = (self.count, len(self.codes))
        return [
            sparse.csr_array((one, (self.codes, rows)), shape=shape) @ weights for one in columns
        ]


def cumulated_at(shares: Floats, weight: Floats, *columns: Floats) -> list[Floats]:
    """Weight and columns cumulated up to these shares of the weight: (n_shares, n_resamples) each.

    All are sums per group, shape (n_groups, n_resamples). A share that ends within a group takes
    its part of it, which averages over ties.
    """
    reached = [np.empty((len(shares), weight.shape[1])) for _ in range(1 + len(columns))]
    for at in range(weight.shape[1]):
        along = np.concatenate([[0.0], np.cumsum(weight[:, at])])
        places = shares * along[-1]
        for target, column in zip(reached, (weight, *columns), strict=True):
            target[:, at] = np.interp(
                places, along, np.concatenate([[0.0], np.cumsum(column[:, at])])
            )
    return reached
