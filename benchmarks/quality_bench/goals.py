"""The numbers to reach, set before the product's models were built, and whether they are met.

They are the best that any of the systems tried at the time held on each axis, so that no single
one of them held a whole row. A figure is compared as it is printed, with four decimals.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

DECIMALS = 4
INFINITE = math.inf

METRICS = {
    "auc": "AUC",
    "log_loss": "log loss",
    "brier": "Brier",
    "ece": "ECE",
    "ngini": "nGini",
    "spearman": "Spearman",
    "decile_mape": "decile MAPE",
    "bias": "bias",
    "rmse": "RMSE",
}
"""The metrics of a row of numbers, with their names for people."""
INTERVALS = {
    "interval_coverage": "covered",
    "interval_coverage_buyers": "covered, buyers",
    "interval_score": "interval score",
}
HIGHER = ("auc", "ngini", "spearman", "interval_coverage", "interval_coverage_buyers")
COVERED, COVERED_BUYERS = 0.90, 0.85
RIVALS_OF_INTERVALS = ("bg-nbd", "pareto-nbd", "lightgbm")
CPU_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Goal:
    """A number to reach: the figure must lie within [low, high]."""

    low: float = -INFINITE
    high: float = INFINITE

    def met(self, figure: float) -> bool:
        """Whether the printed figure reaches it; one that does not exist never does."""
        return self.low <= round(figure, DECIMALS) <= self.high

    def __str__(self) -> str:
        if self.low == -INFINITE:
            return f"≤ {self.high:g}"
        return f"≥ {self.low:g}" if self.high == INFINITE else f"{self.low:g}-{self.high:g}"


_ROWS: dict[str, tuple[float | tuple[float, float] | None, ...]] = {
    "cdnow-sample-39-39": (0.767, 0.490, 0.157, 0.035, 0.680, 0.446, 0.22, (0.92, 1.08), 71.5),
    "cdnow-full-39-39": (0.768, 0.4925, 0.1587, 0.020, 0.720, 0.450, 0.10, (0.92, 1.08), 92.8),
    "cdnow-full-52-26": (0.805, 0.415, 0.129, 0.025, 0.757, 0.450, 0.16, (0.90, 1.15), 56.0),
    "cdnow-full-65-13": (0.840, 0.2985, 0.0887, 0.016, 0.778, 0.400, 0.25, (0.88, 1.15), 31.0),
    "uci-retail-40-13": (0.738, 0.595, 0.207, 0.062, 0.774, 0.525, 0.35, None, 2600),
    "uci-retail-27-26": (0.737, 0.534, 0.183, 0.036, 0.834, 0.591, 0.15, (0.85, 1.10), 3300),
}


def _goal(metric: str, number: float | tuple[float, float]) -> Goal:
    if isinstance(number, tuple):
        return Goal(*number)
    return Goal(low=number) if metric in HIGHER else Goal(high=number)


GOALS: dict[str, dict[str, Goal]] = {
    task: {
        metric: _goal(metric, number)
        for metric, number in zip(METRICS, row, strict=True)
        if number is not None
    }
    for task, row in _ROWS.items()
}
"""By task and metric. The level of the Christmas quarter is only reported: one year cannot tell."""


def interval_goals(rivals: Mapping[str, Mapping[str, float]]) -> dict[str, Goal]:
    """What the product's intervals must hold on a task, given the figures of all systems."""
    scores = [
        rivals[name]["interval_score"]
        for name in RIVALS_OF_INTERVALS
        if "interval_score" in rivals.get(name, {})
    ]
    goals = {
        "interval_coverage": Goal(low=COVERED),
        "interval_coverage_buyers": Goal(low=COVERED_BUYERS),
    }
    if scores:
        goals["interval_score"] = Goal(high=round(min(scores), DECIMALS))
    return goals


def marks(figures: Mapping[str, float], goals: Mapping[str, Goal]) -> dict[str, bool]:
    """By metric, whether its goal is met.

    >>> marks({"auc": 0.76996, "ece": 0.0207}, {"auc": Goal(low=0.77), "ece": Goal(high=0.02)})
    {'auc': True, 'ece': False}
    """
    return {metric: goal.met(figures.get(metric, math.nan)) for metric, goal in goals.items()}
