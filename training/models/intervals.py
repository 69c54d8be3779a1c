"""Intervals of a customer's value: how far realised values fell from the expected, by level.

Split conformal by predicted decile: on customers that the trees did not see, realised value over
expected value is collected per tenth of the prediction; its quantiles widen a new prediction. The
upper end covers those who buy as well as everybody, because most customers spend nothing and an
interval right for the crowd would miss the buyers. Source of the method: Lei et al. (2018),
"Distribution-Free Predictive Inference for Regression", JASA 113(523).
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

GROUPS = 10
MIN_BUYERS = 10  # a quantile of fewer buyers says nothing; the group then uses the whole's


@dataclass(frozen=True, slots=True)
class ValueInterval:
    """Multiples of the expected value per group of predictions; `edges` are group borders."""

    level: float
    edges: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def around(self, expected: Floats) -> tuple[Floats, Floats]:
        """Low and high of each expected value, same unit; low <= expected <= high."""
        group = np.searchsorted(np.asarray(self.edges), expected)
        low = expected * np.asarray(self.low)[group]
        high = expected * np.asarray(self.high)[group]
        return np.minimum(low, expected), np.maximum(high, expected)

    def to_dict(self) -> dict[str, Any]:
        """The interval as JSON-able data."""
        return {
            "level": self.level,
            "edges": list(self.edges),
            "low": list(self.low),
            "high": list(self.high),
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """The interval that `to_dict` described."""
        return cls(
            fields["level"], tuple(fields["edges"]), tuple(fields["low"]), tuple(fields["high"])
        )


def fit_value_interval(expected: Floats, realised: Floats, *, level: float) -> ValueInterval:
    """Multiples learned from rows whose trees have not seen them; both of shape (n_rows,)."""
    edges = np.unique(np.quantile(expected, np.arange(1, GROUPS) / GROUPS))
    group = np.searchsorted(edges, expected)
    ratio = realised / np.maximum(expected, np.finfo(np.float64).tiny)
    whole = _multiples(ratio, level)
    parts = [ratio[group == number] for number in range(len(edges) + 1)]
    multiples = [
        _multiples(part, level) if (part > 0).sum() >= MIN_BUYERS else whole for part in parts
    ]
    return ValueInterval(
        level=level,
        edges=tuple(float(edge) for edge in edges),
        low=tuple(low for low, _ in multiples),
        high=tuple(high for _, high in multiples),
    )


def _multiples(ratio: Floats, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    bought = ratio[ratio > 0]
    high = float(np.quantile(ratio, 1 - tail)) if len(ratio) else 1.0
    if len(bought):
        high = max(high, float(np.quantile(bought, level)))
    low = float(np.quantile(ratio, tail)) if len(ratio) else 0.0
    return max(low, 0.0), high
