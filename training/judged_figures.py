"""The figures of the backtest as they are counted, once and in many resamples at once.

The figures themselves come from `training.metrics` and `training.profit`; here are the same
measures of weighted rows, for their intervals. Weighted sums have shape (n_groups, n_resamples).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.figures import FIGURES
from training.metrics import (
    TINY,
    Bools,
    Floats,
    churn_metrics,
    interval_metrics,
    value_metrics,
)
from training.profit import (
    CLASSIC,
    CLASSIC_VALUE,
    Offer,
    contact_priority,
    empc,
    empc_of_sums,
    gains_and_costs,
)
from training.uncertainty import MOST_GROUPS, Groups, cumulated_at

TENTH_ENDS = np.arange(11) / 10


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """What happened to some rows, and what each was worth; arrays of shape (n_rows,).

    `customer` numbers each row's customer. `own_value` is the margin of past money, not below 0.
    """

    customer: np.ndarray
    churned: Bools
    realised_value: Floats
    own_value: Floats
    offer: Offer
    level: float


def figures_of(rows: JudgedRows, said: pd.DataFrame) -> dict[str, float]:
    """Every figure of one system that exists for it."""
    probability, expected = (
        said[name].to_numpy(dtype=np.float64) for name in ("churn_probability", "expected_value")
    )
    priority = contact_priority(probability, rows.own_value, rows.offer)
    constant = np.full(len(probability), CLASSIC_VALUE)
    found = churn_metrics(rows.churned, probability)
    found["empc"] = empc(rows.churned, probability, constant, CLASSIC)
    found["empc_own"] = empc(rows.churned, priority, rows.own_value, rows.offer)
    found |= value_metrics(rows.realised_value, expected)
    found["level_error"] = abs(found["bias"] - 1)
    if "value_low" in said:
        low, high = said["value_low"].to_numpy(), said["value_high"].to_numpy()
        found |= interval_metrics(rows.realised_value, low, high, level=rows.level)
    return {name: found[name] for name in FIGURES if name in found}


class Resampled:
    """The figures of one system on some rows, for any weights of the rows, shape (n, n_resamples).

    Its tenths are ten equal groups of customers: gain and lift (riskiest first), churn said and
    seen (least risky first), value expected and realised (most valuable first), each of shape
    (10, n_resamples). Customers of equal score share what happened among them, so a system that
    says one thing of everybody shows ten equal tenths.
    """

    def __init__(
        self, rows: JudgedRows, said: pd.DataFrame, *, most: int | None = MOST_GROUPS
    ) -> None:
        """Sort once; `most` is the number of groups that scores are gathered into."""
        self.rows = rows
        self.said = said
        self.probability = said["churn_probability"].to_numpy(dtype=np.float64)
        self.expected = said["expected_value"].to_numpy(dtype=np.float64)
        priority = contact_priority(self.probability, rows.own_value, rows.offer)
        self.by_probability = Groups.of(self.probability, most=most)
        self.by_priority = Groups.of(priority, most=most)
        self.by_expected = Groups.of(self.expected, most=most)
        self.by_realised = Groups.of(rows.realised_value, most=most)

    def drawn(self, weights: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Every figure by name, shape (n_resamples,), and every figure of the tenths."""
        # A resample without a churner or a buyer gives NaN there, on purpose.
        with np.errstate(divide="ignore", invalid="ignore"):
            churn, churn_tenths = self._churn(weights)
            value, value_tenths = self._value(weights)
            found = churn | self._profit(weights) | value
            if "value_low" in self.said:
                found |= self._intervals(weights)
        return found, churn_tenths | value_tenths

    def decisive(self, weights: Floats) -> dict[str, Floats]:
        """The figures that a promotion depends on, and the value level, shape (n_resamples,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            one, churned = np.ones(len(self.rows.churned)), self.rows.churned.astype(np.float64)
            mass, gone = self.by_probability.sums(weights, one, churned)
            realised = self.rows.realised_value
            ranked = self.by_expected.sums(weights, one, realised)
            best = self.by_realised.sums(weights, one, realised)
            paid = realised @ weights
            level = np.where(paid > 0, (self.expected @ weights) / paid, np.nan)
            return {
                "log_loss": (self._log_losses() @ weights) / mass.sum(axis=0),
                "auc": _auc(gone, mass - gone),
                "ngini": _gini(*ranked) / _gini(*best),
                "bias": level,
                "level_error": np.abs(level - 1),
            }

    def _log_losses(self) -> Floats:
        certain = np.clip(self.probability, TINY, 1 - TINY)
        losses: Floats = -np.where(self.rows.churned, np.log(certain), np.log1p(-certain))
        return losses

    def _churn(self, weights: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
        churned = self.rows.churned.astype(np.float64)
        columns = np.ones(len(churned)), churned, self.probability
        mass, gone, said = self.by_probability.sums(weights, *columns)
        stayed = mass - gone
        total, all_gone = mass.sum(axis=0), gone.sum(axis=0)
        along = np.cumsum(stayed, axis=0)
        precision = along / np.cumsum(mass, axis=0)
        losses = np.stack([self._log_losses(), (self.probability - churned) ** 2]) @ weights / total
        sums = _cumulated_tenths(mass, gone, said)
        shares = np.diff(sums[0], axis=0)
        told, seen = np.diff(sums[2], axis=0) / shares, np.diff(sums[1], axis=0) / shares
        reached = 1 - sums[1][-2::-1] / all_gone
        lift = reached / TENTH_ENDS[1:, None]
        figures = {
            "auc": _auc(gone, stayed),
            "log_loss": losses[0],
            "brier": losses[1],
            "ece": np.abs(told - seen).mean(axis=0),
            "average_precision": np.nansum(precision * stayed, axis=0) / along[-1],
            "top_decile_lift": lift[0],
            # Riskiest first, so the groups are turned round.
            "empc": _classic_profit(gone[::-1], stayed[::-1]) / total,
        }
        tenths = {"reached_share": reached, "lift_ratio": lift}
        return figures, tenths | {"churn_said": told, "churn_seen": seen}

    def _profit(self, weights: Floats) -> dict[str, Floats]:
        offer = self.rows.offer
        won, paid = gains_and_costs(self.rows.churned, self.rows.own_value, offer)
        sums = self.by_priority.sums(weights, won, paid)
        best = empc_of_sums(sums[0][::-1], sums[1][::-1], offer)
        return {"empc_own": best / weights.sum(axis=0)}

    def _value(self, weights: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
        realised, expected = self.rows.realised_value, self.expected
        one = np.ones(len(realised))
        mass, seen, said = self.by_expected.sums(weights, one, realised, expected)
        best = _gini(*self.by_realised.sums(weights, one, realised))
        error = realised - expected
        errors = np.stack([error**2, np.abs(error)]) @ weights / weights.sum(axis=0)
        sums = [np.diff(one, axis=0)[::-1] for one in _cumulated_tenths(mass, seen, said)]
        told, found = sums[2] / sums[0], sums[1] / sums[0]
        level = said.sum(axis=0) / seen.sum(axis=0)
        figures = {
            "ngini": _gini(mass, seen) / best,
            "decile_mape": _decile_mape(found, told),
            "bias": level,
            "level_error": np.abs(level - 1),
            "rmse": np.sqrt(errors[0]),
            "mae": errors[1],
        }
        return figures, {"value_expected": told, "value_realised": found}

    def _intervals(self, weights: Floats) -> dict[str, Floats]:
        realised = self.rows.realised_value
        low, high = self.said["value_low"].to_numpy(), self.said["value_high"].to_numpy()
        within = (realised >= low) & (realised <= high)
        misses = np.maximum(low - realised, 0) + np.maximum(realised - high, 0)
        score = high - low + 2 / (1 - self.rows.level) * misses
        bought = realised > 0
        columns = np.stack([within, score, within & bought, bought]).astype(np.float64)
        inside, scored, inside_bought, all_bought = columns @ weights
        total = weights.sum(axis=0)
        return {
            "interval_coverage": inside / total,
            "interval_coverage_buyers": inside_bought / all_bought,
            "interval_score": scored / total,
        }


def _cumulated_tenths(mass: Floats, *columns: Floats) -> list[Floats]:
    """Mass and columns cumulated to the ends of the tenths, from nothing: (11, n_resamples)."""
    return cumulated_at(TENTH_ENDS, mass, *columns)


def _classic_profit(gone: Floats, stayed: Floats) -> Floats:
    won = gone * (CLASSIC_VALUE - CLASSIC.offer_cost)
    paid = (gone + stayed) * CLASSIC.contact_cost + stayed * CLASSIC.offer_cost
    return empc_of_sums(won, paid, CLASSIC)


def _auc(gone: Floats, stayed: Floats) -> Floats:
    """Chance that one who churned is ranked above one who stayed; ties count half."""
    along = np.cumsum(stayed, axis=0)
    above = (gone * (along - stayed / 2)).sum(axis=0)
    area: Floats = above / (gone.sum(axis=0) * along[-1])
    return area


def _gini(mass: Floats, seen: Floats) -> Floats:
    """Covariance form of the Gini index with mid-ranks, up to a constant factor."""
    ranks = np.cumsum(mass, axis=0) - mass / 2
    return (seen * (ranks - mass.sum(axis=0) / 2)).sum(axis=0)


def _decile_mape(realised: Floats, expected: Floats) -> Floats:
    errors = np.where(realised > 0, np.abs(expected - realised) / realised, np.nan)
    counted = np.isfinite(errors).sum(axis=0)
    return np.where(counted > 0, np.nansum(errors, axis=0) / counted, np.nan)
