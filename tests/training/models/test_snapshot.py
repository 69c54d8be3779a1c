"""The classifier of snapshot tables: one of scikit-learn's, honest, and the same for any order."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks
from snapshot_world import COLUMNS, snapshot

from training.metrics import auc, ece, log_loss
from training.models.snapshot import CANDIDATES, SnapshotClassifier


@pytest.fixture(scope="module")
def world() -> pd.DataFrame:
    return snapshot(600)


@pytest.fixture(scope="module")
def model(world: pd.DataFrame) -> SnapshotClassifier:
    return SnapshotClassifier().fit(world[COLUMNS], world["churned"])


# No exception is expected to fail. The check of array_api_input skips itself unless SciPy's switch
# for other array libraries is set, which this product does not do.
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([SnapshotClassifier(folds=2)])
def test_it_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


def test_a_clone_has_the_parameters_and_learns_the_same(model, world):
    again = clone(model)
    assert again.get_params() == {"candidate": None, "folds": 5, "random_state": 1}
    said = again.fit(world[COLUMNS], world["churned"]).predict_proba(world[COLUMNS])
    assert (said == model.predict_proba(world[COLUMNS])).all()


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_each_candidate_works_in_a_pipeline_and_in_cross_validate(candidate, world):
    pipeline = make_pipeline(FunctionTransformer(), SnapshotClassifier(candidate=candidate))
    found = cross_validate(
        pipeline, world[COLUMNS], world["churned"], cv=3, scoring="roc_auc", error_score="raise"
    )
    least = 0.5 if candidate == "base rate" else 0.7
    assert found["test_score"].min() >= least


def test_it_finds_what_decides_in_customers_it_has_not_seen(model):
    others = snapshot(2_000, seed=9)
    said = model.predict_proba(others[COLUMNS])[:, 1]
    churned = others["churned"].to_numpy()
    assert auc(churned, said) > 0.78  # the true chances reach 0.82
    assert ece(churned, said) < 0.06


def test_without_any_signal_it_gives_the_base_rate():
    table = snapshot(400)
    churned = np.random.default_rng(2).random(400) < 0.3
    model = SnapshotClassifier().fit(table[["city", "partner"]], churned)
    assert model.chosen_ == "base rate"
    assert model.predict_proba(table[["city", "partner"]])[:, 1] == pytest.approx(churned.mean())


def test_the_choice_is_the_least_log_loss_on_the_folds(model):
    assert list(model.log_losses_) == list(CANDIDATES)
    assert model.log_losses_[model.chosen_] == min(model.log_losses_.values())


def test_contributions_and_one_constant_make_the_log_odds(model, world):
    parts = model.contributions(world[COLUMNS])
    rest = model.decision_function(world[COLUMNS]) - parts.sum(axis=1)
    assert list(parts.columns) == COLUMNS
    assert rest.to_numpy() == pytest.approx(rest.iloc[0], abs=1e-9)


def test_the_order_of_asked_rows_changes_nothing_but_the_order(model, world):
    shuffled = world[COLUMNS].sample(frac=1, random_state=3)
    said = pd.Series(model.predict_proba(shuffled)[:, 1], index=shuffled.index)
    assert (said.sort_index().to_numpy() == model.predict_proba(world[COLUMNS])[:, 1]).all()


def test_what_was_never_seen_is_answered(model, world):
    odd = world[COLUMNS].head(4).copy()
    odd["contract"] = ["never seen", None, "month", "month"]
    odd["tenure_months"] = [np.inf, -np.inf, np.nan, 10**9]
    odd["joined"] = pd.to_datetime([None, "9999-12-31", "1900-01-01", "2026-01-01"])
    said = model.predict_proba(odd)
    assert np.isfinite(said).all()
    assert ((said > 0) & (said < 1)).all()


def test_a_text_where_a_number_was_learned_is_refused(model, world):
    odd = world[COLUMNS].astype({"tenure_months": object}).head(2)
    odd["tenure_months"] = ["ten", "two"]
    with pytest.raises(ValueError, match="'tenure_months' was learned as a number and holds"):
        model.predict_proba(odd)


def test_other_columns_than_learned_are_refused(model, world):
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict_proba(world[COLUMNS[::-1]])


def test_an_unknown_candidate_is_refused(world):
    with pytest.raises(ValueError, match="candidate='forest' is none of base rate, logistic"):
        SnapshotClassifier(candidate="forest").fit(world[COLUMNS], world["churned"])


def test_columns_that_say_nothing_give_the_base_rate(world):
    empty = pd.DataFrame({"nothing": np.full(len(world), np.nan), "same": "a"})
    said = SnapshotClassifier().fit(empty, world["churned"]).predict_proba(empty)
    assert said[:, 1] == pytest.approx(world["churned"].mean(), abs=0.01)


def test_the_level_holds_where_one_in_a_hundred_leaves():
    table = snapshot(6_000)
    churned = table["churned"].to_numpy()
    kept = ~churned | (np.random.default_rng(2).random(len(table)) < 0.02)
    rare, labels = table[kept], churned[kept]
    assert labels.mean() < 0.015
    said = SnapshotClassifier().fit(rare[COLUMNS], labels).predict_proba(rare[COLUMNS])[:, 1]
    assert said.mean() == pytest.approx(labels.mean(), rel=0.1)


def test_wide_measurements_are_learned_without_a_warning():
    data = load_breast_cancer(as_frame=True)
    model = SnapshotClassifier(random_state=2).fit(data.data[::2], data.target[::2])
    said = model.predict_proba(data.data[1::2])[:, 1]
    assert log_loss(data.target[1::2].to_numpy() == 1, said) < 0.13
