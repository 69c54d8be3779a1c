"""Tables of small trees hold the very TreeSHAP values that LightGBM computes."""

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from training.models.boosting import ROWS_WORTH_TABLES, contributions
from training.models.tree_tables import tables_of

ROWS = 5_000  # more than a chunk


def world(seed: int, *, missing: float = 0.1, zeros: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(ROWS, 6))
    rows[rng.random(rows.shape) < zeros] = 0.0
    rows[rng.random(rows.shape) < missing] = np.nan
    return rows


def grown(rows: np.ndarray, **parameters) -> lgb.Booster:
    whole = np.nan_to_num(rows)
    target = whole[:, 0] * whole[:, 1] + np.abs(whole[:, 2]) + (whole[:, 3] > 0) * whole[:, 4]
    usual = {"objective": "regression", "num_leaves": 8, "verbose": -1, "num_threads": 1}
    return lgb.train(usual | parameters, lgb.Dataset(rows, target), 30)


def by_lightgbm(trees: lgb.Booster, rows: np.ndarray) -> np.ndarray:
    return np.asarray(trees.predict(rows, pred_contrib=True))[:, :-1]


@pytest.mark.parametrize("leaves", [2, 3, 8, 10])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"zero_as_missing": True},
        {"use_missing": False},
        {"bagging_fraction": 0.5, "bagging_freq": 1},
    ],
)
def test_tables_say_what_lightgbm_says(leaves, parameters):
    trees = grown(world(1), num_leaves=leaves, **parameters)
    rows = world(2, missing=0.3)
    tables = tables_of(trees)
    assert tables is not None
    np.testing.assert_allclose(
        tables.contributions(rows), by_lightgbm(trees, rows), rtol=0, atol=1e-12
    )


def test_rows_without_a_gap_met_at_prediction_are_read_the_same_way():
    trees = grown(world(1, missing=0.0))
    rows = world(3, missing=0.2)
    np.testing.assert_allclose(
        tables_of(trees).contributions(rows), by_lightgbm(trees, rows), rtol=0, atol=1e-12
    )


def test_trees_too_large_or_by_category_have_no_tables():
    assert tables_of(grown(world(1), num_leaves=31)) is None
    rng = np.random.default_rng(1)
    kinds = rng.integers(0, 6, size=(ROWS, 1)).astype(np.float64)
    data = lgb.Dataset(kinds, (kinds[:, 0] % 2), categorical_feature=[0])
    parameters = {"objective": "regression", "num_leaves": 8, "verbose": -1}
    assert tables_of(lgb.train(parameters, data, 3)) is None


@pytest.mark.parametrize("leaves", [8, 31])
def test_many_rows_get_the_contributions_of_few(leaves):
    columns = [f"c{number}" for number in range(6)]
    trees = lgb.train(
        {"objective": "regression", "num_leaves": leaves, "verbose": -1, "num_threads": 1},
        lgb.Dataset(pd.DataFrame(world(1), columns=columns), np.arange(ROWS, dtype=float)),
        10,
    )
    rows = pd.DataFrame(world(2), columns=columns)
    few = contributions(trees, rows.iloc[: ROWS_WORTH_TABLES - 1])
    np.testing.assert_allclose(contributions(trees, rows).iloc[: len(few)], few, rtol=0, atol=1e-9)
