"""Metrics against hand-made figures and other libraries' definitions."""

import numpy as np
import pytest
from sklearn.metrics import log_loss as sklearn_log_loss

from training import metrics

CHURNED = np.array([True, True, False, False])


def test_a_perfect_ranking_has_auc_one_and_a_constant_one_half():
    assert metrics.auc(CHURNED, np.array([0.9, 0.8, 0.2, 0.1])) == 1.0
    assert metrics.auc(CHURNED, np.full(4, 0.3)) == 0.5
    assert np.isnan(metrics.auc(np.ones(3, dtype=bool), np.full(3, 0.3)))


def test_log_loss_agrees_with_scikit_learn_and_stays_finite():
    probability = np.array([0.9, 0.6, 0.4, 0.2])
    assert metrics.log_loss(CHURNED, probability) == pytest.approx(
        sklearn_log_loss(CHURNED, probability)
    )
    assert np.isfinite(metrics.log_loss(CHURNED, np.array([0.0, 1.0, 1.0, 0.0])))


def test_calibration_error_is_the_gap_between_said_and_seen():
    probability = np.full(100, 0.6)
    churned = np.arange(100) < 50
    assert metrics.ece(churned, probability) == pytest.approx(0.1)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_no_metric_even_with_ties(seed):
    rng = np.random.default_rng(seed)
    probability = rng.integers(1, 4, 200) / 4
    churned = rng.random(200) < probability
    value = np.where(churned, 0.0, rng.gamma(2, 20, 200))
    expected = np.round(1 - probability, 2) * 40
    shuffle = rng.permutation(200)
    for ours in (metrics.churn_metrics,):
        assert ours(churned, probability) == pytest.approx(
            ours(churned[shuffle], probability[shuffle])
        )
    assert metrics.value_metrics(value, expected) == pytest.approx(
        metrics.value_metrics(value[shuffle], expected[shuffle])
    )


def test_ngini_is_one_for_the_truth_zero_for_a_constant_and_minus_one_reversed():
    value = np.array([0.0, 0.0, 1.0, 10.0])
    assert metrics.ngini(value, value) == 1.0
    assert metrics.ngini(value, np.ones(4)) == 0.0
    assert metrics.ngini(np.arange(4.0), -np.arange(4.0)) == -1.0


def test_decile_mape_and_bias_of_a_prediction_twice_too_high():
    value = np.arange(1.0, 101.0)
    assert metrics.decile_mape(value, 2 * value) == pytest.approx(1.0)
    assert metrics.bias(value, 2 * value) == 2.0


def test_intervals_are_counted_for_everybody_and_for_buyers():
    realised = np.array([0.0, 0.0, 5.0, 50.0])
    figures = metrics.interval_metrics(realised, np.zeros(4), np.full(4, 10.0), level=0.9)
    assert figures["interval_coverage"] == 0.75
    assert figures["interval_coverage_buyers"] == 0.5
    assert figures["interval_score"] == pytest.approx(10 + 20 * 40 / 4)
