"""LightGBM as this product uses it: small trees, an offset of our own, names checked.

LightGBM forgets an offset (`init_score`) when it predicts and predicts by position, not by name;
both are taken care of here and nowhere else.
"""

import os
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelRefused
from features.tree_settings import TreeSettings
from training.models.categories import CAUTION, as_categories, as_learned, learned_words
from training.models.tree_tables import tables_of

Floats = npt.NDArray[np.float64]

FIXED: dict[str, object] = {
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
MAX_ROUNDS = 500
PATIENCE_ROUNDS = 30
HELD_OUT_SHARE = 0.2
LEAST_OF_A_KIND = 5  # rows of the rarer outcome, below which no tree is grown
SMALLEST_MEAN = 0.01
ROWS_OF_A_SMALL_PANEL = 20_000
ROWS_WORTH_THREADS = 200_000
ROWS_WORTH_TABLES = 1_000  # below it, making the tables costs more than they save


SMALL_TREES = TreeSettings()


def lightgbm_parameters(trees: TreeSettings) -> dict[str, object]:
    """What these settings are called by LightGBM, with what no setting changes.

    The fewest rows of a leaf are left out where they are to follow from the number of rows.
    """
    found = FIXED | {
        "num_leaves": trees.leaves,
        "learning_rate": trees.learning_rate,
        "max_bin": trees.bins,
        "feature_fraction": trees.feature_share,
        "lambda_l2": trees.l2_penalty,
    }
    return found if trees.leaf_rows is None else found | {"min_data_in_leaf": trees.leaf_rows}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How trees are grown: the seed of all chance, and what may be tuned."""

    seed: int
    trees: TreeSettings = SMALL_TREES


@dataclass(frozen=True, slots=True)
class Target:
    """What trees learn: an objective of LightGBM, a value per row, an offset per row or none."""

    objective: str
    values: Floats
    offset: Floats | None = None

    def rows(self, mask: npt.NDArray[np.bool_]) -> "Target":
        """The target of some rows."""
        offset = None if self.offset is None else self.offset[mask]
        return Target(self.objective, self.values[mask], offset)

    def teaches(self, mask: npt.NDArray[np.bool_]) -> bool:
        """Whether some rows hold enough, of more than one kind, to grow a tree from."""
        found = self.values[mask]
        if self.objective == "binary":
            rarer = min(int((found > 0).sum()), int((found <= 0).sum()))
            return rarer >= LEAST_OF_A_KIND
        return int((found > 0).sum()) >= LEAST_OF_A_KIND


class Rows:
    """The features of a panel in LightGBM's bins, made once for every target that is learned.

    The recipe decides the bins, so it belongs to the rows, and holds for every target.
    """

    def __init__(
        self, features: pd.DataFrame, customers: npt.NDArray[np.int64], recipe: Recipe
    ) -> None:
        """`customers` numbers each row's customer."""
        self.features = features
        self.customers = customers
        self.recipe = recipe
        parameters: dict[str, object] = {
            "max_bin": recipe.trees.bins,
            "feature_pre_filter": False,
            "verbose": -1,
        }
        self.words = learned_words(features, customers)
        told = as_categories(features, self.words)
        if self.words:
            parameters |= CAUTION
        self._binned = lgb.Dataset(told, np.zeros(len(features)), params=parameters)
        if self.words:
            self._binned.construct()  # only then it knows its categories, which its parts take over

    def of(self, target: Target, mask: npt.NDArray[np.bool_] | None = None) -> lgb.Dataset:
        """Some rows, or all, with what is learned of them."""
        found = np.arange(len(self.features)) if mask is None else np.flatnonzero(mask)
        part = self._binned.subset(found.tolist()).construct()
        told = target if mask is None else target.rows(mask)
        part.set_label(told.values)
        if told.offset is not None:
            part.set_init_score(told.offset)
        return part


def fit_trees(rows: Rows, target: Target) -> lgb.Booster:
    """Trees fitted on all rows, as many as did best on customers held out.

    All rows of a customer are held out together, because two cutoffs of one customer tell of each
    other. A target that teaches nothing, because everybody met one fate or too few did at all,
    gives one leaf: the base rate, or no correction.
    """
    recipe = rows.recipe
    held_out = held_out_rows(rows.customers, seed=recipe.seed)
    if not target.teaches(~held_out):
        return _one_leaf(rows.features, target)
    parameters = sized(len(rows.features)) | lightgbm_parameters(recipe.trees)
    parameters |= {"objective": target.objective, "seed": recipe.seed}
    if rows.words:
        parameters |= CAUTION
    stopping = lgb.early_stopping(PATIENCE_ROUNDS, verbose=False)
    learn, watch = rows.of(target, ~held_out), rows.of(target, held_out)
    trial = lgb.train(parameters, learn, MAX_ROUNDS, [watch], callbacks=[stopping])
    return lgb.train(parameters, rows.of(target), max(trial.best_iteration, 1))


def _one_leaf(features: pd.DataFrame, target: Target) -> lgb.Booster:
    """A model that says the same of everybody."""
    values = target.values  # noqa: PD011 - an array, no table
    level = 0.0
    if target.objective != "binary":
        expected = len(values) if target.offset is None else np.exp(target.offset).sum()
        level = float(np.log(max(np.sum(values) / expected, SMALLEST_MEAN)))
    elif target.offset is None:
        share = (np.sum(values) + 1) / (len(values) + 2)
        level = float(np.log(share / (1 - share)))
    alike = lgb.Dataset(features, np.full(len(features), level), params={"verbose": -1})
    parameters = {"objective": "regression", "verbose": -1, "num_threads": 1}
    return lgb.train(parameters, alike, num_boost_round=1)


def held_out_rows(customers: npt.NDArray[np.int64], *, seed: int) -> npt.NDArray[np.bool_]:
    """A fifth of the customers, at least one, drawn by seed, as a mask over rows."""
    count = int(customers.max()) + 1
    drawn = np.random.default_rng(seed).permutation(count)[: max(1, int(count * HELD_OUT_SHARE))]
    return np.isin(customers, drawn)


def raw_score(trees: lgb.Booster, features: pd.DataFrame) -> Floats:
    """The trees' sum per row, before any link function and without the offset.

    Raises ModelRefused if a column that the trees were fitted on is missing.
    """
    rows = _in_order(trees, features)
    return np.asarray(
        trees.predict(rows, raw_score=True, num_threads=_threads(len(rows))), dtype=np.float64
    )


def contributions(trees: lgb.Booster, features: pd.DataFrame) -> pd.DataFrame:
    """Exact TreeSHAP values per row and feature; their sum and the base is the raw score.

    Source: Lundberg et al. (2020), "From local explanations to global understanding with
    explainable AI for trees", Nature Machine Intelligence 2.
    """
    rows = _in_order(trees, features)
    tables = tables_of(trees) if len(rows) >= ROWS_WORTH_TABLES else None
    if tables is not None:
        values = tables.contributions(np.asarray(rows, dtype=np.float64))
    else:
        threads = _threads(len(rows))
        values = np.asarray(trees.predict(rows, pred_contrib=True, num_threads=threads))[:, :-1]
    return pd.DataFrame(values, columns=trees.feature_name(), index=features.index)


def _in_order(trees: lgb.Booster, features: pd.DataFrame) -> pd.DataFrame | Floats:
    names = trees.feature_name()
    if missing := [name for name in names if name not in features.columns]:
        message = f"The model needs features that are not there: {', '.join(missing)}."
        raise ModelRefused(message)
    return as_learned(trees, features[names])


def sized(rows_count: int) -> dict[str, object]:
    """Parameters of LightGBM that follow from the number of rows."""
    return {
        "min_data_in_leaf": 50 if rows_count < ROWS_OF_A_SMALL_PANEL else 100,
        "num_threads": _threads(rows_count),
    }


def _threads(rows_count: int) -> int:
    """How many threads pay: on few rows they wait for each other, and burn time while they do."""
    return (os.cpu_count() or 1) if rows_count >= ROWS_WORTH_THREADS else 1
