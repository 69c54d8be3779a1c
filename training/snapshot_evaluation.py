"""How good a model of a snapshot table is: on folds of the table it learns from, beside baselines.

Everything that is decided, the choice of the model included, is decided anew within each fold from
its own rows, so that no figure has seen an answer.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from training.metrics import churn_metrics
from training.models.anchor import sigmoid
from training.models.customer_model import Progress, no_progress
from training.models.snapshot import ROWS_OF_A_SMALL_TABLE, TREES, SnapshotClassifier
from training.models.snapshot_candidates import fit_logistic
from training.models.snapshot_design import learn_design

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Predictor = Callable[[pd.DataFrame, Bools, pd.DataFrame], Floats]

FOLDS, FOLDS_OF_A_LARGE_TABLE = 5, 3
OURS, PLAIN, BASE = "Regulars", "logistic regression", "base rate"
LIGHTGBM = "LightGBM alone"
SHOWN = ("auc", "log_loss", "brier", "ece", "top_decile_lift")
PLAIN_STRENGTH = 1.0


def cross_validated(
    table: pd.DataFrame,
    churned: Bools,
    *,
    seed: int,
    with_trees: bool = False,
    progress: Progress = no_progress,
) -> dict[str, dict[str, float]]:
    """The figures of SHOWN per system, over the rows of all folds, each said by the other folds.

    The logistic regression is a plain one: one-hot, scaled, penalty 1. `with_trees` adds LightGBM.
    """
    systems: dict[str, Predictor] = {
        OURS: _classifier(SnapshotClassifier(random_state=seed)),
        PLAIN: _plain_logistic,
    }
    if with_trees:
        systems[LIGHTGBM] = _classifier(SnapshotClassifier(candidate=TREES, random_state=seed))
    said = {name: np.empty(len(churned)) for name in systems}
    folds = folds_count(len(churned))
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for number, (learn, judge) in enumerate(splitter.split(churned, churned), start=1):
        progress(f"judging, part {number} of {folds}")
        for name, predictor in systems.items():
            said[name][judge] = predictor(table.iloc[learn], churned[learn], table.iloc[judge])
    said[BASE] = np.full(len(churned), churned.mean())
    metrics = {name: churn_metrics(churned, probability) for name, probability in said.items()}
    return {name: {shown: found[shown] for shown in SHOWN} for name, found in metrics.items()}


def folds_count(customers_count: int) -> int:
    """How many parts a table of so many customers is judged in."""
    return FOLDS if customers_count <= ROWS_OF_A_SMALL_TABLE else FOLDS_OF_A_LARGE_TABLE


def _classifier(model: SnapshotClassifier) -> Predictor:
    def predict(table: pd.DataFrame, churned: Bools, asked: pd.DataFrame) -> Floats:
        return model.fit(table, churned).predict_proba(asked)[:, 1]

    return predict


def _plain_logistic(table: pd.DataFrame, churned: Bools, asked: pd.DataFrame) -> Floats:
    design = learn_design(table, knot_shares=())
    model = fit_logistic(design.linear(table), churned, PLAIN_STRENGTH)
    return sigmoid(model.log_odds(design.linear(asked)))
