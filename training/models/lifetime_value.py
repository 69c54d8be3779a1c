"""The value model: expected spend within a horizon, with an interval.

The geometric mean of Tweedie trees on top of Pareto/NBD x Gamma-Gamma (the level at any horizon)
and of plain Tweedie trees, stretched from the labels' horizon by the anchor's total growth.
Refunds are netted; a customer's label is never below zero, because a spend that is expected to be
negative cannot be acted on.
"""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelRefused, NotEnoughData
from training.models.anchor import Anchor
from training.models.boosting import Target, fit_trees, raw_score
from training.models.intervals import ValueInterval, fit_value_interval
from training.panel import Panel

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ValueModel:
    """Fitted on one panel; answers for the horizons in `growth` (days to log growth)."""

    plain: lgb.Booster
    anchored: lgb.Booster
    anchor: Anchor
    label_days: int
    growth: dict[int, float]
    interval: ValueInterval

    def expected_value(self, features: pd.DataFrame, horizon_days: int) -> Floats:
        """Expected spend in whole units per row; raises ModelRefused for a horizon not fitted."""
        if horizon_days not in self.growth:
            known = ", ".join(str(days) for days in sorted(self.growth))
            message = f"This value model answers for {known} days, not for {horizon_days}."
            raise ModelRefused(message)
        plain = raw_score(self.plain, features) + self.growth[horizon_days]
        offset = self.anchor.log_value(features, horizon_days)
        return np.exp((plain + raw_score(self.anchored, features) + offset) / 2)

    def plain_value(self, features: pd.DataFrame) -> Floats:
        """What plain LightGBM expects within the horizon of the labels, `label_days`."""
        return np.exp(raw_score(self.plain, features))


@dataclass(frozen=True, slots=True)
class ValuePlan:
    """For which horizons, with which share covered by low..high, with which seed."""

    horizons_days: tuple[int, ...]
    level: float
    seed: int


def fit_value_model(
    panel: Panel, offset: Floats, current: pd.DataFrame, anchor: Anchor, plan: ValuePlan
) -> ValueModel:
    """A value model for these horizons.

    `offset` is the anchors' log value per row of the panel. `current` is the matrix at the day of
    prediction, which has no labels yet, and `anchor` was fitted on it.
    """
    features = panel.features[panel.feature_names]
    spend = np.maximum(panel.labels["realised_value"].to_numpy(dtype=np.float64), 0.0)
    customers = panel.customers
    if not spend.any():
        message = (
            f"unavailable, because no order within {panel.plan.label_days} days after a cutoff has "
            "an amount above 0: check the column of the amount"
        )
        raise NotEnoughData(message)
    targets = Target("tweedie", spend), Target("tweedie", spend, offset)
    plain, anchored = (fit_trees(features, target, customers, seed=plan.seed) for target in targets)
    # Both kinds of trees held the same customers out, so their mean is an honest prediction.
    unseen = plain.held_out
    mean_log = (plain.held_out_score + anchored.held_out_score + offset[unseen]) / 2
    interval = fit_value_interval(np.exp(mean_log), spend[unseen], level=plan.level)
    label_days = panel.plan.label_days
    growth = {days: _log_growth(anchor, current, label_days, days) for days in plan.horizons_days}
    return ValueModel(plain.trees, anchored.trees, anchor, label_days, growth, interval)


def _log_growth(
    anchor: Anchor, features: pd.DataFrame, label_days: int, horizon_days: int
) -> float:
    """Log of how much more the anchor expects of everybody over the asked horizon."""
    asked = np.exp(anchor.log_value(features, horizon_days)).sum()
    return float(np.log(asked / np.exp(anchor.log_value(features, label_days)).sum()))
