"""Drift: nothing moved is zero, much moved is much, and missing counts as a value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.drift import Distribution, Moved, population_stability_index
from features.word_codes import code_of

samples = st.lists(
    st.floats(-1e6, 1e6) | st.just(float("nan")) | st.sampled_from([0.0, 1.0]),
    min_size=1,
    max_size=60,
).map(np.array)


@given(samples)
def test_the_same_sample_has_not_moved(values):
    assert population_stability_index(values, values) == 0


@given(samples, samples)
def test_drift_is_never_below_zero_and_never_unknown(reference, newest):
    assert population_stability_index(reference, newest) >= 0


@given(samples, st.randoms(use_true_random=False))
def test_the_order_of_customers_is_no_drift(values, random):
    shuffled = values.tolist()
    random.shuffle(shuffled)
    assert population_stability_index(values, np.array(shuffled)) == pytest.approx(0, abs=1e-12)


def test_two_bins_counted_by_hand():
    reference = np.array([0.0] * 50 + [1.0] * 50)
    newest = np.array([0.0] * 25 + [1.0] * 75)
    by_hand = -0.25 * np.log(0.25 / 0.5) + 0.25 * np.log(0.75 / 0.5)
    assert population_stability_index(reference, newest) == pytest.approx(by_hand)


def test_becoming_unknown_is_drift():
    known = np.arange(100.0)
    half = np.where(known % 2 == 0, known, np.nan)
    assert population_stability_index(known, half) > 0.25


def test_without_rows_there_is_nothing_to_compare():
    assert np.isnan(population_stability_index(np.empty(0), np.ones(3)))
    assert np.isnan(population_stability_index(np.ones(3), np.empty(0)))


@given(samples, samples, samples)
def test_parts_add_up_to_the_whole(reference, first, second):
    then = Distribution.of(reference)
    parts, whole = Moved({"x": then}), Moved({"x": then})
    parts.add("x", first)
    parts.add("x", second)
    whole.add("x", np.concatenate([first, second]))
    assert parts.indices() == whole.indices()


@given(samples)
def test_a_kept_distribution_is_the_same(values):
    then = Distribution.of(values)
    assert Distribution.from_dict(then.to_dict()) == then


def test_words_are_compared_one_by_one():
    codes = {word: float(code_of(word)) for word in ("web", "store", "phone")}
    then = Distribution.of_words(np.array([codes["web"]] * 50 + [codes["store"]] * 50))
    same = then.counts(np.array([codes["store"]] * 5 + [codes["web"]] * 5))
    assert then.moved(same) == 0
    turned = then.counts(np.array([codes["web"]] * 25 + [codes["store"]] * 75))
    by_hand = -0.25 * np.log(0.25 / 0.5) + 0.25 * np.log(0.75 / 0.5)
    assert then.moved(turned) == pytest.approx(by_hand)
    assert then.moved(then.counts(np.array([codes["phone"]] * 9))) > 0.25


def test_words_beyond_the_commonest_share_bins():
    codes = np.array([float(code_of(f"word {number}")) for number in range(500)])
    then = Distribution.of_words(codes)
    assert len(then.shares) < 50
    assert then.moved(then.counts(codes)) == 0
