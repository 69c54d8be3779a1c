"""Columns that alone tell the label are found, honest ones are not."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from snapshot_world import COLUMNS, snapshot

from training.leaks import telling

DATA = Path(os.environ.get("REGULARS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
WORLD = snapshot(800)
CHURNED = WORLD["churned"].to_numpy()
RNG = np.random.default_rng(7)
LEAKS = {
    "a copy": CHURNED,
    "the opposite": np.where(CHURNED, "stays", "goes"),
    "a reason that only leavers gave": np.where(CHURNED, RNG.choice(["price", "bug"], 800), None),
    "a day that only leavers have": pd.Series([pd.Timestamp("2026-01-05")] * 800).where(CHURNED),
    "a text of each leaver's own": [
        f"call {n}" if left else None for n, left in enumerate(CHURNED)
    ],
    "a number with a little noise": CHURNED + RNG.normal(0, 0.2, 800),
    "a count that is 0 for who left": np.where(CHURNED, 0, RNG.integers(1, 90, 800)),
    "orders afterwards, some 0 as well": np.where(
        CHURNED | (RNG.random(800) < 0.1), 0, RNG.integers(1, 90, 800)
    ),
    "certain outside its middle": np.where(
        RNG.random(800) < 0.3, 3, np.where(CHURNED, 1, RNG.integers(4, 6, 800))
    ),
}


def found(values: object, churned: np.ndarray = CHURNED):
    (one,) = telling(pd.DataFrame({"column": values}), churned, seed=1)
    return one


@pytest.mark.parametrize("values", LEAKS.values(), ids=LEAKS)
def test_a_column_that_knows_the_label_is_a_leak(values):
    assert found(values).is_leak


@pytest.mark.parametrize("column", COLUMNS)
def test_an_honest_column_is_none(column):
    one = found(WORLD[column])
    assert not one.is_leak
    assert not one.is_doubtful


def test_values_of_few_leavers_alone_are_doubtful():
    one = found(np.where(CHURNED & (RNG.random(800) < 0.1), "closed", "open"))
    assert not one.is_leak
    assert one.is_doubtful


def test_purity_that_chance_can_make_is_no_leak():
    rare = np.arange(800) < 8
    one = found(RNG.choice(list("abcdefghij"), 800), rare)
    assert not one.is_leak


def test_honest_measurements_that_tell_much_are_no_leaks():
    data = load_breast_cancer(as_frame=True)
    assert [
        one for one in telling(data.data, data.target.to_numpy() == 0, seed=1) if one.is_leak
    ] == []


@pytest.mark.skipif(not (DATA / "telco_extended").is_dir(), reason="the public table is not here")
@pytest.mark.parametrize("count", [500, 7_043])
def test_the_leaks_of_the_extended_telco_table_are_found_and_no_other(count):
    table = pd.read_parquet(DATA / "telco_extended" / "customers.parquet")
    table = table.sample(count, random_state=1)
    columns = table.drop(columns=["churned", "customer_id"])
    leaks = [
        one.column for one in telling(columns, table["churned"].to_numpy(), seed=1) if one.is_leak
    ]
    known = [
        "churn_score",
        "churn_category",
        "churn_reason",
        "customer_status",
        "satisfaction_score",
    ]
    assert sorted(leaks) == sorted(known)
