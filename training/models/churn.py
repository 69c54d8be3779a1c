"""The churn model: probability of no order within a horizon.

The mean, in log-odds, of three members that err in different ways:

* plain: LightGBM alone, which ranks best. At a horizon longer than its labels its probability p
  becomes p^k, with k such that the mean agrees with the anchor's growth in time; a customer silent
  for longer than any that it has learned from moves half as far as the anchor does;
* anchored: LightGBM on top of the Pareto/NBD log-odds, which carry the level to any horizon;
* anchor: Pareto/NBD itself, which has no label to go out of date.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from training.models.anchor import Anchor, Beyond, Now, logit, longest_silence, sigmoid
from training.models.attribution import (
    BASE,
    ORDER_INPUTS,
    Reference,
    replaced,
    shapley,
    typical_parts,
)
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
SAME = 1e-9  # a change of log-odds so small that no share of it can be told
LARGEST_STRETCH = 4.0  # of log k: an exponent beyond e^4 would mean that labels say nothing


class _Trees(NamedTuple):
    """The plain trees' probability, the anchored trees' log-odds, the plain trees' shift."""

    plain: Floats
    anchored: Floats
    shift: Floats


@dataclass(frozen=True, slots=True)
class ChurnModel:
    """Fitted on one panel; answers for any horizon.

    `stretch` gives log k by horizon. `typical` is the mean part per feature over the active
    customers it was made for, `reference` the median of each of the anchor's inputs over them:
    what contributions are measured against.
    """

    plain: lgb.Booster
    anchored: lgb.Booster
    anchor: Anchor
    beyond: Beyond
    stretch: HorizonCurve
    choice: Choice
    calibration: Calibration
    reference: Reference
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

        Exact TreeSHAP values of both kinds of trees are weighted as their log-odds are; what the
        purchase model says is split exactly among its inputs (`anchor.frequency`,
        `anchor.silence`, `anchor.tenure`); `base` is what calibration adds in a customer's market.
        A row's sum and `typical_logit` are the log-odds of its churn probability.
        """
        parts = self.parts(features, horizon_days)
        return parts - pd.Series(self.typical)[parts.columns]

    @property
    def typical_logit(self) -> float:
        """Log-odds of the typical active customer, within the horizon of the churn definition."""
        return sum(self.typical.values())

    def parts(self, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
        """Log-odds per row, feature and input of the anchor; their sum is that of the probability.

        The parts of the anchor's inputs are measured against the reference; `base` is the rest,
        the same for everybody in a market.
        """
        weights = self.choice.weights
        plain = contributions(self.plain, features)
        stretched = plain.mul(self._stretched(plain, features, horizon_days), axis=0)
        trees = self.calibration.slope * (
            stretched * weights["plain"]
            + contributions(self.anchored, features) * weights["anchored"]
        )

        def anchor_part(rows: pd.DataFrame) -> Floats:
            return self._anchor_part(rows, horizon_days)

        inputs = shapley(anchor_part, features, self.reference, ORDER_INPUTS)
        log_odds = self._log_odds(features, self.members(features, horizon_days))
        told = trees.sum(axis=1).to_numpy() + inputs.sum(axis=1).to_numpy()
        return trees.join(inputs).assign(**{BASE: log_odds - told})

    def log_odds_without(
        self,
        features: pd.DataFrame,
        horizon_days: int,
        typical: Mapping[str, float | None],
        inputs: Collection[str],
    ) -> Floats:
        """Log-odds per row if some features, and inputs of the anchor, were the typical ones."""
        changed = features.assign(
            **{name: np.nan if value is None else value for name, value in typical.items()}
        )
        trees = self._tree_part(changed, horizon_days)
        anchor = self._anchor_part(replaced(features, self.reference, inputs), horizon_days)
        return self.calibration.of(trees, features) + anchor

    def log_odds(self, features: pd.DataFrame, horizon_days: int) -> Floats:
        """Log-odds of no order within the horizon, per row."""
        return self._log_odds(features, self.members(features, horizon_days))

    def _tree_part(self, features: pd.DataFrame, horizon_days: int) -> Floats:
        """What both kinds of trees add to the mean of the members."""
        weights, exponent = self.choice.weights, np.exp(self.stretch.at(horizon_days))
        plain = logit(sigmoid(raw_score(self.plain, features)) ** exponent)
        anchored = raw_score(self.anchored, features)
        return weights["plain"] * plain + weights["anchored"] * anchored

    def _anchor_part(self, features: pd.DataFrame, horizon_days: int) -> Floats:
        """What the purchase model adds to the calibrated log-odds, in the members it is in."""
        weights = self.choice.weights
        said = np.zeros(len(features))
        if share := weights["anchored"] + weights["anchor"]:
            said += share * self.anchor.churn_logit(features, horizon_days)
        if weights["anchor"]:
            shift = self.beyond.shift(self.anchor, features, Anchor.churn_logit)
            said += weights["plain"] * shift
        return self.calibration.slope * said

    def _stretched(self, plain: pd.DataFrame, features: pd.DataFrame, horizon_days: int) -> Floats:
        """By what a plain tree's log-odds grow as they are stretched; one number per row.

        The stretch bends the sum of all features' parts, and keeps their shares of it.
        """
        exponent = np.exp(self.stretch.at(horizon_days))
        raw = raw_score(self.plain, features)
        mean = raw - plain.sum(axis=1).to_numpy()
        change = raw - mean
        bent = logit(sigmoid(raw) ** exponent) - logit(sigmoid(mean) ** exponent)
        is_mean = np.abs(change) < SAME
        return np.where(is_mean, 1.0, bent / np.where(is_mean, 1.0, change))


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
    reference = Reference.of(now.active_rows)
    return ChurnModel(plain, anchored, anchor, beyond, stretch, choice, UNCALIBRATED, reference, {})


def calibrated(
    model: ChurnModel, calibration: Calibration, now: Now, horizon_days: int
) -> ChurnModel:
    """The model with a calibration, its typical customer measured anew."""
    model = replace(model, calibration=calibration)
    return replace(model, typical=typical_parts(model.parts(now.typical_rows, horizon_days)))


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
