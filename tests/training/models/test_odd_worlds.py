"""Odd data: always finite answers, never worse than RFM cells, and a sentence where it matters."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from shop import FIRST_DAY, histories, simulated_orders

from features.histories import Histories
from features.matrix import matrix
from training.evaluation import fit_baselines
from training.labels import outcomes
from training.metrics import auc
from training.models.customer_model import Horizons, fit_customer_model

DAYS, CUTOFF_DAY, HORIZON = 400, 300, 60
CUTOFF = FIRST_DAY + timedelta(days=CUTOFF_DAY)
HORIZONS = Horizons(HORIZON, HORIZON, 0.9)

Orders = list[tuple[str, date, int]]
World = Callable[[np.random.Generator], Orders]


def orders(days_of: Callable[[int], list[float]], cents: Callable[[int], float], count: int = 300):
    """Orders of numbered customers on these days, each order worth so many cents."""
    return [
        (f"C{number}", FIRST_DAY + timedelta(days=int(day)), int(cents(number)))
        for number in range(count)
        for day in days_of(number)
        if 0 <= day < DAYS
    ]


def steady(random: np.random.Generator) -> Callable[[int], list[float]]:
    """Customers who order at random, each at a pace of her own, until they leave."""
    pace = random.gamma(1.2, 30, 5_000) + 3
    stays = random.exponential(200, 5_000)

    def days_of(number: int) -> list[float]:
        start = random.uniform(0, 200)
        gaps = random.exponential(pace[number], 60)
        return [start, *(day for day in start + gaps.cumsum() if day < start + stays[number])]

    return days_of


WORLDS: dict[str, tuple[World, str]] = {
    "nobody orders twice": (
        lambda r: orders(lambda _: [r.uniform(0, 390)], lambda _: 2_000),
        "No customer ordered on a second day",
    ),
    "everybody comes every five days": (
        lambda _: orders(lambda n: list(range(n % 5, DAYS, 5)), lambda _: 900, 60),
        "Everybody came back",
    ),
    "three orders in a life": (
        lambda r: orders(lambda _: list(r.uniform(0, 380, 3)), lambda _: 900),
        "",
    ),
    "all amounts are zero": (lambda r: orders(steady(r), lambda _: 0), "amount above 0"),
    "all amounts are equal": (lambda r: orders(steady(r), lambda _: 5_000), ""),
    "one spends a million times as much": (
        lambda r: orders(steady(r), lambda n: 10**11 if n == 7 else 2_000),
        "",
    ),
    "amounts without a mean": (
        lambda r: orders(steady(r), lambda _: 1_000 * r.pareto(0.7) + 100),
        "",
    ),
    "all first orders on one day": (
        lambda r: orders(lambda _: [0, *r.exponential(40, 8).cumsum()], lambda _: 2_000),
        "",
    ),
    "everybody is new": (
        lambda r: [
            *orders(lambda _: list(285 + r.exponential(15, 6).cumsum()), lambda _: 2_000),
            ("old", FIRST_DAY, 1_000),
        ],
        "",
    ),
    "one cutoff only": (
        lambda r: [
            (f"C{n}", CUTOFF - timedelta(days=int(day)), 1_000)
            for n in range(300)
            for day in r.uniform(-60, 62, 3)
        ],
        "",
    ),
    "metronomes": (
        lambda r: orders(
            lambda n: list(np.arange(n % 30, r.choice([150, DAYS]), 30)), lambda _: 2_000
        ),
        "",
    ),
    "who comes more spends less": (
        lambda r: orders(steady(r), lambda n: 100 * (n % 97 + 1)),
        "",
    ),
    "two kinds: daily and once": (
        lambda r: orders(
            lambda n: list(range(0, DAYS, 2)) if n % 10 == 0 else [r.uniform(0, 390)],
            lambda _: 2_000,
        ),
        "",
    ),
    "ten customers": (lambda r: orders(steady(r), lambda _: 2_000, 10), ""),
    "one customer with all orders": (
        lambda r: [
            *orders(lambda _: [r.uniform(0, 390)], lambda _: 2_000),
            *(("whale", FIRST_DAY + timedelta(days=day), 9_000) for day in range(DAYS)),
        ],
        "",
    ),
    "forty orders on one day": (
        lambda r: [row for row in orders(steady(r), lambda _: 500, 100) for _ in range(40)],
        "",
    ),
    "months without a single order": (
        lambda r: orders(lambda _: [*r.uniform(0, 30, 2), *r.uniform(270, 330, 1)], lambda _: 900),
        "",
    ),
    "one in two hundred comes back": (
        lambda r: orders(
            lambda n: [r.uniform(0, 200), *(r.uniform(200, 390, 4) if n % 200 == 0 else [])],
            lambda _: 2_000,
            1_000,
        ),
        "",
    ),
    "more refunds than orders": (
        lambda r: [
            row
            for row in orders(steady(r), lambda _: 2_000)
            for row in (row, *[(row[0], row[1], -3_000)] * int(r.random() < 0.8))
        ],
        "",
    ),
    "cents only": (lambda r: orders(steady(r), lambda _: 1), ""),
    "an ordinary shop": (lambda _: simulated_orders(customers=400), ""),
}


@pytest.mark.parametrize("name", WORLDS)
def test_an_odd_world_gets_finite_answers_no_worse_than_rfm_cells(name):
    build, told = WORLDS[name]
    known = histories(build(np.random.default_rng(11)))
    rows = matrix(known.before(CUTOFF), [CUTOFF])
    model = fit_customer_model(known, CUTOFF, HORIZONS, seed=1)
    said = model.predict(rows)
    assert len(WORLDS) >= 20
    assert told in " ".join(model.facts.notes)
    check_answers(said)
    check_answers(model.answers(rows, 730))
    assert np.isfinite(model.churn.contributions(rows, HORIZON).to_numpy()).all()
    assert np.isfinite(model.value.contributions(rows, HORIZON).to_numpy()).all()
    assert ranking(known, rows, said["churn_probability"]) >= 0


def ranking(known: Histories, rows: pd.DataFrame, said: pd.Series) -> float:
    """How far the AUC lies above that of RFM cells, less two standard errors of so few customers.

    0 where everybody met one fate, of which no ranking tells.
    """
    seen_until = CUTOFF + timedelta(days=HORIZON)
    labels = outcomes(known, rows, horizon_days=HORIZON, seen_until=seen_until)
    churned = labels["churned"].to_numpy()
    if churned.all() or not churned.any():
        return 0.0
    baselines = fit_baselines(known, CUTOFF, HORIZONS)
    cells = next(one for one in baselines if one.name == "rfm-cells")
    error = 0.5 / np.sqrt(min(churned.sum(), (~churned).sum()))
    theirs = auc(churned, cells.churn_probability(rows, HORIZON))
    return auc(churned, said.to_numpy()) - theirs + error


def check_answers(said: pd.DataFrame) -> None:
    assert np.isfinite(said.to_numpy()).all()
    for name in ("no_order_probability", "alive_probability"):
        assert said[name].between(0, 1).all()
    assert (said["value_low"] >= 0).all()
    assert (said["value_low"] <= said["expected_value"]).all()
    assert (said["expected_value"] <= said["value_high"]).all()
