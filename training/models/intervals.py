"""Intervals of a customer's value: how far realised values fell from the expected, by level.

Split conformal by predicted decile, out of time: of the newest cutoff whose outcomes are known,
told by models that knew only what came before it, realised value over expected value is collected
per tenth of the prediction; its quantiles widen a new prediction. Zeros and amounts count apart,
because most customers spend nothing and an interval right for the crowd would miss the buyers.
Source of the method: Lei et al. (2018), "Distribution-Free Predictive Inference for Regression",
JASA 113(523).
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from training.metrics import interval_coverage, interval_score

Floats = npt.NDArray[np.float64]

GROUPS = 10
MIN_BUYERS = 10  # a quantile of fewer buyers says nothing; the group then uses the whole's
BUYERS_COVERED = 0.87
"""Share of those who buy that an interval must cover where it was learned, the rest being noise."""
_BUYER_QUANTILES = (0.0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975)


@dataclass(frozen=True, slots=True)
class ValueInterval:
    """Multiples of the expected value per group of predictions; `edges` are group borders."""

    level: float
    edges: tuple[float, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]

    def around(self, expected: Floats, like: Floats | None = None) -> tuple[Floats, Floats]:
        """Low and high of each expected value, same unit; low <= expected <= high.

        `like` are the values that say which group a customer is of, if the expected ones are of
        another horizon than those that the groups were made from.
        """
        group = self._group(expected if like is None else like)
        low = expected * np.asarray(self.low)[group]
        high = expected * np.asarray(self.high)[group]
        return np.minimum(low, expected), np.maximum(high, expected)

    def median(self, expected: Floats, like: Floats | None = None) -> Floats:
        """What half of the customers with such an expected value stay below; 0 for most."""
        group = self._group(expected if like is None else like)
        middle: Floats = expected * np.asarray(self.middle)[group]
        return middle

    def _group(self, expected: Floats) -> npt.NDArray[np.intp]:
        return np.searchsorted(np.asarray(self.edges), expected)

    def to_dict(self) -> dict[str, Any]:
        """The interval as JSON-able data."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """The interval that `to_dict` described."""
        groups = {name: tuple(fields[name]) for name in ("edges", "low", "middle", "high")}
        return cls(level=fields["level"], **groups)


def fit_value_interval(expected: Floats, realised: Floats, *, level: float) -> ValueInterval:
    """The narrowest multiples that covered everybody and those who bought, where it is learned.

    `expected` was said by models that had not seen what was `realised`; both of shape (n_rows,).
    Everybody is covered to the level, and `BUYERS_COVERED` of those who bought; among intervals
    that do, the one with the best interval score is taken.
    """
    bought = realised > 0
    best: tuple[float, ValueInterval] | None = None
    for buyers in _BUYER_QUANTILES:
        tried = _interval(expected, realised, level, buyers)
        low, high = tried.around(expected)
        is_whole = interval_coverage(realised, low, high) >= level
        if bought.any():
            is_whole &= interval_coverage(realised[bought], low[bought], high[bought]) >= (
                min(level, BUYERS_COVERED)
            )
        score = interval_score(realised, low, high, level=level)
        if is_whole and (best is None or score < best[0]):
            best = score, tried
    return best[1] if best else _interval(expected, realised, level, _BUYER_QUANTILES[-1])


def _interval(expected: Floats, realised: Floats, level: float, buyers: float) -> ValueInterval:
    """Multiples by group, the upper ones reaching this quantile of those who bought."""
    edges = np.unique(np.quantile(expected, np.arange(1, GROUPS) / GROUPS))
    group = np.searchsorted(edges, expected)
    ratio = realised / np.maximum(expected, np.finfo(np.float64).tiny)
    whole = _multiples(ratio, level, buyers)
    parts = [ratio[group == number] for number in range(len(edges) + 1)]
    multiples = [
        _multiples(part, level, buyers) if (part > 0).sum() >= MIN_BUYERS else whole
        for part in parts
    ]
    low, middle, high = zip(*multiples, strict=True)
    return ValueInterval(level, tuple(float(edge) for edge in edges), low, middle, high)


def _multiples(ratio: Floats, level: float, buyers: float) -> tuple[float, float, float]:
    if not len(ratio):
        return 0.0, 0.0, 1.0
    tail = (1 - level) / 2
    low, middle, high = (float(np.quantile(ratio, share)) for share in (tail, 0.5, 1 - tail))
    bought = ratio[ratio > 0]
    if len(bought):
        high = max(high, float(np.quantile(bought, buyers)))
    return max(low, 0.0), max(middle, 0.0), high


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
