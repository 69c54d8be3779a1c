"""The churn model: probability of no order within a horizon.

The mean, in log-odds, of three members that err in different ways:

* plain: LightGBM alone, which ranks best. At a horizon longer than its labels its probability p
  becomes p^k, with k such that the mean agrees with the anchor's growth in time; a customer silent
  for longer than any that it has learned from moves half as far as the anchor does;
* anchored: LightGBM on top of the Pareto/NBD log-odds, which carry the level to any horizon;
* anchor: Pareto/NBD itself, which has no label to go out of date.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from training.models.anchor import Anchor, Beyond, Now, logit, longest_silence, sigmoid
from training.models.boosting import Recipe, Rows, Target, contributions, fit_trees, raw_score
from training.models.calibration import Calibration
from training.models.horizons import HorizonCurve, require_horizon
from training.models.mixture import Choice, Weights, mixed
from training.panel import Panel

Floats = npt.NDArray[np.float64]

BY_SILENCE: Weights = {"plain": 0.4, "anchored": 0.4, "anchor": 0.2}
BY_CONTRACT: Weights = {"plain": 0.5, "anchored": 0.5, "anchor": 0.0}
"""A purchase model knows nothing of contracts: it may shape trees, but has no voice of its own."""

UNCALIBRATED = Calibration()
LARGEST_STRETCH = 4.0  # of log k: an exponent beyond e^4 would mean that labels say nothing


class _Trees(NamedTuple):
    """The plain trees' probability, the anchored trees' log-odds, the plain trees' shift."""

    plain: Floats
    anchored: Floats
    shift: Floats


