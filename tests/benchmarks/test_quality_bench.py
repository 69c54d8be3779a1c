"""The benchmark of quality: what its tasks hold, when a number is met, what a difference means."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.quality_bench.goals import GOALS, METRICS, Goal, interval_goals, marks
from benchmarks.quality_bench.judgement import (
    COMPARED,
    Difference,
    differences,
    figures,
    strongest,
)
from benchmarks.quality_bench.markdown import page
from benchmarks.quality_bench.simulation import Bought, value_interval
from benchmarks.quality_bench.systems import CEILING, OURS, posed
from benchmarks.quality_bench.tasks import RETAIL, SAMPLE, TASKS, NoData, orders_of
from benchmarks.quality_bench.verdict import Verdict, counted, missed
from training.metrics import spearman
from training.uncertainty import resamples

DATA = Path(os.environ.get("REGULARS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
NEEDED = {"sample": SAMPLE, "retail": RETAIL}
COUNTS = {
    "cdnow-sample-39-39": (2357, 0.7098),
    "cdnow-full-39-39": (23570, 0.7006),
    "cdnow-full-52-26": (23570, 0.7717),
    "cdnow-full-65-13": (23570, 0.8593),
    "uci-retail-40-13": (3362, 0.4292),
    "uci-retail-27-26": (2800, 0.3046),
}
LIKE_CDNOW = {"r": 0.25, "alpha": 4.8, "p": 6.3, "q": 3.6, "v": 15.0}


@pytest.fixture
def shop() -> tuple[np.ndarray, np.ndarray, dict[str, pd.DataFrame]]:
    """Who churned, what they spent, and what the product (who knows more) and a rival said."""
    rng = np.random.default_rng(3)
    risk = rng.beta(2, 2, 600)
    churned = rng.random(600) < risk
    basket = rng.gamma(2, 30, 600)
    said = {
        OURS: (risk, (1 - risk) * basket),
        "rival": ((risk + rng.beta(2, 2, 600)) ** 2 / 4, (1 - risk) * rng.permutation(basket) * 3),
    }
    tables = {
        name: pd.DataFrame(
            {
                "churn_probability": probability,
                "expected_value": value,
                "value_low": 0.0,
                "value_high": 3 * value,
            }
        )
        for name, (probability, value) in said.items()
    }
    return churned, np.where(churned, 0.0, basket), tables


@pytest.mark.parametrize("name", TASKS)
def test_a_task_judges_the_customers_that_the_literature_does(name):
    task = TASKS[name]
    if task.orders in NEEDED and not (DATA / NEEDED[task.orders]).exists():
        pytest.skip("the public data are not here")
    given = posed(task, orders_of(task.orders, DATA))
    count, churn_rate = COUNTS[name]
    assert len(given.rows) == count
    assert given.churned.mean() == pytest.approx(churn_rate, abs=5e-5)
    assert (given.rows["tenure_days"] >= 1).all()


@pytest.mark.parametrize("orders", NEEDED)
@pytest.mark.parametrize("folder", [None, Path("nowhere")])
def test_a_task_without_its_orders_says_which_file_is_wanted(orders, folder):
    with pytest.raises(NoData, match=f"{NEEDED[orders]} is not in the folder of --data"):
        orders_of(orders, folder)


def test_the_numbers_to_reach_are_nine_a_task_less_one_that_is_only_reported():
    assert list(GOALS) == list(TASKS)
    assert sum(len(goals) for goals in GOALS.values()) == len(METRICS) * len(TASKS) - 1
    assert "bias" not in GOALS["uci-retail-40-13"]


@pytest.mark.parametrize(
    ("metric", "figure", "met"),
    [
        ("auc", 0.768, True),
        ("auc", 0.76794, False),
        ("auc", 0.76796, True),  # printed as 0.7680
        ("log_loss", 0.4925, True),
        ("log_loss", 0.4926, False),
        ("bias", 0.92, True),
        ("bias", 1.09, False),
        ("bias", 0.91, False),
        ("rmse", 92.8, True),
        ("rmse", 93.0, False),
        ("ngini", float("nan"), False),
    ],
)
def test_a_number_is_met_on_its_own_side(metric, figure, met):
    goals = GOALS["cdnow-full-39-39"]
    assert marks({metric: figure}, {metric: goals[metric]}) == {metric: met}


def test_a_number_says_which_side_it_is_on():
    assert [str(goal) for goal in (Goal(low=0.9), Goal(high=30), Goal(0.92, 1.08))] == [
        "≥ 0.9",
        "≤ 30",
        "0.92-1.08",
    ]


def test_an_interval_must_be_as_sharp_as_the_best_of_its_rivals():
    rivals = {
        "bg-nbd": {"interval_score": 245.0},
        "lightgbm": {"interval_score": 233.0},
        "zero": {},
    }
    goals = interval_goals(rivals)
    assert goals["interval_score"] == Goal(high=233.0)
    assert not goals["interval_coverage_buyers"].met(0.84)
    assert "interval_score" not in interval_goals({"zero": {}})


def test_a_system_differs_from_itself_by_nothing(shop):
    churned, spent, said = shop
    twin = said | {"twin": said[OURS]}
    found = differences(churned, spent, twin, dict.fromkeys(COMPARED, "twin"))
    assert list(found) == list(COMPARED)
    for metric, one in found.items():
        assert (one.value, one.low, one.high) == (0, 0, 0)
        assert one.verdict(metric) == "even"


def test_who_knows_more_is_shown_to_be_better(shop):
    churned, spent, said = shop
    found = differences(churned, spent, said, dict.fromkeys(COMPARED, "rival"))
    assert {metric: one.verdict(metric) for metric, one in found.items()} == dict.fromkeys(
        COMPARED, "better"
    )
    exact = {name: figures(churned, spent, table) for name, table in said.items()}
    for metric, one in found.items():
        assert one.value == pytest.approx(exact[OURS][metric] - exact["rival"][metric])
        assert one.low <= one.value <= one.high


def test_a_difference_counts_by_the_direction_of_its_metric():
    assert Difference("rival", 0.1, 0.05, 0.15).verdict("auc") == "better"
    assert Difference("rival", 0.1, 0.05, 0.15).verdict("rmse") == "worse"
    assert Difference("rival", 0.1, -0.05, 0.15).verdict("rmse") == "even"


def test_neither_the_product_nor_the_ceiling_is_an_opponent():
    found = {
        OURS: {"auc": 0.9, "rmse": 1.0},
        CEILING: {"auc": 0.95, "rmse": 1.0},
        "one": {"auc": 0.7, "rmse": 3.0},
        "other": {"auc": 0.8, "rmse": float("nan")},
    }
    assert strongest(found, found) == {"auc": "other", "rmse": "one"}


def test_rank_correlation_of_a_resample_is_that_of_its_rows(shop):
    from benchmarks.quality_bench.judgement import _RankCorrelation

    _, spent, said = shop
    expected = said["rival"]["expected_value"].round(-1).to_numpy()
    (weights,) = resamples(len(spent), count=3, seed=5)
    drawn = _RankCorrelation(spent, expected).drawn(weights)
    for at in range(3):
        rows = np.repeat(np.arange(len(spent)), weights[:, at].astype(int))
        assert drawn[at] == pytest.approx(spearman(spent[rows], expected[rows]))


@pytest.mark.parametrize("leaving", [{"a": 0.72, "b": 2.2}, {"s": 0.52, "beta": 8.8}])
def test_an_interval_grows_with_purchases_and_with_time(leaving):
    bought = Bought(
        frequency=np.array([0.0, 2.0, 10.0]),
        recency=np.array([0.0, 20.0, 38.0]),
        age=np.full(3, 39.0),
        mean_value=np.array([0.0, 30.0, 30.0]),
    )
    alive = np.ones(3)
    low, high = value_interval(bought, alive, LIKE_CDNOW | leaving, 39, seed=1)
    assert (low >= 0).all()
    assert (np.diff(high) > 0).all()
    _, sooner = value_interval(bought, alive, LIKE_CDNOW | leaving, 4, seed=1)
    assert (sooner < high).all()
    assert value_interval(bought, np.zeros(3), LIKE_CDNOW | leaving, 39, seed=1)[1].max() == 0


def verdict_of(**figures_of_ours: float) -> Verdict:
    """A task judged, all numbers met but those given."""
    task = TASKS["cdnow-full-39-39"]
    goals = GOALS[task.name] | {"cpu_seconds": Goal(high=30.0)}
    met = {metric: goal.low if goal.low > 0 else goal.high for metric, goal in goals.items()}
    ours = met | dict.fromkeys(("interval_coverage", "interval_coverage_buyers"), 0.9)
    ours |= {"interval_score": 230.0} | figures_of_ours
    return Verdict(
        task=task,
        customers_count=23570,
        churn_rate=0.7,
        value=1.0,
        figures={OURS: ours, "zero": {"auc": 0.5}},
        cpu_seconds={OURS: 20.0, "zero": float("nan")},
        notes={"lifetimes-bg-nbd": "could not be installed"},
        goals=goals,
        against_peers={},
        against_all={"auc": Difference("zero", 0.27, 0.26, 0.28)},
    )


def test_the_page_tells_what_was_missed_and_what_could_not_run():
    verdict = verdict_of(ece=0.0266)
    assert missed(verdict) == ["ece"]
    assert counted([verdict, verdict_of()]) == {
        "accuracy": (17, 18),
        "intervals": (0, 0),
        "cost": (2, 2),
    }
    told = page([verdict], "python benchmarks/quality.py --data DATA", date(2026, 1, 2))
    assert "| **0.0266** (≤ 0.02) |" in told
    assert "9 of 10 |" in told
    assert "better in 1, even in 0, worse in 0 of 1" in told
    assert "| AUC |  |  |  | zero | +0.2700 [+0.2600, +0.2800] | better |" in told
    assert "- lifetimes-bg-nbd: could not be installed" in told
