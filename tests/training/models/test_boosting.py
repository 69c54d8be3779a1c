"""Trees are grown as their settings say, and by default as they always were."""

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from features.tree_settings import TreeSettings
from training.models.boosting import Recipe, Rows, Target, fit_trees, held_out_rows

# Written out once more, so that no change of a default goes unseen.
EVER = {
    "num_leaves": 8,
    "learning_rate": 0.05,
    "max_bin": 63,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "min_data_in_leaf": 50,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
    "num_threads": 1,
    "objective": "binary",
    "feature_pre_filter": False,
    "seed": 3,
}


@pytest.fixture(scope="module")
def world() -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(1)
    features = pd.DataFrame(random.normal(size=(1_500, 4)), columns=list("abcd"))
    odds = features["a"] + features["b"] * features["c"]
    return features, (random.random(1_500) < 1 / (1 + np.exp(-odds))).astype(float)


def grown(world, trees: TreeSettings, seed: int = 3) -> lgb.Booster:
    features, happened = world
    rows = Rows(features, np.arange(len(features)), Recipe(seed, trees))
    return fit_trees(rows, Target("binary", happened))


def test_defaults_grow_the_same_trees_as_ever_to_the_last_bit(world):
    features, happened = world
    held_out = held_out_rows(np.arange(len(features)), seed=3)
    whole = lgb.Dataset(features, happened, params=EVER, free_raw_data=False).construct()
    parts = [whole.subset(np.flatnonzero(mask).tolist()) for mask in (~held_out, held_out)]
    stopping = lgb.early_stopping(30, verbose=False)
    trial = lgb.train(EVER, parts[0], 500, [parts[1]], callbacks=[stopping])
    wanted = lgb.train(EVER, whole, trial.best_iteration)
    found = grown(world, TreeSettings())
    assert found.current_iteration() == trial.best_iteration > 10
    assert (found.predict(features) == wanted.predict(features)).all()


@pytest.mark.parametrize(
    ("setting", "value", "name"),
    [
        ("leaves", 5, "num_leaves: 5"),
        ("learning_rate", 0.2, "learning_rate: 0.2"),
        ("leaf_rows", 77, "min_data_in_leaf: 77"),
        ("l2_penalty", 9.5, "lambda_l2: 9.5"),
        ("feature_share", 0.5, "feature_fraction: 0.5"),
        ("bins", 31, "max_bin: 31"),
    ],
)
def test_every_setting_reaches_lightgbm_and_changes_the_trees(world, setting, value, name):
    text = grown(world, TreeSettings(**{setting: value})).model_to_string()
    default = grown(world, TreeSettings()).model_to_string()
    assert f"[{name}]" in text
    assert text.split("parameters:")[0] != default.split("parameters:")[0]
