"""The value model: expected spend within a horizon, with an interval.

The geometric mean of three members:

* plain: Tweedie trees alone, which rank best where customers are alike in what they spend;
* scaled: Tweedie trees on top of what an order of each customer is worth, so that the few who
  spend a hundred times as much are not told the mean of a leaf;
* anchored: Tweedie trees on top of Pareto/NBD x Gamma-Gamma, the level at any horizon.

A fourth, the anchor itself, stands in where there is nothing to learn from.

The first two are stretched from the labels' horizon by the anchor's total growth, and follow half
of the anchor's way for customers silent for longer than any that they learned from. Refunds are
netted; a customer's label is never below zero, because a spend that is expected to be negative
cannot be acted on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from training.models.anchor import Anchor, Beyond, Now, longest_silence
from training.models.attribution import BASE, VALUE_INPUTS, Reference, shapley, typical_parts
from training.models.boosting import Recipe, Rows, Target, contributions, fit_trees, raw_score
from training.models.horizons import HorizonCurve, require_horizon
from training.models.mixture import Choice, Weights, mixed
from training.panel import Panel

Floats = npt.NDArray[np.float64]

SAME = 1e-9  # a log difference so small that its logarithmic mean is the value itself
MEMBERS: Weights = {"plain": 0.25, "scaled": 0.25, "anchored": 0.5, "anchor": 0.0}


@dataclass(frozen=True, slots=True)
class ValueModel:
    """Fitted on one panel; answers for any horizon.

    `growth` is that of the log value, from the labels' horizon on. `typical` is the mean of each
    part over the active customers that it was made for, `reference` the median of each of the
    anchor's inputs over them.
    """

    plain: lgb.Booster
    scaled: lgb.Booster
    anchored: lgb.Booster
    anchor: Anchor
    beyond: Beyond
    growth: HorizonCurve
    choice: Choice
    reference: Reference
    typical: dict[str, float]

    @property
    def label_days(self) -> int:
        """How far the labels looked that the trees learned from."""
        return self.beyond.label_days

    def expected_value(self, features: pd.DataFrame, horizon_days: int) -> Floats:
        """Expected spend in whole units per row; raises ModelRefused for one beyond reason."""
        return self.expected_values(features, [horizon_days])[horizon_days]

    def expected_values(
        self, features: pd.DataFrame, horizons_days: Iterable[int]
    ) -> dict[int, Floats]:
        """The same for several horizons, by horizon; the trees are asked once."""
        weights = self.choice.weights
        trees = self._trees(features)
        return {
            days: np.exp(mixed(self._members(features, days, trees), weights))
            for days in horizons_days
        }

    def members(self, features: pd.DataFrame, horizon_days: int) -> dict[str, Floats]:
        """What each member says, as the logarithm of an amount per row."""
        return self._members(features, horizon_days, self._trees(features))

    def _trees(self, features: pd.DataFrame) -> dict[str, Floats]:
        """What each member's trees say, whatever the horizon."""
        shift = self.beyond.shift(self.anchor, features, Anchor.log_value)
        scale = self.anchor.log_order_value(features)
        return {
            "plain": raw_score(self.plain, features) + shift,
            "scaled": raw_score(self.scaled, features) + scale + shift,
            "anchored": raw_score(self.anchored, features),
        }

    def _members(
        self, features: pd.DataFrame, horizon_days: int, trees: dict[str, Floats]
    ) -> dict[str, Floats]:
        require_horizon(horizon_days)
        growth = self.growth.at(horizon_days)
        anchor = self.anchor.log_value(features, horizon_days)
        return {
            "plain": trees["plain"] + growth,
            "scaled": trees["scaled"] + growth,
            "anchored": trees["anchored"] + anchor,
            "anchor": anchor,
        }

    def plain_value(self, features: pd.DataFrame) -> Floats:
        """What plain LightGBM expects within the horizon of the labels, `label_days`."""
        return np.exp(raw_score(self.plain, features))

    def contributions(self, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
        """Money per row and feature, beside what the typical active customer is worth.

        That is the column `typical`; a row's sum is its expected value. What the purchase model
        says is split exactly among its inputs (`anchor.frequency`, `anchor.silence`,
        `anchor.tenure`, `anchor.money`). Parts of a logarithm become money by the logarithmic
        mean, which leaves no rest. Source: Ang (2004), "Decomposition analysis for policymaking in
        energy", Energy Policy 32(9).
        """
        parts = self.parts(features, horizon_days)
        differences = parts - pd.Series(self.typical)[parts.columns]
        typical = float(np.exp(sum(self.typical.values())))
        change = differences.sum(axis=1).to_numpy()
        is_typical = np.abs(change) < SAME
        per_log = typical * np.expm1(change) / np.where(is_typical, 1, change)
        money = np.where(is_typical, typical, per_log)
        return differences.mul(money, axis=0).assign(typical=typical)

    def parts(self, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
        """Log money per row, feature and input of the anchor; their sum is that of the value."""
        weights = self.choice.weights
        trees = (
            contributions(self.plain, features) * weights["plain"]
            + contributions(self.scaled, features) * weights["scaled"]
            + contributions(self.anchored, features) * weights["anchored"]
        )

        def anchor_part(rows: pd.DataFrame) -> Floats:
            return self._anchor_part(rows, horizon_days)

        inputs = shapley(anchor_part, features, self.reference, VALUE_INPUTS)
        log_value = mixed(self.members(features, horizon_days), weights)
        told = trees.sum(axis=1).to_numpy() + inputs.sum(axis=1).to_numpy()
        return trees.join(inputs).assign(**{BASE: log_value - told})

    def _anchor_part(self, features: pd.DataFrame, horizon_days: int) -> Floats:
        """What the probability models add to the log value, in the members that they are in."""
        weights = self.choice.weights
        said = (weights["anchored"] + weights["anchor"]) * self.anchor.log_value(
            features, horizon_days
        )
        if weights["scaled"]:
            said += weights["scaled"] * self.anchor.log_order_value(features)
        if share := weights["plain"] + weights["scaled"]:
            said += share * self.beyond.shift(self.anchor, features, Anchor.log_value)
        return said


def fit_value_model(  # noqa: PLR0913, PLR0917 - what is learned from, for when, and how
    panel: Panel,
    offset: Floats,
    scale: Floats,
    now: Now,
    horizons_days: Sequence[int],
    choice: Choice,
    recipe: Recipe,
) -> ValueModel:
    """A value model, exact at these horizons, the first being the one that is served.

    `offset` is the anchors' log value and `scale` their log value of an order, per row of the
    panel. Nothing is known yet of what follows the day of prediction.
    """
    model = untypical_value_model(panel, offset, scale, now, horizons_days, choice, recipe)
    parts = model.parts(now.typical_rows, horizons_days[0])
    return replace(model, typical=typical_parts(parts))


def untypical_value_model(  # noqa: PLR0913, PLR0917 - as that of the whole model
    panel: Panel,
    offset: Floats,
    scale: Floats,
    now: Now,
    horizons_days: Sequence[int],
    choice: Choice,
    recipe: Recipe,
) -> ValueModel:
    """The same without what is typical, which only explains.

    It predicts to the last bit as the whole model does.
    """
    rows = Rows(panel.features[panel.feature_names], panel.customers, recipe)
    spend = spend_of(panel)
    plain, scaled, anchored = (
        fit_trees(rows, Target("tweedie", spend, start)) for start in (None, scale, offset)
    )
    label_days = panel.plan.label_days
    anchor, current = now.anchor, now.rows
    here = _total(anchor, current, label_days)
    growth = HorizonCurve.of(
        lambda days: float(np.log(_total(anchor, current, days) / here)),
        [label_days, *horizons_days],
    )
    beyond = Beyond(label_days, longest_silence(panel.features))
    reference = Reference.of(now.active_rows)
    return ValueModel(plain, scaled, anchored, anchor, beyond, growth, choice, reference, {})


def spend_of(panel: Panel) -> Floats:
    """What trees learn: realised value, never below 0."""
    return np.maximum(panel.labels["realised_value"].to_numpy(dtype=np.float64), 0.0)


def _total(anchor: Anchor, features: pd.DataFrame, horizon_days: int) -> float:
    """What the anchor expects of everybody within the horizon."""
    return float(np.exp(anchor.log_value(features, horizon_days)).sum())
