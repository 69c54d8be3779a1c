"""Every figure of every system, and how surely the product is better than another.

Differences are paired: both systems are judged on the same customers, drawn with replacement, and
the interval is that of the difference within a draw. A difference is product less opponent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.quality_bench.goals import HIGHER
from benchmarks.quality_bench.simulation import LEVEL
from benchmarks.quality_bench.systems import CEILING, OURS, Bools, Floats
from training.judged_figures import JudgedRows, Resampled
from training.metrics import churn_metrics, interval_metrics, value_metrics
from training.profit import CLASSIC
from training.uncertainty import Groups, Interval, interval, resamples

RESAMPLES = 500
SEED = 1
COMPARED = (
    "auc",
    "log_loss",
    "brier",
    "ece",
    "ngini",
    "spearman",
    "decile_mape",
    "level_error",
    "rmse",
    "interval_score",
)
"""What one system can be better at than another; `level_error` is how far the bias is from 1."""

VERDICTS = BETTER, EVEN, WORSE = "better", "even", "worse"


@dataclass(frozen=True, slots=True)
class Difference:
    """Product less opponent in one metric, with its 95 % interval."""

    opponent: str
    value: float
    low: float
    high: float

    def verdict(self, metric: str) -> str:
        """Better or worse only where the interval leaves out zero."""
        if not (self.low > 0 or self.high < 0):
            return EVEN
        return BETTER if (self.low > 0) == (metric in HIGHER) else WORSE


def figures(churned: Bools, realised: Floats, said: pd.DataFrame) -> dict[str, float]:
    """Every figure that exists for what a system said."""
    columns = {name: said[name].to_numpy(dtype=np.float64) for name in said}
    found = churn_metrics(churned, columns["churn_probability"])
    found |= value_metrics(realised, columns["expected_value"])
    found["level_error"] = abs(found["bias"] - 1)
    if "value_low" in columns:
        low, high = columns["value_low"], columns["value_high"]
        found |= interval_metrics(realised, low, high, level=LEVEL)
    return found


def strongest(found: Mapping[str, Mapping[str, float]], among: Iterable[str]) -> dict[str, str]:
    """The best of these systems for each metric, as the holdout itself shows them."""
    names = [name for name in among if name not in {OURS, CEILING}]
    best = {}
    for metric in COMPARED:
        sign = -1 if metric in HIGHER else 1
        known = {
            name: sign * found[name][metric]
            for name in names
            if np.isfinite(found.get(name, {}).get(metric, np.nan))
        }
        if known:
            best[metric] = min(known, key=lambda name: known[name])
    return best


def differences(
    churned: Bools,
    realised: Floats,
    said: Mapping[str, pd.DataFrame],
    opponents: Mapping[str, str],
) -> dict[str, Difference]:
    """The product less the opponent named for each metric, over the same resamples."""
    rows = _judged(churned, realised)
    wanted = dict.fromkeys((OURS, *opponents.values()))
    drawn = {name: _drawn(rows, said[name]) for name in wanted}
    return {
        metric: _difference(opponent, drawn[OURS][metric] - drawn[opponent][metric])
        for metric, opponent in opponents.items()
        if metric in drawn[OURS]
    }


def _judged(churned: Bools, realised: Floats) -> JudgedRows:
    """A row per customer; what an offer would cost is not asked here."""
    everybody = np.arange(len(churned))
    return JudgedRows(everybody, churned, realised, np.ones(len(churned)), CLASSIC, LEVEL)


def _drawn(rows: JudgedRows, said: pd.DataFrame) -> dict[str, Floats]:
    """Figures of a system, the first the exact one, then those of the resamples."""
    exact = figures(rows.churned, rows.realised_value, said)
    system = Resampled(rows, said)
    rank = _RankCorrelation(rows.realised_value, system.expected)
    parts: dict[str, list[Floats]] = {
        name: [np.array([exact[name]])] for name in COMPARED if name in exact
    }
    for weights in resamples(len(rows.churned), count=RESAMPLES, seed=SEED):
        found = system.drawn(weights)[0] | {"spearman": rank.drawn(weights)}
        for name, part in parts.items():
            part.append(found[name])
    return {name: np.concatenate(part) for name, part in parts.items()}


class _RankCorrelation:
    """Spearman's correlation for any weights of the rows: Pearson's of weighted mid-ranks."""

    def __init__(self, realised: Floats, expected: Floats) -> None:
        self._groups = [Groups.of(values, most=None) for values in (realised, expected)]

    def drawn(self, weights: Floats) -> Floats:
        """One figure per resample; NaN where everybody is told the same."""
        centred = [self._ranks(groups, weights) for groups in self._groups]
        together, own, other = (
            (weights * left * right).sum(axis=0)
            for left, right in (
                (centred[0], centred[1]),
                (centred[0], centred[0]),
                (centred[1], centred[1]),
            )
        )
        with np.errstate(invalid="ignore"):
            found: Floats = together / np.sqrt(own * other)
        return found

    @staticmethod
    def _ranks(groups: Groups, weights: Floats) -> Floats:
        """Mid-ranks of every row within each resample, their mean taken out."""
        (mass,) = groups.sums(weights, np.ones(len(weights)))
        middle = np.cumsum(mass, axis=0) - mass / 2
        return middle[groups.codes] - weights.sum(axis=0) / 2


def _difference(opponent: str, values: Floats) -> Difference:
    found: Interval = interval(values, -np.inf, np.inf)
    return Difference(opponent, found.value, found.low, found.high)
