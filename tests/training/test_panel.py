"""The plan of cutoffs: mature labels, room for history."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import NotEnoughData
from training.panel import MAX_CUTOFFS, MIN_HISTORY_DAYS, MIN_LABEL_DAYS, plan_panel

FIRST = date(2024, 1, 1)


@given(history_days=st.integers(56, 2000), horizon_days=st.integers(14, 900))
def test_every_label_is_mature_and_every_cutoff_has_a_past(history_days, horizon_days):
    as_of = FIRST + timedelta(days=history_days)
    plan = plan_panel(FIRST, as_of, horizon_days)
    assert 1 <= len(plan.cutoffs) <= MAX_CUTOFFS
    assert list(plan.cutoffs) == sorted(set(plan.cutoffs))
    assert plan.latest + timedelta(days=plan.label_days) <= as_of
    assert plan.cutoffs[0] >= FIRST + timedelta(days=MIN_HISTORY_DAYS)
    assert MIN_LABEL_DAYS <= plan.label_days <= horizon_days


def test_a_short_history_is_refused_with_its_length():
    with pytest.raises(NotEnoughData, match="40 days of history"):
        plan_panel(FIRST, FIRST + timedelta(days=40), 90)
