"""The weighted figures are those of training.metrics, and the tenths can be counted by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training.figures import FIGURES
from training.judged_figures import JudgedRows, Resampled, figures_of
from training.profit import CLASSIC, own_offer

ROWS = 600
# The quadrature of resamples is close to the exact profit, not equal.
TOLERANCES = {"empc": 1e-3, "empc_own": 1e-3}


def judged(seed: int = 1) -> tuple[JudgedRows, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    probability = rng.beta(2, 2, ROWS).round(2)
    churned = rng.random(ROWS) < probability
    realised = np.where(churned, 0, rng.gamma(2, 30, ROWS))
    expected = ((1 - probability) * 60).round()
    own = rng.gamma(2, 100, ROWS)
    rows = JudgedRows(np.arange(ROWS), churned, realised, own, own_offer(own), 0.9)
    table = {"churn_probability": probability, "expected_value": expected}
    table |= {"value_low": expected / 10, "value_high": expected * 2}
    return rows, pd.DataFrame(table)


def repeated(rows: JudgedRows, times: np.ndarray) -> JudgedRows:
    arrays = ("customer", "churned", "realised_value", "own_value")
    return replace(rows, **{name: np.repeat(getattr(rows, name), times) for name in arrays})


def test_every_figure_has_its_words():
    rows, said = judged()
    assert list(figures_of(rows, said)) == list(FIGURES)
    assert all(one.label and one.meaning.endswith(".") for one in FIGURES.values())


@pytest.mark.parametrize("figure", FIGURES)
def test_with_equal_weights_a_figure_is_that_of_the_rows(figure):
    rows, said = judged()
    weighted, _ = Resampled(rows, said, most=None).drawn(np.ones((ROWS, 1)))
    expected = figures_of(rows, said)[figure]
    assert weighted[figure][0] == pytest.approx(expected, rel=TOLERANCES.get(figure, 1e-12))


@pytest.mark.parametrize("figure", FIGURES)
def test_a_weight_of_three_is_the_row_three_times(figure):
    rows, said = judged()
    times = np.full(ROWS, 3)
    times[::2] = 1  # 1,200 rows in all, so that tenths end between rows
    weighted, _ = Resampled(rows, said, most=None).drawn(times[:, None].astype(float))
    told = said.loc[np.repeat(said.index, times)]
    expected = figures_of(repeated(rows, times), told)[figure]
    assert weighted[figure][0] == pytest.approx(expected, rel=TOLERANCES.get(figure, 1e-10))


@pytest.mark.parametrize("figure", FIGURES)
def test_gathering_scores_into_groups_hardly_moves_a_figure(figure):
    rows, said = judged()
    said = said + np.random.default_rng(2).random((ROWS, 1)) / 1000  # no ties
    exact, _ = Resampled(rows, said, most=None).drawn(np.ones((ROWS, 1)))
    gathered, _ = Resampled(rows, said, most=200).drawn(np.ones((ROWS, 1)))
    assert gathered[figure][0] == pytest.approx(exact[figure][0], abs=0.02 * exact[figure][0])


def ten_customers() -> tuple[JudgedRows, pd.DataFrame]:
    """The riskiest four churn, save the second; money is spent as expected, but half of it."""
    churned = np.array([1, 0, 1, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    expected = np.arange(1.0, 11.0)
    rows = JudgedRows(np.arange(10), churned, expected / 2, np.full(10, 200.0), CLASSIC, 0.8)
    probability = np.arange(10, 0, -1) / 10 - 0.05
    return rows, pd.DataFrame({"churn_probability": probability, "expected_value": expected})


def test_gain_and_lift_are_counted_from_the_riskiest_on():
    _, tenths = Resampled(*ten_customers(), most=None).drawn(np.ones((10, 1)))
    thirds = np.array([1, 1, 2, 3, 3, 3, 3, 3, 3, 3]) / 3
    assert tenths["reached_share"][:, 0] == pytest.approx(thirds)
    assert tenths["lift_ratio"][:4, 0] == pytest.approx([10 / 3, 5 / 3, 20 / 9, 2.5])
    assert tenths["lift_ratio"][-1, 0] == pytest.approx(1.0)


def test_reliability_goes_from_the_least_risky_and_value_from_the_most_valuable():
    _, tenths = Resampled(*ten_customers(), most=None).drawn(np.ones((10, 1)))
    assert tenths["churn_said"][:, 0] == pytest.approx(np.arange(1, 11) / 10 - 0.05)
    assert tenths["churn_seen"][:, 0] == pytest.approx([0, 0, 0, 0, 0, 0, 1, 1, 0, 1])
    assert tenths["value_expected"][:, 0] == pytest.approx(np.arange(10.0, 0.0, -1.0))
    assert tenths["value_realised"][:, 0] == pytest.approx(np.arange(10.0, 0.0, -1.0) / 2)


def test_one_word_for_all_gives_ten_equal_tenths():
    rows, said = ten_customers()
    said = said.assign(churn_probability=0.3, expected_value=0.0)
    _, tenths = Resampled(rows, said, most=None).drawn(np.ones((10, 1)))
    assert tenths["reached_share"][:, 0] == pytest.approx(np.arange(1, 11) / 10)
    assert tenths["churn_seen"][:, 0] == pytest.approx(np.full(10, 0.3))
