"""The features are what plain loops over the raw events give."""

from datetime import date, timedelta

import numpy as np
import pytest
from everything import FIRST_DAY, MARKETS, every_table
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import rows_by_hand

from features.histories import Histories
from features.matrix import matrix
from features.shape import Shape

CUTOFFS = [FIRST_DAY + timedelta(days=days) for days in (1, 60, 200, 340, 399, 430, 900)]


def known(events):
    # As many words as have bits: how more are counted is another test's matter.
    for name, columns in {"orders": ("category", "channel"), "visits": ("kind", "channel"), "subscriptions": ("plan",)}.items():  # fmt: skip
        for column in columns:
            at = events[name].schema.get_field_index(column)
            short = [word and word[:-1] for word in events[name][column].to_pylist()]
            field = events[name].schema.field(at)
            events[name] = events[name].set_column(at, field, [short])
    # The lines of an order come and go together.
    orders = events["orders"]
    lines = [
        one and f"{start}{end}{one}"
        for one, start, end in zip(
            *(orders[name].to_pylist() for name in ("order_id", "known_from", "known_to")),
            strict=True,
        )
    ]
    at = orders.schema.get_field_index("order_id")
    events["orders"] = orders.set_column(at, orders.schema.field(at), [lines])
    return events, Histories.from_events(events, Shape.of(events, markets=MARKETS, currency="USD"))


def assert_as_by_hand(events, histories, cutoff, *, known_then):
    rows = matrix(histories, [cutoff], known_then=known_then).set_index("customer_id")
    expected = rows_by_hand(events, cutoff, known_then=known_then)
    assert rows.index.tolist() == list(expected)
    for customer, features in expected.items():
        found = rows.loc[customer, list(features)].astype(float).to_numpy()
        wanted = np.array(list(features.values()), dtype=float)
        near = np.isclose(found, wanted, rtol=1e-12, atol=1e-9, equal_nan=True)
        assert near.all(), [
            (name, found[place], wanted[place])
            for place, name in enumerate(features)
            if not near[place]
        ]


@pytest.mark.parametrize("known_then", [True, False])
@given(seed=st.integers(0, 10_000), late_share=st.sampled_from([0.0, 0.2, 0.6]))
@settings(deadline=None, max_examples=12)
def test_features_are_what_loops_over_the_events_give(known_then, seed, late_share):
    events, histories = known(every_table(rows=40, customers=3, late_share=late_share, seed=seed))
    for cutoff in CUTOFFS:
        assert_as_by_hand(events, histories, cutoff, known_then=known_then)


def test_of_many_customers_and_days_too():
    events, histories = known(every_table(rows=1500, customers=40, seed=7))
    assert_as_by_hand(events, histories, date(2024, 12, 1), known_then=True)


def test_most_features_have_a_second_way():
    events, histories = known(every_table(rows=60, customers=2, late_share=0, seed=1))
    by_hand = rows_by_hand(events, CUTOFFS[-1])
    assert len(next(iter(by_hand.values()))) >= 0.7 * len(histories.catalogue.features)
