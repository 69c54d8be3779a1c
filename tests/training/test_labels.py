"""Labels: what happened in the half-open horizon after each cutoff."""

from datetime import date, timedelta

import pyarrow as pa
import pytest
from shop import FIRST_DAY, histories, histories_of, order_table

from features.matrix import matrix
from training.labels import active, outcomes

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
    known = histories(ROWS)
    labels = outcomes(
        known, matrix(known, [CUTOFF]), horizon_days=30, seen_until=CUTOFF + timedelta(days=31)
    )
    assert labels["churned"].tolist() == [False, True]
    assert labels["realised_orders"].tolist() == [2, 0]
    assert labels["realised_value"].tolist() == [4.5, 0.0]


def test_labels_stand_in_the_order_of_the_matrix():
    known = histories(ROWS)
    cutoffs = [FIRST_DAY + timedelta(days=10), CUTOFF]
    rows = matrix(known, cutoffs)
    labels = outcomes(known, rows, horizon_days=10, seen_until=CUTOFF + timedelta(days=40))
    backwards = outcomes(known, rows[::-1], horizon_days=10, seen_until=CUTOFF + timedelta(days=40))
    assert labels["realised_orders"].tolist() == [0, 0, 1, 0]
    assert backwards["realised_orders"].tolist() == labels["realised_orders"].tolist()[::-1]


def test_an_immature_label_does_not_exist():
    known = histories(ROWS)
    rows = matrix(known, [CUTOFF])
    with pytest.raises(ValueError, match="need 30 days"):
        outcomes(known, rows, horizon_days=30, seen_until=CUTOFF + timedelta(days=29))


def subscriptions():
    """Ada renews late, bob lets it end, cyd has ended before the cutoff."""
    rows = [
        ("ada", FIRST_DAY, FIRST_DAY + timedelta(days=60)),
        ("ada", CUTOFF + timedelta(days=12), CUTOFF + timedelta(days=45)),
        ("bob", FIRST_DAY, FIRST_DAY + timedelta(days=60)),
        ("cyd", FIRST_DAY, FIRST_DAY + timedelta(days=30)),
    ]
    table = order_table([(name, when, 1000) for name, when, _ in rows])
    until = pa.array([(end - date(1970, 1, 1)).days for _, _, end in rows], pa.int64())
    at = table.schema.get_field_index("paid_until_day")
    return histories_of({"orders": table.set_column(at, table.schema.field(at), until)})


@pytest.mark.parametrize(
    ("horizon_days", "grace_days", "churned"),
    [
        (10, 0, [False, False, True]),  # ada and bob may still pay on that day
        (11, 0, [True, True, True]),  # ada renews a day later
        (30, 0, [False, True, True]),
        (45, 0, [False, True, True]),
        (46, 0, [True, True, True]),
        (10, 5, [False, False, True]),
    ],
)
def test_a_subscription_has_churned_when_paid_time_and_grace_are_over(
    horizon_days, grace_days, churned
):
    known = subscriptions()
    labels = outcomes(
        known,
        matrix(known, [CUTOFF]),
        horizon_days=horizon_days,
        seen_until=CUTOFF + timedelta(days=60),
        grace_days=grace_days,
    )
    assert labels["churned"].tolist() == churned


def test_who_has_churned_already_follows_the_definition():
    rows = matrix(subscriptions(), [CUTOFF])
    assert active(rows, horizon_days=30, grace_days=0).tolist() == [True, True, False]
    assert active(rows, horizon_days=30, grace_days=21).tolist() == [True, True, True]
    assert active(rows, horizon_days=30, grace_days=None).tolist() == [False, False, False]
