"""The product's models as estimators of scikit-learn, to be searched, judged and combined.

Both take the feature matrix (`features.matrix`) with or without its columns `customer_id`,
`market` and `cutoff`: customers are held out whole where they are named, each cutoff has an
anchor of its own where there are several. They are fitted as the product fits them, on what they
are given instead of on histories, and with the weights of design, because a table has no past.

A table without the columns that a purchase model reads has no anchor: plain trees are left.
"""

from datetime import date
from typing import Any, Self

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d, validate_data

from features.matrix import KEYS
from features.tree_settings import TreeSettings
from training.models.anchor import Anchor, Now, fit_anchors, logit, panel_offset, sigmoid
from training.models.boosting import Recipe, Rows, Target, fit_trees, raw_score
from training.models.churn import BY_SILENCE, ChurnModel, fit_churn_model
from training.models.lifetime_value import MEMBERS, ValueModel, fit_value_model
from training.models.mixture import Choice
from training.models.purchase_summary import READ_COLUMNS
from training.models.two_classes import two_classes
from training.panel import Panel, PanelPlan

Floats = npt.NDArray[np.float64]

SOME_DAY = date(2000, 1, 1)
"""Stands for the cutoff of a table that tells none; nothing is made of it."""


class _Anchored(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: their parameters, and tables made into panels."""

    def __init__(  # noqa: PLR0913 - scikit-learn searches parameters by their names
        self,
        *,
        horizon_days: int = 90,
        label_days: int | None = None,
        leaves: int = 8,
        learning_rate: float = 0.05,
        leaf_rows: int | None = None,
        l2_penalty: float = 5.0,
        feature_share: float = 0.7,
        bins: int = 63,
        random_state: int | np.random.RandomState | None = 1,
    ) -> None:
        """Keep the parameters as they are; `fit` judges them."""
        self.horizon_days = horizon_days
        self.label_days = label_days
        self.leaves = leaves
        self.learning_rate = learning_rate
        self.leaf_rows = leaf_rows
        self.l2_penalty = l2_penalty
        self.feature_share = feature_share
        self.bins = bins
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _table(self, given: Any, *, fitting: bool = False) -> pd.DataFrame:
        """The features alone, as numbers; columns without a name are called x and a number."""
        if not isinstance(given, pd.DataFrame):
            matrix = validate_data(
                self, given, reset=fitting, dtype=np.float64, ensure_all_finite="allow-nan"
            )
            return pd.DataFrame(matrix, columns=[f"x{at}" for at in range(matrix.shape[1])])
        features = given.drop(columns=[name for name in KEYS if name in given.columns])
        validate_data(self, features, reset=fitting, skip_check_array=True)
        matrix = check_array(features, dtype=np.float64, ensure_all_finite="allow-nan")
        return pd.DataFrame(matrix, columns=features.columns, index=given.index)

    def _recipe(self) -> Recipe:
        """Seed and trees; raises ValueError for parameters out of their bounds."""
        # A generator cannot be kept as a seed: an int is drawn from it, or taken as it is.
        drawn = self.random_state
        if not isinstance(drawn, int | np.integer):
            drawn = check_random_state(drawn).randint(2**31 - 1)
        names = TreeSettings.model_fields
        return Recipe(int(drawn), TreeSettings(**{name: getattr(self, name) for name in names}))

    def _panel(self, given: Any, table: pd.DataFrame, labels: dict[str, Any]) -> Panel:
        """The rows with whose they are and when; each row a customer of its own if none is told."""
        told = given if isinstance(given, pd.DataFrame) else pd.DataFrame(index=table.index)
        whose = told.get("customer_id", pd.Series(range(len(table)), table.index))
        when = told.get("cutoff", pd.Series(pd.Timestamp(SOME_DAY), table.index))
        days = sorted(pd.Timestamp(day).date() for day in pd.unique(when))
        features = table.assign(customer_id=whose, cutoff=when).reset_index(drop=True)
        plan = PanelPlan(tuple(days), self.label_days or self.horizon_days)
        return Panel(features, pd.DataFrame(labels), plan)

    def _plain(self, table: pd.DataFrame, panel: Panel, target: Target) -> lgb.Booster:
        """Trees without an anchor. Names are replaced: LightGBM does not take every one."""
        rows = Rows(_numbered(table), panel.customers, self._recipe())
        return fit_trees(rows, target)


class AnchoredChurnClassifier(ClassifierMixin, _Anchored):  # type: ignore[misc]
    """Churn probabilities: the product's mean of plain trees, anchored trees and Pareto/NBD.

    `y` says who churned within `label_days` (without it `horizon_days`) after the row's cutoff;
    the second of its two classes is churn. Probabilities are for `horizon_days`. The other
    parameters are those of `TreeSettings`.

    Fitted: `classes_`, `model_` (a ChurnModel, or None without the columns of a purchase model),
    `trees_` (plain trees instead, or None).
    """

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's own names
        """The model of these rows. Raises ValueError for other than two classes."""
        table = self._table(X, fitting=True)
        self.classes_, churned = two_classes(y, len(table))
        panel = self._panel(X, table, {"churned": churned})
        self.model_: ChurnModel | None = None
        self.trees_: lgb.Booster | None = None
        if _has_purchases(table):
            anchors = fit_anchors(panel)
            offset = panel_offset(panel, anchors, Anchor.churn_logit)
            days = [self.horizon_days]
            choice = Choice(BY_SILENCE)
            now = _newest(panel, anchors[panel.plan.latest])
            self.model_ = fit_churn_model(panel, offset, now, days, choice, self._recipe())
        else:
            self.trees_ = self._plain(table, panel, Target("binary", churned.astype(np.float64)))
        return self

    def decision_function(self, X: Any) -> Floats:  # noqa: N803
        """Log-odds of churn per row."""
        check_is_fitted(self)
        table = self._table(X)
        if self.model_ is None:
            return raw_score(self.trees_, _numbered(table))
        return logit(self.model_.churn_probability(table, self.horizon_days))

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """A column per class, in the order of `classes_`; shape (n_rows, 2)."""
        churn = sigmoid(self.decision_function(X))
        return np.column_stack([1 - churn, churn])

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """The likelier class per row."""
        is_churn = self.decision_function(X) > 0
        return self.classes_[is_churn.astype(int)]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


class AnchoredValueRegressor(RegressorMixin, _Anchored):  # type: ignore[misc]
    """Expected spend: the product's geometric mean of three kinds of Tweedie trees.

    `y` is the spend within `label_days` (without it `horizon_days`) after the row's cutoff; less
    than nothing counts as nothing, as in the product. Predictions are for `horizon_days`. The
    other parameters are those of `TreeSettings`.

    Fitted: `model_` (a ValueModel, or None without the columns of a purchase model), `trees_`
    (plain trees instead, or None).
    """

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's own names
        """The model of these rows."""
        table = self._table(X, fitting=True)
        spend = np.maximum(_amounts(y, len(table)), 0.0)
        panel = self._panel(X, table, {"realised_value": spend})
        self.model_: ValueModel | None = None
        self.trees_: lgb.Booster | None = None
        if _has_purchases(table):
            anchors = fit_anchors(panel)
            starts = (
                panel_offset(panel, anchors, Anchor.log_value),
                panel_offset(panel, anchors, Anchor.log_order_value_at),
            )
            days, choice = [self.horizon_days], Choice(MEMBERS)
            now = _newest(panel, anchors[panel.plan.latest])
            self.model_ = fit_value_model(panel, *starts, now, days, choice, self._recipe())
        else:
            self.trees_ = self._plain(table, panel, Target("tweedie", spend))
        return self

    def predict(self, X: Any) -> Floats:  # noqa: N803
        """Expected spend per row, in the unit of `y`."""
        check_is_fitted(self)
        table = self._table(X)
        if self.model_ is None:
            return np.exp(raw_score(self.trees_, _numbered(table)))
        return self.model_.expected_value(table, self.horizon_days)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags


def _has_purchases(table: pd.DataFrame) -> bool:
    return set(READ_COLUMNS) <= set(table.columns)


def _newest(panel: Panel, anchor: Anchor) -> Now:
    """The newest cutoff, in the place of the day of prediction."""
    rows = panel.features[panel.at(panel.plan.latest)].reset_index(drop=True)
    return Now(rows, pd.Series(data=True, index=rows.index), anchor)


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_axis([f"x{at}" for at in range(table.shape[1])], axis=1)


def _amounts(y: Any, count: int) -> Floats:
    """The target as finite numbers, one per row. Raises ValueError for anything else."""
    amounts = check_array(column_or_1d(y, warn=True), ensure_2d=False, dtype=np.float64)
    if len(amounts) != count:
        message = f"{count} rows and {len(amounts)} amounts: inconsistent numbers of samples."
        raise ValueError(message)
    return amounts
