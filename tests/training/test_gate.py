"""The gate on customers with a known truth: what is worse is refused, what is the same stays out."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from sklearn.isotonic import IsotonicRegression

from training.evaluation import Holdout
from training.gate import evidence, rule
from training.judging import Stack
from training.models.customer_model import Horizons

CUTOFF = date(2025, 1, 1)
TRIES = 240
DRAWS = 200


class World:
    """Customers whose risk and value are known; every system says the truth with its own noise."""

    def __init__(self, customers=1200, *, seed=1, markets=("AT",), shares=None, cutoff=CUTOFF):
        self.rng = np.random.default_rng(seed)
        self.cutoff = cutoff
        self.risk = self.rng.beta(2, 2, customers)
        self.basket = self.rng.gamma(2, 30, customers)
        self.market = self.rng.choice(list(markets), customers, p=shares)
        self.churned = self.rng.random(customers) < self.risk
        paid = self.basket * self.rng.gamma(4, 0.25, customers)
        self.realised = np.where(self.churned, 0.0, paid)

    def told(self, risk, level=1.0):
        expected = (1 - risk) * self.basket * level
        return pd.DataFrame({"churn_probability": risk, "expected_value": expected})

    def noisy(self, sigma, *, where=None):
        """The truth, its log-odds shaken, in one market only if it is named."""
        odds = np.log(self.risk / (1 - self.risk))
        shaken = odds + self.rng.normal(0, sigma, len(odds))
        if where is not None:
            shaken = np.where(self.market == where, shaken, odds)
        return 1 / (1 + np.exp(-shaken))

    def holdout(self, **systems):
        people = pd.DataFrame(
            {
                "customer_id": [f"secret-{number}" for number in range(len(self.risk))],
                "market": self.market,
                "segment": "4+ order days",
                "past_value": self.basket,
            }
        )
        return Holdout(
            cutoff=self.cutoff,
            horizons=Horizons(churn_days=60, value_days=60, interval=0.8),
            predictions={name.replace("_", "-"): said for name, said in systems.items()},
            churned=self.churned,
            realised_value=self.realised,
            active=np.ones(len(self.risk), dtype=bool),
            customers=people,
            learned_until=CUTOFF,
        )

    def sheets(self, challenger, champion=None, baseline=None, *, draws=DRAWS):
        systems = {"challenger": challenger}
        if champion is not None:
            systems["champion"] = champion
        if baseline is None:
            baseline = self.told(self.noisy(1.5))
        holdout = self.holdout(**systems, bg_nbd=baseline)
        stack = Stack.of([holdout], margin=1.0)
        return evidence(stack, "bg-nbd", seed=7, resamples_count=draws)


def overfitted(world, probability):
    """The probabilities after an isotonic map that was learned from 60 customers."""
    few = world.rng.choice(len(probability), 60, replace=False)
    known = world.rng.random(60) < world.risk[few]
    mapped = IsotonicRegression(out_of_bounds="clip").fit(probability[few], known)
    return np.clip(mapped.predict(probability), 0.001, 0.999)


def planted(name, world, probability):
    """A regression of this name, made from what the champion says."""
    if name == "isotonic overfit":
        return world.told(overfitted(world, probability))
    if name == "permuted probabilities":
        return world.told(world.rng.permutation(probability))
    return world.told(probability, level=1.5)


@pytest.mark.parametrize("mode", ["refresh", "change"])
@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("isotonic overfit", "Log loss worse than champion"),
        ("permuted probabilities", "AUC worse than champion"),
        ("values half as high again", "Level error worse than champion"),
    ],
)
def test_a_planted_regression_is_refused_and_named(name, figure, mode):
    for seed in range(5):
        world = World(3000, seed=seed)
        probability = world.noisy(0.3)
        said = planted(name, world, probability)
        ruling = rule(world.sheets(said, world.told(probability)), mode)
        assert not ruling.passed
        assert any(figure in reason for reason in ruling.reasons)


def null_ruling(mode, seed, sigma, customers):
    """What is said of two systems that are equally good and err independently."""
    world = World(customers, seed=seed)
    said = world.told(world.noisy(sigma)), world.told(world.noisy(sigma))
    return rule(world.sheets(*said), mode)


@pytest.mark.parametrize(("sigma", "customers"), [(0.1, 600), (0.5, 600), (0.5, 1500)])
def test_a_change_that_changes_nothing_passes_at_most_one_time_in_twenty(sigma, customers):
    passed = sum(null_ruling("change", seed, sigma, customers).passed for seed in range(TRIES))
    assert passed <= TRIES * 0.05


def test_a_refresh_that_is_as_good_is_seldom_refused():
    refused = sum(not null_ruling("refresh", seed, 0.1, 600).passed for seed in range(TRIES))
    assert refused <= TRIES * 0.05


def test_a_change_that_is_better_passes_and_says_by_what():
    world = World(3000)
    ruling = rule(
        world.sheets(world.told(world.noisy(0.1)), world.told(world.noisy(1.0))), "change"
    )
    assert ruling.passed
    assert any("Log loss better than champion by" in reason for reason in ruling.reasons)


def test_a_difference_too_small_to_matter_decides_nothing_however_sure_it_is():
    world = World(60_000)
    odds = np.log(world.risk / (1 - world.risk))
    shifted = world.told(world.risk).assign(churn_probability=1 / (1 + np.exp(-odds - 0.08)))
    sheets = world.sheets(world.told(world.risk), shifted, draws=100)
    (loss,) = [
        one
        for one in sheets[0]["differences"]
        if one["figure"] == "log_loss" and one["opponent"] == "champion"
    ]
    assert loss["high"] < 0
    assert loss["verdict"] == "no difference shown"
    assert not rule(sheets, "change").passed


# Markets


def test_a_challenger_that_is_worse_in_one_market_is_refused_by_its_name():
    world = World(4000, markets=("AT", "CZ"), shares=(0.85, 0.15))
    said = world.told(world.noisy(2.0, where="CZ"))
    ruling = rule(world.sheets(said, world.told(world.noisy(0.3))), "refresh")
    assert not ruling.passed
    assert any("in market CZ" in reason for reason in ruling.reasons)
    assert not any("in market AT" in reason for reason in ruling.reasons)


def test_a_market_with_few_customers_is_not_judged_and_nothing_is_told_of_it():
    world = World(3000, markets=("AT", "LI"), shares=(0.98, 0.02))
    said = world.told(world.noisy(3.0, where="LI"))
    sheets = world.sheets(said, world.told(world.noisy(0.3)))
    (few,) = [one for one in sheets if one["name"] == "LI"]
    assert set(few) == {"kind", "name", "customers_count", "judged"}
    assert not few["judged"]
    assert rule(sheets, "refresh").passed


def test_a_business_of_one_market_is_judged_once():
    world = World(600)
    assert [one["kind"] for one in world.sheets(world.told(world.risk))] == ["all"]


def test_more_markets_ask_for_more_certainty_in_each():
    world = World(3000, markets=("AT", "CZ", "DE", "FR"))
    levels = {
        one["kind"]: one["differences"][0]["level"] for one in world.sheets(world.told(world.risk))
    }
    assert levels == {"all": 1 - 0.05 / 4, "market": pytest.approx(1 - 0.05 / 16)}


def test_a_market_where_the_champion_loses_to_the_baseline_too_stops_no_refresh():
    world = World(4000, markets=("AT", "CZ"), shares=(0.9, 0.1))
    weak = world.noisy(2.0, where="CZ")
    baseline = np.where(world.market == "CZ", world.risk, world.noisy(2.0))
    sheets = world.sheets(world.told(weak), world.told(weak), world.told(baseline))
    (market,) = [one for one in sheets if one["name"] == "CZ"]
    lost = [one for one in market["differences"] if one["verdict"] == "worse"]
    assert {one["system"] for one in lost} == {"challenger", "champion"}
    assert rule(sheets, "refresh").passed
    alone = world.sheets(world.told(weak), world.told(world.risk), world.told(baseline))
    assert not rule(alone, "refresh").passed


# The baseline


@pytest.mark.parametrize("mode", ["refresh", "change"])
def test_who_loses_to_the_baseline_is_refused_though_the_champion_is_no_better(mode):
    world = World(3000)
    weak = world.told(world.noisy(1.5))
    ruling = rule(world.sheets(weak, weak, world.told(world.risk)), mode)
    assert not ruling.passed
    assert all("than bg-nbd" in reason for reason in ruling.reasons)


def test_the_level_of_a_baseline_stops_nobody():
    world = World(3000)
    wrong_level = world.told(world.risk, level=1.3)
    sheets = world.sheets(wrong_level, wrong_level, world.told(world.risk))
    (level,) = [
        one
        for one in sheets[0]["differences"]
        if (one["system"], one["opponent"], one["figure"])
        == ("challenger", "bg-nbd", "level_error")
    ]
    assert level["verdict"] == "worse"
    assert not level["decides"]
    assert rule(sheets, "refresh").passed


@pytest.mark.parametrize("mode", ["first", "replacement"])
def test_without_a_champion_that_could_stay_a_version_passes_with_its_weakness_told(mode):
    world = World(3000)
    ruling = rule(world.sheets(world.told(world.noisy(2.0)), None, world.told(world.risk)), mode)
    assert ruling.passed
    assert any("Log loss worse than bg-nbd" in reason for reason in ruling.reasons)


# Too little


def test_too_few_customers_let_a_refresh_pass_and_no_change():
    world = World(150)
    sheets = world.sheets(world.told(world.risk), world.told(world.noisy(1.0)))
    assert rule(sheets, "refresh").passed
    ruling = rule(sheets, "change")
    assert not ruling.passed
    assert "too few customers" in ruling.reasons[0]


def test_a_change_without_a_champion_to_compare_with_has_nothing_to_show():
    world = World(1000)
    ruling = rule(world.sheets(world.told(world.risk)), "change")
    assert not ruling.passed
    assert "cannot be judged fairly" in ruling.reasons[0]


def test_values_that_nobody_realised_leave_churn_to_decide():
    world = World(1000)
    world.realised = np.zeros(1000)
    sheets = world.sheets(world.told(world.risk), world.told(world.noisy(1.5)))
    verdicts = {one["figure"]: one["verdict"] for one in sheets[0]["differences"][:4]}
    assert verdicts["ngini"] == verdicts["level_error"] == "unknown"
    assert rule(sheets, "change").passed


# Several days


def test_several_cutoffs_count_the_same():
    few, many = World(500, seed=1), World(4000, seed=2, cutoff=date(2025, 3, 1))
    holdouts = [
        world.holdout(challenger=world.told(world.risk), bg_nbd=world.told(world.noisy(1.0)))
        for world in (few, many)
    ]
    both = evidence(Stack.of(holdouts, margin=1.0), "bg-nbd", seed=1, resamples_count=50)[0]
    alone = [
        evidence(Stack.of([one], margin=1.0), "bg-nbd", seed=1, resamples_count=50)[0]
        for one in holdouts
    ]
    losses = [one["figures"]["log_loss"]["challenger"]["value"] for one in alone]
    assert both["figures"]["log_loss"]["challenger"]["value"] == pytest.approx(np.mean(losses))


def test_the_same_seed_gives_the_same_evidence():
    worlds = World(600), World(600)
    said = [world.sheets(world.told(world.risk), world.told(world.noisy(0.5))) for world in worlds]
    assert said[0] == said[1]


def test_customers_who_are_not_active_are_not_asked():
    world = World(1000)
    holdout = world.holdout(challenger=world.told(world.risk), bg_nbd=world.told(world.noisy(1.0)))
    half = replace(holdout, active=np.arange(1000) < 500)
    sheets = evidence(Stack.of([half], margin=1.0), "bg-nbd", seed=1, resamples_count=20)
    assert sheets[0]["customers_count"] == 500
