"""Labels: what happened in the half-open horizon after each cutoff."""

from datetime import timedelta

import pytest
from shop import FIRST_DAY, histories

from features.matrix import matrix
from training.labels import outcomes

CUTOFF = FIRST_DAY + timedelta(days=50)
ROWS = [
    ("ada", FIRST_DAY, 100),
    ("ada", CUTOFF, 200),
    ("ada", CUTOFF + timedelta(days=29), 300),
    ("ada", CUTOFF + timedelta(days=30), 400),
    ("ada", CUTOFF + timedelta(days=5), -50),
    ("bob", FIRST_DAY, 100),
    ("cyd", CUTOFF, 100),
]


def test_labels_count_the_half_open_horizon():
    labels = outcomes(
        histories(ROWS), [CUTOFF], horizon_days=30, seen_until=CUTOFF + timedelta(days=31)
    )
    assert labels["churned"].tolist() == [False, True]
    assert labels["realised_orders"].tolist() == [2, 0]
    assert labels["realised_value"].tolist() == [4.5, 0.0]


def test_labels_stand_in_the_order_of_the_matrix():
    known = histories(ROWS)
    cutoffs = [FIRST_DAY + timedelta(days=10), CUTOFF]
    labels = outcomes(known, cutoffs, horizon_days=10, seen_until=CUTOFF + timedelta(days=40))
    assert len(labels) == len(matrix(known, cutoffs))


def test_an_immature_label_does_not_exist():
    with pytest.raises(ValueError, match="need 30 days"):
        outcomes(histories(ROWS), [CUTOFF], horizon_days=30, seen_until=CUTOFF + timedelta(days=29))
