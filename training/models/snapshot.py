"""A churn model of a snapshot table: one row a customer, a label, no history.

Four candidates are compared by log loss on folds of the rows it is fitted on, the simplest first:
the base rate, a regularised logistic regression on one-hot and piecewise linear columns, LightGBM
on the same columns, and the mean of the last two in log-odds. The best is fitted on all rows, and
only if it beats the base rate by more than a standard error. All four speak of probabilities and
are chosen by log loss, so nothing is calibrated afterwards.
"""

from collections.abc import Mapping
from typing import Any, Self

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from training.metrics import log_loss
from training.models.anchor import logit, sigmoid
from training.models.snapshot_candidates import (
    Bools,
    Floats,
    Logistic,
    Trial,
    fit_logistic,
    fit_trees,
    raw,
    try_logistic,
    try_trees,
)
from training.models.snapshot_design import learn_design
from training.models.two_classes import two_classes

BASE_RATE, LOGISTIC, TREES, MEAN = "base rate", "logistic", "trees", "mean"
CANDIDATES = (BASE_RATE, LOGISTIC, TREES, MEAN)
"""From the simplest to the richest: of two that do equally well the simpler is taken."""

ROWS_OF_A_SMALL_TABLE = 20_000
FOLDS_OF_A_LARGE_TABLE = 3
TYPICAL_ROWS = 5_000  # enough for a mean; exact contributions cost 200 scores a row


class SnapshotClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Class probabilities of two classes from a table of numbers, texts, truths and times.

    A classifier of scikit-learn: `fit` takes a DataFrame (dtypes decide what a column is) or an
    array, missing values allowed, and two classes. `candidate` fixes one of CANDIDATES instead of
    choosing. `folds` are those of the choice; more than 20,000 rows are compared on 3 at most.

    Fitted: `classes_`, `chosen_` (the candidate), `log_losses_` (each on the folds), `design_`,
    `logistic_`, `trees_` (None where they are not part of it).
    """

    def __init__(
        self,
        *,
        candidate: str | None = None,
        folds: int = 5,
        random_state: int | np.random.RandomState | None = 1,
    ) -> None:
        """Keep the parameters as they are; `fit` judges them."""
        self.candidate = candidate
        self.folds = folds
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's own names
        """The model of these rows. Raises ValueError for other than two classes."""
        if self.candidate is not None and self.candidate not in CANDIDATES:
            message = f"candidate={self.candidate!r} is none of {', '.join(CANDIDATES)}."
            raise ValueError(message)
        table = self._table(X, y=y, fitting=True)
        churned = self._labels(y, len(table))
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.design_ = learn_design(table)
        matrix, codes = self.design_.linear(table), self.design_.codes(table)
        trials = self._trials(matrix, codes, churned, seed)
        self.chosen_ = self._choice(trials, churned)
        self.base_log_odds_ = float(logit(np.array([churned.mean()]))[0])
        self.logistic_: Logistic | None = None
        self.trees_: lgb.Booster | None = None
        if self.chosen_ in {LOGISTIC, MEAN}:
            self.logistic_ = fit_logistic(matrix, churned, trials[LOGISTIC].setting)
        if self.chosen_ in {TREES, MEAN}:
            rounds = int(trials[TREES].setting)
            self.trees_ = fit_trees(codes, self.design_.categories, churned, rounds, seed=seed)
        some = slice(None, None, 1 + len(table) // TYPICAL_ROWS)
        self.typical_ = self._parts(matrix[some], codes[some]).mean(axis=0)
        return self

    def decision_function(self, X: Any) -> Floats:  # noqa: N803
        """Log-odds of the second class per row."""
        check_is_fitted(self)
        table = self._table(X)
        said = []
        if self.logistic_ is not None:
            said.append(self.logistic_.log_odds(self.design_.linear(table)))
        if self.trees_ is not None:
            said.append(raw(self.trees_, self.design_.codes(table)))
        if not said:
            return np.full(len(table), self.base_log_odds_)
        return np.asarray(sum(said) / len(said), dtype=np.float64)

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """A column per class, in the order of `classes_`; shape (n_rows, 2)."""
        second = sigmoid(self.decision_function(X))
        return np.column_stack([1 - second, second])

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """The likelier class per row."""
        is_second = self.decision_function(X) > 0
        return self.classes_[is_second.astype(int)]

    def contributions(self, X: Any) -> pd.DataFrame:  # noqa: N803
        """Log-odds per row and column of the table, against the typical row it was fitted on.

        Those of the trees are exact TreeSHAP values. A row's contributions and one constant add up
        to its decision_function.
        """
        check_is_fitted(self)
        table = self._table(X)
        parts = self._parts(self.design_.linear(table), self.design_.codes(table))
        return pd.DataFrame(parts - self.typical_, columns=table.columns, index=table.index)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _table(
        self, given: Any, *, y: Any = "no_validation", fitting: bool = False
    ) -> pd.DataFrame:
        if isinstance(given, pd.DataFrame):
            validate_data(self, given, y, reset=fitting, skip_check_array=True)
            if not len(given) or not given.shape[1]:
                message = f"Found array with shape {given.shape}, 0 sample(s) or 0 feature(s)."
                raise ValueError(message)
            return given
        matrix = validate_data(self, given, reset=fitting, dtype=None, ensure_all_finite=False)
        names = [f"x{at}" for at in range(matrix.shape[1])]
        columns = (pd.Series(matrix[:, at]).infer_objects() for at in range(matrix.shape[1]))
        return pd.DataFrame(dict(zip(names, columns, strict=True)))

    def _labels(self, y: Any, count: int) -> Bools:
        self.classes_, is_second = two_classes(y, count)
        return is_second

    def _trials(
        self, matrix: Floats, codes: Floats, churned: Bools, seed: int
    ) -> Mapping[str, Trial]:
        """What each candidate said of rows that it had not seen; default settings without folds."""
        wanted = set(CANDIDATES) if self.candidate is None else {self.candidate}
        if MEAN in wanted:
            wanted |= {LOGISTIC, TREES}
        folds = self._folds(churned, seed)
        if not folds:
            nothing = np.zeros(len(churned))
            return {LOGISTIC: Trial(nothing, 1.0), TREES: Trial(nothing, 10)}
        trials = {BASE_RATE: _try_base_rate(churned, folds)}
        if LOGISTIC in wanted:
            trials[LOGISTIC] = try_logistic(matrix, churned, folds)
        if TREES in wanted:
            categories = self.design_.categories
            trials[TREES] = try_trees(codes, categories, churned, folds, seed=seed)
        if MEAN in wanted:
            both = (trials[LOGISTIC].log_odds + trials[TREES].log_odds) / 2
            trials[MEAN] = Trial(both, 0.5)
        return trials

    def _folds(self, churned: Bools, seed: int) -> list[tuple[Any, Any]]:
        rarer = int(min(churned.sum(), (~churned).sum()))
        most = self.folds if len(churned) <= ROWS_OF_A_SMALL_TABLE else FOLDS_OF_A_LARGE_TABLE
        count = min(self.folds, most, rarer)
        if count < 2:
            return []
        splitter = StratifiedKFold(count, shuffle=True, random_state=seed)
        return list(splitter.split(churned, churned))

    def _choice(self, trials: Mapping[str, Trial], churned: Bools) -> str:
        self.log_losses_ = {
            name: log_loss(churned, sigmoid(trials[name].log_odds))
            for name in CANDIDATES
            if name in trials
        }
        if self.candidate is not None:
            return self.candidate
        if BASE_RATE not in trials:
            return LOGISTIC
        best = min(self.log_losses_, key=lambda name: self.log_losses_[name])
        gain = _losses(trials[BASE_RATE], churned) - _losses(trials[best], churned)
        # By less than a standard error anything beats the base rate now and then.
        is_better = gain.mean() > gain.std() / np.sqrt(len(gain))
        return best if is_better else BASE_RATE

    def _parts(self, matrix: Floats, codes: Floats) -> Floats:
        """Log-odds per row and column of the table, up to a constant; shape (n_rows, n_columns)."""
        total = np.zeros((len(codes), len(self.design_.columns)))
        if self.logistic_ is not None:
            for at, owner in enumerate(self.design_.owners):
                total[:, owner] += matrix[:, at] * self.logistic_.coefficients[at]
        if self.trees_ is not None:
            total += np.asarray(self.trees_.predict(codes, pred_contrib=True))[:, :-1]
        return total / 2 if self.chosen_ == MEAN else total


def _losses(trial: Trial, churned: Bools) -> Floats:
    """Minus the log-likelihood per row."""
    return np.logaddexp(0.0, np.where(churned, -trial.log_odds, trial.log_odds))


def _try_base_rate(churned: Bools, folds: list[tuple[Any, Any]]) -> Trial:
    said = np.empty(len(churned))
    for learn, judge in folds:
        said[judge] = logit(churned[learn].mean(keepdims=True))
    return Trial(said, 0.0)
