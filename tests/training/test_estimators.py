"""The product's models as estimators: scikit-learn's contract, and the same fit as the product's."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from shop import FIRST_DAY, histories, simulated_orders
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from features.matrix import KEYS
from training.estimators import AnchoredChurnClassifier, AnchoredValueRegressor
from training.metrics import auc
from training.models.anchor import Anchor, Now, fit_anchors, panel_offset
from training.models.boosting import Recipe
from training.models.churn import BY_SILENCE, fit_churn_model
from training.models.lifetime_value import MEMBERS, fit_value_model, spend_of
from training.models.mixture import Choice
from training.panel import Panel, build_panel, plan_panel

AS_OF = FIRST_DAY + timedelta(days=340)
DAYS = 60


@pytest.fixture(scope="module")
def panel() -> Panel:
    known = histories(simulated_orders()).before(AS_OF)
    return build_panel(known, plan_panel(known.first_day, AS_OF, DAYS), as_of=AS_OF)


@pytest.fixture(scope="module")
def newest(panel) -> Now:
    latest = panel.plan.latest
    rows = panel.features[panel.at(latest)].reset_index(drop=True)
    return Now(rows, pd.Series(data=True, index=rows.index), fit_anchors(panel)[latest])


# Leaves of 50 rows, the least of a small panel, hold half of what the checks have in all.
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [AnchoredChurnClassifier(leaf_rows=5), AnchoredValueRegressor(leaf_rows=5)]
)
def test_they_keep_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


def test_the_classifier_is_the_churn_model_of_the_product_to_the_last_bit(panel, newest):
    offset = panel_offset(panel, fit_anchors(panel), Anchor.churn_logit)
    product = fit_churn_model(panel, offset, newest, [DAYS], Choice(BY_SILENCE), Recipe(1))
    ours = AnchoredChurnClassifier(horizon_days=DAYS)
    ours.fit(panel.features, panel.labels["churned"])
    assert ours.model_.plain.model_to_string() == product.plain.model_to_string()
    assert ours.model_.anchored.model_to_string() == product.anchored.model_to_string()
    said = ours.predict_proba(panel.features)[:, 1]
    wanted = product.churn_probability(panel.features, DAYS)
    np.testing.assert_allclose(said, wanted, atol=1e-6, rtol=0)


def test_the_regressor_is_the_value_model_of_the_product_to_the_last_bit(panel, newest):
    anchors = fit_anchors(panel)
    offset = panel_offset(panel, anchors, Anchor.log_value)
    scale = panel_offset(panel, anchors, Anchor.log_order_value_at)
    product = fit_value_model(panel, offset, scale, newest, [DAYS], Choice(MEMBERS), Recipe(1))
    ours = AnchoredValueRegressor(horizon_days=DAYS).fit(panel.features, spend_of(panel))
    assert (ours.predict(panel.features) == product.expected_value(panel.features, DAYS)).all()


def test_keys_may_be_there_or_not(panel):
    bare = panel.features.drop(columns=list(KEYS))
    for estimator, y in (
        (AnchoredChurnClassifier(horizon_days=DAYS), panel.labels["churned"]),
        (AnchoredValueRegressor(horizon_days=DAYS), spend_of(panel)),
    ):
        model = estimator.fit(panel.features, y)
        assert list(model.feature_names_in_) == list(bare.columns)
        assert (model.predict(bare) == model.predict(panel.features)).all()
        alone = clone(estimator).fit(bare, y)  # one anchor for all, each row a customer
        assert alone.model_ is not None
        assert np.corrcoef(alone.predict(bare), model.predict(bare))[0, 1] > 0.8


def test_a_longer_horizon_than_that_of_the_labels_has_less_churn_and_more_spend(panel):
    churn = AnchoredChurnClassifier(horizon_days=2 * DAYS, label_days=DAYS)
    value = AnchoredValueRegressor(horizon_days=2 * DAYS, label_days=DAYS)
    churn.fit(panel.features, panel.labels["churned"])
    value.fit(panel.features, spend_of(panel))
    further = churn.predict_proba(panel.features)[:, 1], value.predict(panel.features)
    nearer = (
        churn.set_params(horizon_days=DAYS).predict_proba(panel.features)[:, 1],
        value.set_params(horizon_days=DAYS).predict(panel.features),
    )
    assert (further[0] <= nearer[0]).all()
    assert (further[1] >= nearer[1]).all()


def test_they_are_judged_on_whole_customers_within_a_pipeline(panel):
    customers = panel.features["customer_id"]
    pipeline = make_pipeline(FunctionTransformer(), AnchoredChurnClassifier(horizon_days=DAYS))
    found = cross_validate(
        pipeline,
        panel.features,
        panel.labels["churned"],
        groups=customers,
        cv=GroupKFold(2),
        scoring="roc_auc",
        error_score="raise",
    )
    assert found["test_score"].min() > 0.8


def test_a_grid_search_finds_more_leaves_than_one_split_can_have(panel):
    search = GridSearchCV(
        AnchoredValueRegressor(horizon_days=DAYS, learning_rate=0.1),
        {"leaves": [2, 6]},
        cv=GroupKFold(2),
        scoring="neg_mean_absolute_error",
        error_score="raise",
    )
    search.fit(panel.features, spend_of(panel), groups=panel.features["customer_id"])
    assert search.best_params_["leaves"] in {2, 6}
    assert search.best_estimator_.model_ is not None


def test_without_purchases_plain_trees_are_left():
    rng = np.random.default_rng(5)
    table = pd.DataFrame(
        {"visits": rng.poisson(4, 900), 'a "name" {of} json': rng.normal(size=900)}
    )
    churned = np.where(rng.random(900) < 1 / (1 + table["visits"]), "gone", "here")
    model = AnchoredChurnClassifier(horizon_days=30).fit(table, churned == "gone")
    assert model.model_ is None
    assert auc(churned == "gone", model.predict_proba(table)[:, 1]) > 0.7


def test_a_parameter_out_of_its_bounds_is_refused(panel):
    with pytest.raises(ValueError, match="leaves"):
        AnchoredChurnClassifier(leaves=1).fit(panel.features, panel.labels["churned"])
