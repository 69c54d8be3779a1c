"""The churn model: probability of no order within a horizon.

The mean, in log-odds, of two boosted models that err in different ways:

* anchored trees: LightGBM on top of the Pareto/NBD log-odds, which carry the level to horizons
  longer than any mature label;
* plain trees: LightGBM alone, which ranks best; where the horizon is longer than the labels, its
  probability p becomes p^k, with k such that the mean agrees with the anchor's growth in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from features.errors import ModelRefused
from training.models.anchor import Anchor, logit, sigmoid
from training.models.boosting import Target, contributions, fit_trees, raw_score
from training.panel import Panel

Floats = npt.NDArray[np.float64]

TYPICAL_ROWS = 20_000  # enough for a mean; exact contributions cost 200 scores a row
LARGEST_STRETCH = 4.0  # of log k: an exponent beyond e^4 would mean that labels say nothing


@dataclass(frozen=True, slots=True)
class ChurnModel:
    """Fitted on one panel; answers for the horizons in `stretch` (days to exponent k).

    `typical` is the mean contribution per feature (and of the `anchor`) over the active customers
    it was made for: what a contribution is measured against.
    """

    plain: lgb.Booster
    anchored: lgb.Booster
    anchor: Anchor
    label_days: int
    stretch: dict[int, float]
    typical: dict[str, float]

    def churn_probability(self, features: pd.DataFrame, horizon_days: int) -> Floats:
        """One probability in [0, 1] per row; raises ModelRefused for a horizon not fitted."""
        plain = logit(self.plain_probability(features) ** self._exponent(horizon_days))
        offset = self.anchor.churn_logit(features, horizon_days)
        return sigmoid((plain + raw_score(self.anchored, features) + offset) / 2)

    def plain_probability(self, features: pd.DataFrame) -> Floats:
        """What plain LightGBM says of the horizon of the labels, `label_days`."""
        return sigmoid(raw_score(self.plain, features))

    def contributions(self, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
        """Log-odds per row and feature against a typical active customer.

        The anchor's own part is the column `anchor`. Exact TreeSHAP values of both kinds of trees
        are averaged, as their log-odds are.
        """
        parts = _contributions(self.plain, self.anchored, self.anchor, features, horizon_days)
        return parts - pd.Series(self.typical)[parts.columns]

    def _exponent(self, horizon_days: int) -> float:
        if horizon_days not in self.stretch:
            known = ", ".join(str(days) for days in sorted(self.stretch))
            message = f"This churn model answers for {known} days, not for {horizon_days}."
            raise ModelRefused(message)
        return self.stretch[horizon_days]


@dataclass(frozen=True, slots=True)
class Now:
    """The day of prediction: its matrix, who of it has not churned yet, the anchor fitted on it."""

    rows: pd.DataFrame
    active: pd.Series
    anchor: Anchor


def fit_churn_model(
    panel: Panel, offset: Floats, now: Now, horizons_days: Sequence[int], *, seed: int
) -> ChurnModel:
    """A churn model for these horizons, the first being that of the churn definition.

    `offset` is the anchors' log-odds per row of the panel. Nothing is known yet of what follows
    the day of prediction.
    """
    features = panel.features[panel.feature_names]
    churned = panel.labels["churned"].to_numpy(dtype=np.float64)
    customers = panel.customers
    plain = fit_trees(features, Target("binary", churned), customers, seed=seed).trees
    anchored = fit_trees(features, Target("binary", churned, offset), customers, seed=seed).trees
    label_days = panel.plan.label_days
    current, anchor = now.rows, now.anchor
    raw = raw_score(plain, current)
    stretch = {
        days: _stretch(raw, _growth(anchor, current, label_days, days)) for days in horizons_days
    }
    active = (current[now.active] if now.active.any() else current).head(TYPICAL_ROWS)
    parts = _contributions(plain, anchored, anchor, active, horizons_days[0])
    typical = {str(name): float(mean) for name, mean in parts.mean().items()}
    return ChurnModel(plain, anchored, anchor, label_days, stretch, typical)


def _contributions(
    plain: lgb.Booster,
    anchored: lgb.Booster,
    anchor: Anchor,
    features: pd.DataFrame,
    horizon_days: int,
) -> pd.DataFrame:
    trees = (contributions(plain, features) + contributions(anchored, features)) / 2
    return trees.assign(anchor=anchor.churn_logit(features, horizon_days) / 2)


def _growth(anchor: Anchor, features: pd.DataFrame, label_days: int, horizon_days: int) -> Floats:
    """How the anchor's log-odds change from the labels' horizon to the asked one, per row."""
    asked = anchor.churn_logit(features, horizon_days)
    return asked - anchor.churn_logit(features, label_days)


def _stretch(raw: Floats, growth: Floats) -> float:
    """The exponent that moves the mean of the plain probabilities as the anchor's growth does."""
    if not growth.any():
        return 1.0
    target = float(sigmoid(raw + growth).mean())
    probability = sigmoid(raw)

    def excess(log_exponent: float) -> float:
        return float((probability ** np.exp(log_exponent)).mean()) - target

    if excess(-LARGEST_STRETCH) < 0 or excess(LARGEST_STRETCH) > 0:
        return 1.0
    return float(np.exp(brentq(excess, -LARGEST_STRETCH, LARGEST_STRETCH)))
