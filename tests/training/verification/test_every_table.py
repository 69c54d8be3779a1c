"""Every feature of the product, on made-up events of every table, keeps every claim."""

import time

from leaks import small_system

from features.sources.sample_world import sample_cutoffs, sample_events, sample_shape
from training.verification.case import Case
from training.verification.checks import CLAIMS
from training.verification.verify import verify

SLOW = "alone"  # 25 histories of ten tables; tests/features ask each customer alone


def test_no_feature_of_any_table_knows_what_was_not_known():
    events = sample_events(seed=1)
    case = Case(small_system(), events, sample_shape(events), sample_cutoffs()[2], 1)
    claims = [one for one in CLAIMS if one.name != SLOW]
    found = verify(case, timer=time.perf_counter, claims=claims)
    assert {one.name: one.difference for one in found.failed} == {}
    assert found.features_count > 190
