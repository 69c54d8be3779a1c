"""The candidates of a snapshot table, fitted on folds and on everything: logistic and trees.

Both speak in log-odds, so that their mean is one sum per column again, and so is what a column
contributed.
"""

import os
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from features.tree_settings import TreeSettings
from training.metrics import log_loss
from training.models.anchor import sigmoid
from training.models.boosting import lightgbm_parameters

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Folds = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
"""Of the logistic regression, the inverse of its penalty; the best on the folds is taken."""

WIDEST_NEWTON = 400
"""Columns up to which a few steps of Newton are cheaper than many of a gradient."""

MAX_ROUNDS = 500
PATIENCE_ROUNDS = 30
ROWS_PER_LEAF = (10, 50)
"""The fewest rows that a leaf may hold: a hundredth of the table, within these."""

ROWS_WORTH_THREADS = 50_000


@dataclass(frozen=True, slots=True)
class Logistic:
    """A linear model in log-odds: `intercept` and a coefficient per column of the design."""

    intercept: float
    coefficients: Floats

    def log_odds(self, matrix: Floats) -> Floats:
        """Log-odds per row, which no other row can change."""
        total = np.full(len(matrix), self.intercept)
        # A matrix product may round a row by its place among the others; a sum by columns cannot.
        for at, coefficient in enumerate(self.coefficients):
            total += matrix[:, at] * coefficient
        return total


def fit_logistic(matrix: Floats, churned: Bools, strength: float) -> Logistic:
    """A logistic regression with an L2 penalty of 1 / `strength`."""
    solver = "newton-cholesky" if matrix.shape[1] <= WIDEST_NEWTON else "lbfgs"
    model = LogisticRegression(C=strength, solver=solver, tol=1e-6, max_iter=2_000)
    # One thread: the order of sums must not depend on the machine's load.
    with threadpool_limits(1, "blas"):
        model.fit(matrix, churned)
    return Logistic(float(model.intercept_[0]), model.coef_[0])


def fit_trees(
    codes: Floats, categories: list[int], churned: Bools, rounds: int, *, seed: int
) -> lgb.Booster:
    """So many small trees on all rows."""
    return lgb.train(_parameters(len(codes), seed), _data(codes, categories, churned), rounds)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a candidate said of rows that it had not seen, in log-odds, and its best setting."""

    log_odds: Floats
    setting: float


def try_logistic(matrix: Floats, churned: Bools, folds: Folds) -> Trial:
    """The best of the strengths by log loss on the folds."""
    trials = []
    for strength in STRENGTHS:
        said = np.empty(len(churned))
        for learn, judge in folds:
            model = fit_logistic(matrix[learn], churned[learn], strength)
            said[judge] = model.log_odds(matrix[judge])
        trials.append(Trial(said, strength))
    return min(trials, key=lambda trial: log_loss(churned, sigmoid(trial.log_odds)))


def try_trees(
    codes: Floats, categories: list[int], churned: Bools, folds: Folds, *, seed: int
) -> Trial:
    """As many trees as did best by log loss on the folds together."""
    found = lgb.cv(
        _parameters(len(codes), seed),
        _data(codes, categories, churned),
        MAX_ROUNDS,
        folds=folds,
        callbacks=[lgb.early_stopping(PATIENCE_ROUNDS, verbose=False)],
        return_cvbooster=True,
    )
    boosters = found["cvbooster"]
    rounds = max(boosters.best_iteration, 1)
    said = np.empty(len(churned))
    for booster, (_, judge) in zip(boosters.boosters, folds, strict=True):
        said[judge] = raw(booster, codes[judge], rounds)
    return Trial(said, rounds)


def raw(trees: lgb.Booster, codes: Floats, rounds: int | None = None) -> Floats:
    """The trees' log-odds per row."""
    return np.asarray(trees.predict(codes, raw_score=True, num_iteration=rounds), dtype=np.float64)


def _parameters(count: int, seed: int) -> dict[str, object]:
    least, most = ROWS_PER_LEAF
    leaf = {"min_data_in_leaf": int(np.clip(count // 100, least, most))}
    # Threads that wait for each other cost more than they save on a small table.
    threads = 1 if count < ROWS_WORTH_THREADS else os.cpu_count() or 1
    chance = {"seed": seed, "num_threads": threads}
    small = lightgbm_parameters(TreeSettings())
    return {**small, **leaf, **chance, "objective": "binary", "metric": "binary_logloss"}


def _data(codes: Floats, categories: list[int], churned: Bools) -> lgb.Dataset:
    quiet = {"verbose": -1, "min_data_in_bin": 3}
    return lgb.Dataset(
        codes,
        churned.astype(np.float64),
        categorical_feature=categories,
        params=quiet,
        free_raw_data=False,
    )
