"""Tuning improves what is bad, is not misled by chance, and sees nothing of the holdout."""

import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from shop import FIRST_DAY, histories, simulated_orders

from features.errors import NotEnoughData
from features.settings import Settings
from features.tree_settings import ModelTrees, TreeSettings, trees_text
from training.evaluation import evaluate
from training.models.customer_model import Horizons, fit_customer_model
from training.search import Budget
from training.tracking import use_workspace
from training.tuning import past_questions, tune

AS_OF = FIRST_DAY + timedelta(days=390)
HOLDOUT = AS_OF - timedelta(days=60)
HORIZONS = Horizons(60, 60, 0.8)
ROWS = simulated_orders(customers=500)
BAD = ModelTrees(
    churn=TreeSettings(leaves=60, leaf_rows=2, learning_rate=0.9, l2_penalty=0, feature_share=1),
    value=TreeSettings(leaves=60, leaf_rows=2, learning_rate=0.9, l2_penalty=0, feature_share=1),
)


def settings(folder: Path, **more: object) -> Settings:
    columns = {"customer_id": "c", "timestamp": "t", "amount": "a"}
    return Settings(
        sources={"orders": {"path": "orders.csv", "format": "csv", "columns": columns}},
        churn={"within_days": 60},
        value={"horizon_days": 60, "interval": 0.8},
        workspace=folder,
        as_of=AS_OF,
        **more,
    )


def budget(trials: int) -> Budget:
    return Budget(trials, 1e9, time.monotonic)


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """A workspace whose trees were far too large, tuned; its settings, and what was found."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "trees.yml").write_text(trees_text(BAD))
    given = settings(folder, trees=folder / "trees.yml")
    return given, tune(given, histories(ROWS), budget(4))


def test_bad_trees_are_improved_by_more_than_chance(bad):
    _, tuned = bad
    churn = tuned.found["churn"]
    assert churn.start == BAD.churn
    assert churn.is_better
    assert churn.best_loss < churn.start_loss
    assert churn.gain > churn.errors_needed * churn.error
    assert tuned.trees.churn == churn.best != BAD.churn


def test_what_was_found_on_past_days_holds_on_the_holdout(bad):
    _, tuned = bad
    losses = [
        evaluate(histories(ROWS), HOLDOUT, HORIZONS, seed=1, trees=trees).report()["systems"]
        for trees in (BAD, tuned.trees)
    ]
    before, after = (one["champion"]["churn"]["log_loss"] for one in losses)
    assert after < before


def test_nothing_from_the_holdout_on_is_read(bad, tmp_path):
    random = np.random.default_rng(7)
    other = [
        (who, day, cents if day < HOLDOUT else int(random.integers(1, 10**7)))
        for who, day, cents in ROWS
        if day < HOLDOUT or random.random() < 0.3
    ]
    (tmp_path / "trees.yml").write_text(trees_text(BAD))
    given = settings(tmp_path, trees=tmp_path / "trees.yml")
    assert tune(given, histories(other), budget(4)) == bad[1]


def test_a_search_goes_on_where_it_was_and_every_trial_is_a_run_of_its_own(bad):
    given, tuned = bad
    steps = []
    again = tune(given, histories(ROWS), budget(4), progress=steps.append)
    assert again == tuned
    assert [step for step in steps if "trial" in step] == []
    client = use_workspace(given.workspace)
    runs = client.search_runs([client.get_experiment_by_name("regulars").experiment_id])
    names = [run.info.run_name for run in runs]
    assert sorted(name for name in names if name != "tune") == sorted(
        f"{model} trial {number}" for model in ("churn", "value") for number in range(1, 5)
    )
    (first,) = [run for run in runs if run.info.run_name == "churn trial 1"]
    (parent,) = [run for run in runs if run.info.run_id == first.data.tags["mlflow.parentRunId"]]
    assert parent.data.params["trees.churn.leaves"] == "60"
    assert first.data.params["leaves"] == "60"
    assert first.data.metrics["mean_loss"] == pytest.approx(tuned.found["churn"].start_loss)


def test_the_start_alone_is_never_better_than_itself(tmp_path):
    tuned = tune(settings(tmp_path), histories(ROWS), budget(1))
    assert not tuned.is_better
    assert tuned.trees == ModelTrees()
    assert [one.gain for one in tuned.found.values()] == [0, 0]


def test_a_history_without_a_past_day_is_told(tmp_path):
    known = histories(ROWS)
    early = FIRST_DAY + timedelta(days=120)
    with pytest.raises(NotEnoughData, match="before 2024-04-30.* needs a longer history"):
        past_questions(known.before(early), early, HORIZONS, seed=1)


def test_a_model_remembers_how_its_trees_were_grown():
    trees = ModelTrees(churn=TreeSettings(leaves=3), value=TreeSettings(leaves=4, bins=31))
    model = fit_customer_model(histories(ROWS), HOLDOUT, HORIZONS, seed=1, trees=trees)
    assert model.facts.trees == trees.model_dump()
    assert "[num_leaves: 3]" in model.churn.plain.model_to_string()
    assert "[num_leaves: 3]" in model.churn.anchored.model_to_string()
    for booster in (model.value.plain, model.value.scaled, model.value.anchored):
        assert "[num_leaves: 4]" in booster.model_to_string()
        assert "[max_bin: 31]" in booster.model_to_string()
