"""A market is marked as off if the holdout shows it beyond chance and beyond the tolerance."""

import json

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.market_marks import rates, world
from features.errors import SettingsError
from features.settings import CalibrationSettings, load_settings
from training.evaluation import CHAMPION
from training.market_calibration import (
    FLAGGED,
    OK,
    UNCHECKED,
    WITHHELD,
    fifths_p_value,
    level_p_value,
    market_marks,
    marks_told,
    rejected,
)

DEFAULTS = CalibrationSettings()


def states(holdout, settings=DEFAULTS):
    marks = market_marks(holdout, settings)
    return {name: one["state"] for name, one in marks["markets"].items()}


def test_a_market_that_changed_is_withheld_and_the_others_are_not():
    told = states(world({"D": 0.35}, seed=1))
    assert told == {"A": OK, "B": OK, "C": OK, "D": WITHHELD, "E": OK}


@pytest.mark.parametrize("shift", [0.14, -0.14])
def test_a_market_that_is_off_by_less_is_flagged(shift):
    assert states(world({"D": shift}, seed=1))["D"] == FLAGGED


def test_a_market_of_the_right_level_and_the_wrong_spread_is_flagged():
    holdout = world({}, seed=1)
    said = holdout.predictions[CHAMPION]["churn_probability"]
    pushed = np.where(said > said.mean(), 0.25, -0.25)
    bold = said.add(pushed).clip(0, 1)
    told = market_marks(
        holdout.saying({CHAMPION: bold.to_frame("churn_probability")}), DEFAULTS
    )["markets"]["E"]  # fmt: skip
    assert abs(told["said"] - told["seen"]) < DEFAULTS.flagged_over
    assert told["state"] == FLAGGED


def test_a_market_where_everybody_left_is_withheld():
    holdout = world({}, seed=1)
    holdout.churned[(holdout.customers["market"] == "B").to_numpy()] = True
    assert states(holdout)["B"] == WITHHELD


def test_a_small_market_is_unchecked_and_shows_no_figure():
    asked = CalibrationSettings(min_customers=301)
    marks = market_marks(world({"A": 0.5, "B": 0.5}, seed=1), asked)
    assert marks["markets"]["A"] == marks["markets"]["B"] == {"state": UNCHECKED}
    assert marks["markets"]["C"]["state"] == marks["all"]["state"] == OK


def test_only_customers_whom_the_product_scores_are_judged():
    holdout = world({"C": 0.5}, seed=1)
    holdout.active[(holdout.customers["market"] == "C").to_numpy()] = False
    assert "C" not in states(holdout)


def test_a_tolerance_of_one_withholds_nobody():
    asked = CalibrationSettings(withheld_over=1)
    assert states(world({"D": 0.5}, seed=1), asked)["D"] == FLAGGED


def test_marks_are_json_and_say_on_which_day_and_by_what_rule():
    marks = market_marks(world({"D": 0.35}, seed=1), DEFAULTS)
    assert json.loads(json.dumps(marks, allow_nan=False)) == marks
    assert (marks["cutoff"], marks["checked_on"]) == ("2025-01-01", "2025-03-01")
    assert marks["rule"]["withheld_over"] == DEFAULTS.withheld_over
    found = marks["markets"]["D"]
    assert found["seen_low"] < found["seen"] < found["seen_high"]
    (sentence,) = marks_told(marks)
    assert sentence.startswith("Calibration in market D: ")


def test_the_same_holdout_gives_the_same_marks():
    first, again = (market_marks(world({"B": 0.1}, seed=4), DEFAULTS) for _ in range(2))
    assert first == again


def test_where_nothing_is_off_no_market_is_marked():
    assert rates(0.0, worlds_count=100).off == 0.0


@pytest.mark.parametrize("shift", [0.05, -0.05])
def test_markets_at_the_edge_of_the_tolerance_are_flagged_at_most_one_time_in_twenty(shift):
    count = 100
    # A true rate of 5 % shows more than this once in a thousand times.
    assert rates(shift, worlds_count=count).off <= binom.ppf(0.999, count, 0.05) / count


@pytest.mark.parametrize("shift", [0.2, -0.2])
def test_markets_at_the_larger_edge_are_withheld_at_most_one_time_in_twenty(shift):
    count = 100
    assert rates(shift, worlds_count=count).withheld <= binom.ppf(0.999, count, 0.05) / count


def test_a_market_of_500_that_is_off_by_30_points_is_nearly_always_withheld():
    assert rates(0.3, worlds_count=50).withheld_in_c > 0.9


@pytest.mark.parametrize("p_value", [level_p_value, fifths_p_value])
def test_disagreement_within_the_tolerance_is_no_evidence(p_value):
    said, churned = np.full(1000, 0.5), np.arange(1000) < 530
    assert p_value(said, churned, 0.05) > 0.5
    assert p_value(said, churned, 0.001) < p_value(said, churned, 0.05)


def test_what_cannot_be_is_no_evidence():
    """With 97 % said and a tolerance of five points, nobody can be too far above."""
    assert level_p_value(np.full(300, 0.97), np.ones(300, dtype=bool), 0.05) == 1.0


def test_holm_stops_at_the_first_that_chance_explains():
    found = rejected(np.array([[0.001, 0.04], [0.045, 0.0135]]))
    assert found.tolist() == [[True, False], [False, True]]


def test_a_flag_after_the_withholding_is_refused(tmp_path):
    path = tmp_path / "regulars.yml"
    path.write_text(
        "sources: {orders: {path: o.csv, format: csv, "
        "columns: {customer_id: a, timestamp: b, amount: c}}}\n"
        "churn: {within_days: 60}\n"
        "calibration: {flagged_over: 0.3, withheld_over: 0.1}\n",
        encoding="utf-8",
    )
    with pytest.raises(SettingsError, match="flagged_over must not be above withheld_over"):
        load_settings(path)