@dataclass(frozen=True, slots=True)
class ChurnModel:
    """Fitted on one panel; answers for any horizon.

    `stretch` gives log k by horizon. `typical` is the mean contribution per feature (and of the
    `anchor`) over the active customers it was made for: what a contribution is measured against.
    """

    plain: lgb.Booster
    anchored: lgb.Booster
    anchor: Anchor
    beyond: Beyond
    stretch: HorizonCurve
    choice: Choice
    calibration: Calibration
    typical: dict[str, float]

    @property
    def label_days(self) -> int:
        """How far the labels looked that the trees learned from."""
        return self.beyond.label_days

    def churn_probability(self, features: pd.DataFrame, horizon_days: int) -> Floats:
        """One probability in [0, 1] per row; raises ModelRefused for a horizon beyond reason."""
        return self.churn_probabilities(features, [horizon_days])[horizon_days]

    def churn_probabilities(
        self, features: pd.DataFrame, horizons_days: Sequence[int]
    ) -> dict[int, Floats]:
        """The same for several horizons, by horizon; the trees are asked once."""
        trees = self._trees(features)
        return {
            days: sigmoid(self._log_odds(features, self._members(features, days, trees)))
            for days in horizons_days
        }

    def _log_odds(self, features: pd.DataFrame, members: dict[str, Floats]) -> Floats:
        return self.calibration.of(mixed(members, self.choice.weights), features)

    def members(self, features: pd.DataFrame, horizon_days: int) -> dict[str, Floats]:
        """What each member says, in log-odds per row."""
        return self._members(features, horizon_days, self._trees(features))

    def _trees(self, features: pd.DataFrame) -> _Trees:
        """What does not depend on the horizon."""
        shift = np.zeros(len(features))
        if self.choice.weights["anchor"]:
            shift = self.beyond.shift(self.anchor, features, Anchor.churn_logit)
        plain = sigmoid(raw_score(self.plain, features))
        return _Trees(plain, raw_score(self.anchored, features), shift)

    def _members(
        self, features: pd.DataFrame, horizon_days: int, trees: _Trees
    ) -> dict[str, Floats]:
        require_horizon(horizon_days)
        anchor = self.anchor.churn_logit(features, horizon_days)
        exponent = np.exp(self.stretch.at(horizon_days))
        return {
            "plain": logit(trees.plain**exponent) + trees.shift,
            "anchored": trees.anchored + anchor,
            "anchor": anchor,
        }

    def plain_probability(self, features: pd.DataFrame) -> Floats:
        """What plain LightGBM says of the horizon of the labels, `label_days`."""
        return sigmoid(raw_score(self.plain, features))

    def contributions(self, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
        """Log-odds per row and feature against a typical active customer.

        Exact TreeSHAP values of both kinds of trees are weighted as their log-odds are; the rest,
        of time and the purchase model, is the column `anchor`. A row's sum and `typical_logit` are
        the log-odds of its churn probability.
        """
        parts = self.parts(features, horizon_days)
        return parts - pd.Series(self.typical)[parts.columns]

    @property
    def typical_logit(self) -> float:
        """Log-odds of the typical active customer, within the horizon of the churn definition."""
        return sum(self.typical.values())

    def parts(self, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
        """Log-odds per row, feature and `anchor`; their sum is that of the churn probability."""
        weights = self.choice.weights
        trees = self.calibration.slope * (
            contributions(self.plain, features) * weights["plain"]
            + contributions(self.anchored, features) * weights["anchored"]
        )
        log_odds = self._log_odds(features, self.members(features, horizon_days))
        return trees.assign(anchor=log_odds - trees.sum(axis=1).to_numpy())


def fit_churn_model(
    panel: Panel,
    offset: Floats,
    now: Now,
    horizons_days: Sequence[int],
    choice: Choice,
    recipe: Recipe,
) -> ChurnModel:
    """A churn model, exact at these horizons, the first being that of the churn definition.

    `offset` is the anchors' log-odds per row of the panel. Nothing is known yet of what follows
    the day of prediction.
    """
    model = untypical_churn_model(panel, offset, now, horizons_days, choice, recipe)
    return calibrated(model, UNCALIBRATED, now, horizons_days[0])


def untypical_churn_model(
    panel: Panel,
    offset: Floats,
    now: Now,
    horizons_days: Sequence[int],
    choice: Choice,
    recipe: Recipe,
) -> ChurnModel:
    """The same without what is typical, which only explains.

    It predicts to the last bit as the whole model does.
    """
    rows = Rows(panel.features[panel.feature_names], panel.customers, recipe)
    churned = panel.labels["churned"].to_numpy(dtype=np.float64)
    plain = fit_trees(rows, Target("binary", churned))
    anchored = fit_trees(rows, Target("binary", churned, offset))
    label_days, anchor, current = panel.plan.label_days, now.anchor, now.rows
    raw = raw_score(plain, current)
    here = anchor.churn_logit(current, label_days)

    def log_exponent(days: int) -> float:
        return _log_exponent(raw, anchor.churn_logit(current, days) - here)

    stretch = HorizonCurve.of(log_exponent, [label_days, *horizons_days])
    beyond = Beyond(label_days, longest_silence(panel.features))
    return ChurnModel(plain, anchored, anchor, beyond, stretch, choice, UNCALIBRATED, {})


def calibrated(
    model: ChurnModel, calibration: Calibration, now: Now, horizon_days: int
) -> ChurnModel:
    """The model with a calibration, its typical customer measured anew."""
    model = replace(model, calibration=calibration)
    means = model.parts(now.typical_rows, horizon_days).mean()
    return replace(model, typical={str(name): float(mean) for name, mean in means.items()})


def _log_exponent(raw: Floats, growth: Floats) -> float:
    """Log of the exponent that moves the mean of plain probabilities as the anchor's growth does.

    `growth` is how each row's anchor changes from the labels' horizon to another, in log-odds.
    """
    if not growth.any():
        return 0.0
    target = float(sigmoid(raw + growth).mean())
    probability = sigmoid(raw)

    def excess(log_exponent: float) -> float:
        return float((probability ** np.exp(log_exponent)).mean()) - target

    if excess(-LARGEST_STRETCH) < 0:
        return -LARGEST_STRETCH
    if excess(LARGEST_STRETCH) > 0:
        return LARGEST_STRETCH
    return float(brentq(excess, -LARGEST_STRETCH, LARGEST_STRETCH))
