"""Resampling: seeded, by customer, and honest about chance."""

import numpy as np
import pytest

from training.uncertainty import Groups, cumulated_at, interval, resamples


def test_a_seed_gives_the_same_resamples_and_another_seed_others():
    first, again, other = (
        np.hstack(list(resamples(50, count=130, seed=seed))) for seed in (1, 1, 2)
    )
    assert first.shape == (50, 130)
    assert (first == again).all()
    assert (first != other).any()


def test_every_resample_has_as_many_customers_as_there_are():
    drawn = np.hstack(list(resamples(50, count=130, seed=1)))
    assert (drawn.sum(axis=0) == 50).all()
    assert drawn.std() == pytest.approx(1.0, abs=0.05)  # a Poisson's, nearly


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    # 200 samples of 300 from a normal with mean 3: of 95 % intervals about 190 hold it. Fewer
    # than 180 or all 200 would happen to an honest interval less than once in a thousand.
    rng = np.random.default_rng(5)
    held = 0
    for sample in rng.normal(3, 2, (200, 300)):
        draws = [weights.T @ sample / 300 for weights in resamples(300, count=300, seed=1)]
        found = interval(np.concatenate([[sample.mean()], *draws]), -np.inf, np.inf)
        held += found.low <= 3 <= found.high
    assert 180 <= held < 200


def test_a_figure_lies_within_its_interval_even_if_resampling_lifts_it():
    found = interval(np.array([0.1, 0.3, 0.4, 0.5]), 0.0, 1.0)
    assert found.low <= found.value <= found.high
    assert found.low == pytest.approx(0.005)  # 0.1 + 0.305 - 0.4


def test_bounds_stay_where_the_figure_lives():
    found = interval(np.array([0.01, 0.2, 0.4, 0.6]), 0.0, 1.0)
    assert found.low == 0.0


def test_a_figure_that_does_not_exist_has_no_interval():
    assert np.isnan(interval(np.array([np.nan, 0.2, 0.4]), 0.0, 1.0).low)
    assert np.isnan(interval(np.array([0.2, np.nan, np.nan]), 0.0, 1.0).high)


def test_rows_of_equal_score_are_one_group():
    groups = Groups.of(np.array([0.5, 0.1, 0.5, 0.9]), most=None)
    assert groups.codes.tolist() == [1, 0, 1, 2]
    (sums,) = groups.sums(np.array([[1.0], [2.0], [3.0], [0.0]]), np.array([10.0, 1.0, 1.0, 5.0]))
    assert sums[:, 0].tolist() == [2.0, 13.0, 0.0]


def test_gathered_groups_keep_the_order_and_about_the_same_mass():
    score = np.random.default_rng(1).random(5000)
    groups = Groups.of(score, most=50)
    assert groups.count == 50
    assert (np.diff(groups.codes[np.argsort(score)]) >= 0).all()
    assert np.bincount(groups.codes).tolist() == [100] * 50


def test_a_share_that_ends_within_a_group_takes_its_part():
    mass, gone = np.array([[2.0], [2.0]]), np.array([[2.0], [0.0]])
    reached = cumulated_at(np.array([0.25, 0.75, 1.0]), mass, gone)
    assert reached[0][:, 0].tolist() == [1.0, 3.0, 4.0]
    assert reached[1][:, 0].tolist() == [1.0, 2.0, 2.0]
