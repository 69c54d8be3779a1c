"""Whether churn probabilities may be read as such in a market: a mark from the holdout.

Two questions per market, both with a tolerance t that a business can live with:

* Level: is the share said further than t from the share that churned? An exact binomial test at
  the edge of the tolerance. Customers of different risk vary less than a binomial of the same
  mean, so the test errs on the careful side: Hoeffding (1956), "On the distribution of the number
  of successes in independent trials", Annals of Mathematical Statistics 27(3).
* Fifths: is the calibration error over five groups of equal size above t? The error seen is at
  most the true one plus that of chance (triangle inequality), and chance is at most that of coins:
  their errors are simulated, as in Broecker and Smith (2007), "Increasing the Reliability of
  Reliability Diagrams", Weather and Forecasting 22(3).

All questions of all markets share an error of 5 % by Holm (1979), "A Simple Sequentially Rejective
Multiple Test Procedure", Scandinavian Journal of Statistics 6(2). Asked with the smaller tolerance
a yes flags a market, with the larger one it withholds its scores.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
from scipy.stats import binom, binomtest

from features.settings import CalibrationSettings
from training.evaluation import CHAMPION, Holdout
from training.metrics import Bools, Floats, ece

ERROR_SHARE = 0.05
GROUPS_COUNT = 5
SIMULATED_COUNT = 20_000
SEED = 1  # of the coins, which know nothing of the data

OK, UNCHECKED, FLAGGED, WITHHELD = "ok", "unchecked", "flagged", "withheld"

Sheet = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was said of a market's customers and what came of them; shape (n_customers,)."""

    probability: Floats
    churned: Bools

    def p_values(self, tolerance: float) -> tuple[float, float]:
        """How likely so much disagreement is where the truth is within the tolerance."""
        return (
            level_p_value(self.probability, self.churned, tolerance),
            fifths_p_value(self.probability, self.churned, tolerance),
        )

    def told(self, state: str) -> Sheet:
        """The figures, with the exact 95 % interval of the share that churned."""
        count, churned = len(self.churned), int(self.churned.sum())
        seen = binomtest(churned, count).proportion_ci(1 - ERROR_SHARE, method="exact")
        return {
            "state": state,
            "customers_count": count,
            "said": float(self.probability.mean()),
            "seen": churned / count,
            "seen_low": float(seen.low),
            "seen_high": float(seen.high),
            "ece": ece(self.churned, self.probability, bins=GROUPS_COUNT),
        }


def market_marks(holdout: Holdout, settings: CalibrationSettings) -> Sheet:
    """The marks of the whole and of every market of a holdout, as JSON-able data.

    `all` and each of `markets` have a `state` (ok, unchecked, flagged, withheld) and, unless
    unchecked, the figures behind it. The whole and the markets are two families of questions.
    """
    here = holdout.active
    said = holdout.predictions[CHAMPION]["churn_probability"].to_numpy(dtype=np.float64)[here]
    churned, markets = holdout.churned[here], holdout.customers["market"].to_numpy()[here]
    whole = {"all": Checked(said, churned)}
    parts = {
        str(name): Checked(said[markets == name], churned[markets == name])
        for name in np.unique(markets)
    }
    last_day = holdout.cutoff + timedelta(days=holdout.horizons.churn_days - 1)
    return {
        "rule": {
            "flagged_over": settings.flagged_over,
            "withheld_over": settings.withheld_over,
            "min_customers": settings.min_customers,
            "error_share": ERROR_SHARE,
        },
        "cutoff": holdout.cutoff.isoformat(),
        "checked_on": last_day.isoformat(),
        "all": _family(whole, settings)["all"],
        "markets": _family(parts, settings),
    }


def marks_told(marks: Sheet) -> list[str]:
    """A sentence for every market that is off; without markets that are, none.

    >>> figures = {"said": 0.4, "seen": 0.7, "seen_low": 0.66, "seen_high": 0.74, "ece": 0.3}
    >>> marks_told({"markets": {"AT": {"state": "ok"}, "CZ": {"state": "withheld"} | figures}})
    ['Calibration in market CZ: 40.0% were expected to churn and 70.0% did (95% interval 66.0% to \
74.0%), off by 30.0% over five groups: its customers get no score.']
    """
    ends = {
        FLAGGED: "read its probabilities as a ranking.",
        WITHHELD: "its customers get no score.",
    }
    return [
        f"Calibration in market {name}: {one['said']:.1%} were expected to churn and "
        f"{one['seen']:.1%} did (95% interval {one['seen_low']:.1%} to {one['seen_high']:.1%}), "
        f"off by {one['ece']:.1%} over five groups: {ends[one['state']]}"
        for name, one in marks["markets"].items()
        if one["state"] in ends
    ]


def level_p_value(probability: Floats, churned: Bools, tolerance: float) -> float:
    """Chance of a share this far from the one said, if the true one is within the tolerance."""
    count, seen, said = len(churned), int(churned.sum()), float(probability.mean())
    if seen / count > said:
        return float(binom.sf(seen - 1, count, min(said + tolerance, 1.0)))
    return float(binom.cdf(seen, count, max(said - tolerance, 0.0)))


def fifths_p_value(probability: Floats, churned: Bools, tolerance: float) -> float:
    """Chance of a calibration error this large, if the true one is within the tolerance."""
    found = ece(churned, probability, bins=GROUPS_COUNT) - tolerance
    chance = _errors_of_coins(len(churned))
    larger = len(chance) - int(np.searchsorted(chance, found))
    return (1 + larger) / (1 + len(chance))


def rejected(p_values: Floats, error_share: float = ERROR_SHARE) -> Bools:
    """Which hypotheses Holm's procedure rejects; shape as given.

    >>> rejected(np.array([0.01, 0.04, 0.03])).tolist()
    [True, False, False]
    """
    flat = p_values.ravel()
    order = np.argsort(flat, kind="stable")
    passes = flat[order] <= error_share / np.arange(len(flat), 0, -1)
    found = np.zeros(len(flat), dtype=bool)
    found[order] = np.logical_and.accumulate(passes)
    return found.reshape(p_values.shape)


def _family(parts: dict[str, Checked], settings: CalibrationSettings) -> dict[str, Sheet]:
    """The marks of these parts, judged together."""
    enough = {
        name: one for name, one in parts.items() if len(one.churned) >= settings.min_customers
    }
    marks: dict[str, Sheet] = {name: {"state": UNCHECKED} for name in parts}
    flagged = _off(enough, settings.flagged_over)
    withheld = _off(enough, settings.withheld_over)
    for name, one in enough.items():
        state = WITHHELD if name in withheld else FLAGGED if name in flagged else OK
        marks[name] = one.told(state)
    return marks


def _off(parts: dict[str, Checked], tolerance: float) -> set[str]:
    """Those that are off by more than the tolerance, beyond chance."""
    if not parts:
        return set()
    p_values = np.array([one.p_values(tolerance) for one in parts.values()])
    found = rejected(p_values)
    return {name for name, is_off in zip(parts, found, strict=True) if is_off.any()}


@cache
def _errors_of_coins(count: int) -> Floats:
    """Calibration errors of `count` customers who follow fair coins said as such, sorted."""
    rng = np.random.default_rng(SEED)
    sizes = np.array([len(part) for part in np.array_split(np.arange(count), GROUPS_COUNT)])
    heads = rng.binomial(sizes, 0.5, (SIMULATED_COUNT, GROUPS_COUNT))
    errors: Floats = np.sort(np.abs(heads - sizes / 2).sum(axis=1) / count)
    return errors
