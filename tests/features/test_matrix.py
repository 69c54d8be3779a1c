"""The one door to features: what a cutoff knows, and nothing else."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop import FIRST_DAY, histories, histories_of, order_table

from features.catalog import GROUPS, every_feature, features_of
from features.declarations import UNITS, Source
from features.kernel import AsOf
from features.matrix import KEYS, asked, feature_columns, matrix, rows
from features.measures import ORDER_DAYS
from features.tile_index import TileIndex, integers

CUTOFF = FIRST_DAY + timedelta(days=100)

ages = st.integers(1, 120)
later = st.integers(0, 60)
cents = st.integers(-5_000, 20_000)
names = st.sampled_from(["ada", "bob", "cyd"])


def day(age_days: int) -> date:
    return CUTOFF - timedelta(days=age_days)


def row_of(table: pd.DataFrame, customer_id: str) -> pd.Series:
    return table.set_index("customer_id").loc[customer_id]


def test_a_history_counted_by_hand():
    known = histories(
        [
            ("ada", day(100), 1000),
            ("ada", day(40), 2000),
            ("ada", day(40), 500),
            ("ada", day(10), 3000),
            ("ada", day(5), -1000),
        ]
    )
    ada = row_of(matrix(known, [CUTOFF]), "ada")
    assert ada["recency_days"] == 10
    assert ada["tenure_days"] == 100
    assert ada["first_to_last_order_days"] == 90
    assert ada["order_days_count"] == 3
    assert ada["order_days_30d_count"] == 1
    assert ada["order_days_90d_count"] == 2
    assert ada["orders_count"] == 4
    assert ada["repeat_order_days_count"] == 2
    assert ada["spend_value"] == 55.0
    assert ada["spend_30d_value"] == 20.0
    assert ada["order_day_value"] == pytest.approx(65 / 3)
    assert ada["repeat_order_day_value"] == 27.5
    assert ada["largest_order_day_value"] == 30.0
    assert ada["usual_gap_days"] == 45.0
    assert ada["gap_spread_days"] == 15.0
    assert ada["last_gap_days"] == 30.0
    assert ada["silence_ratio"] == pytest.approx(10 / 45)
    assert ada["refunds_count"] == 1
    assert ada["refunded_share"] == pytest.approx(10 / 65)


def test_an_order_at_the_cutoff_is_already_the_future():
    known = histories([("ada", day(12), 100), ("ada", day(0), 100)])
    assert row_of(matrix(known, [CUTOFF]), "ada")["recency_days"] == 12


def test_an_order_on_the_last_day_before_the_cutoff_is_known():
    known = histories([("ada", day(12), 100), ("ada", day(1), 100)])
    assert row_of(matrix(known, [CUTOFF]), "ada")["recency_days"] == 1


def test_a_customer_is_unknown_until_her_first_order_whatever_was_refunded():
    known = histories([("ada", day(12), -100), ("ada", day(-3), 100), ("bob", day(2), 100)])
    assert matrix(known, [CUTOFF])["customer_id"].tolist() == ["bob"]


def test_a_single_order_has_no_rhythm():
    ada = row_of(matrix(histories([("ada", day(12), 100)]), [CUTOFF]), "ada")
    assert np.isnan(ada[["usual_gap_days", "silence_ratio", "last_gap_days"]].astype(float)).all()


@given(
    past=st.lists(st.tuples(names, ages, cents), min_size=1, max_size=12),
    future=st.lists(st.tuples(names, later, cents), max_size=12),
)
@settings(deadline=None, max_examples=60)
def test_nothing_at_or_after_the_cutoff_changes_a_bit(past, future):
    before = [(name, day(age), amount) for name, age, amount in past]
    after = [(name, CUTOFF + timedelta(days=ahead), amount) for name, ahead, amount in future]
    pd.testing.assert_frame_equal(
        matrix(histories(before + after), [CUTOFF]),
        matrix(histories(before), [CUTOFF]),
        check_exact=True,
    )


@given(past=st.lists(st.tuples(names, ages, cents), min_size=1, max_size=12), data=st.data())
@settings(deadline=None, max_examples=40)
def test_the_order_of_rows_changes_nothing(past, data):
    rows = [(name, day(age), amount) for name, age, amount in past]
    shuffled = data.draw(st.permutations(rows))
    pd.testing.assert_frame_equal(
        matrix(histories(shuffled), [CUTOFF]), matrix(histories(rows), [CUTOFF]), check_exact=True
    )


@given(past=st.lists(st.tuples(names, ages, cents), min_size=1, max_size=12))
@settings(deadline=None, max_examples=40)
def test_one_customer_alone_gets_the_same_bits_as_in_a_panel(past):
    rows = [(name, day(age), amount) for name, age, amount in past]
    known = histories(rows)
    cutoffs = [CUTOFF - timedelta(days=50), CUTOFF]
    panel = matrix(known, cutoffs)
    for name in {row[0] for row in rows}:
        alone = matrix(histories([row for row in rows if row[0] == name]), [CUTOFF])
        mine = panel[(panel["customer_id"] == name) & (panel["cutoff"] == pd.Timestamp(CUTOFF))]
        pd.testing.assert_frame_equal(
            alone, mine.reset_index(drop=True), check_exact=True, check_categorical=False
        )


def test_the_property_test_can_fail_a_shifted_cutoff_changes_rows():
    rows = [("ada", day(12), 100), ("ada", day(0), 100)]
    known = histories(rows)
    with pytest.raises(AssertionError):
        pd.testing.assert_frame_equal(
            matrix(known, [CUTOFF]).drop(columns="cutoff"),
            matrix(known, [CUTOFF + timedelta(days=1)]).drop(columns="cutoff"),
        )


def test_money_follows_the_minor_units_of_the_currency():
    orders = order_table([("ada", day(3), 1500)])
    yen = histories_of({"orders": orders}, currency="JPY")
    assert row_of(matrix(yen, [CUTOFF]), "ada")["spend_value"] == 1500.0


def test_no_customer_before_the_cutoff_gives_an_empty_matrix():
    known = histories([("ada", CUTOFF, 100)])
    assert matrix(known, [CUTOFF]).empty


@pytest.mark.parametrize("one", every_feature(), ids=lambda one: one.name)
def test_every_feature_names_its_unit_and_says_what_it_means(one):
    assert one.name.rsplit("_", 1)[-1] == one.unit
    assert one.unit in UNITS
    assert one.meaning.endswith(".")


def test_feature_names_are_unique_and_every_group_declares_some():
    names = [one.name for one in every_feature()]
    assert len(names) == len(set(names)) >= 40
    assert all(features_of(group) for group in GROUPS)


def test_features_of_optional_columns_are_there_only_with_the_column():
    columns = feature_columns(matrix(histories([("ada", day(3), 100)]), [CUTOFF]))
    assert not [name for name in columns if name.startswith("units")]
    assert not set(KEYS) & set(columns)


def test_a_feature_without_a_unit_is_refused_when_it_is_declared():
    with pytest.raises(TypeError, match="must end in its unit"):

        @Source("orders").feature()
        def recency(known):
            """Days since the last order."""


def test_a_windowed_feature_puts_the_window_before_the_unit():
    @Source("visits").windowed(over=(7,))
    def visits_count(known, window_days):
        """Visits."""

    assert [one.name for one in visits_count] == ["visits_7d_count", "visits_count"]
    assert visits_count[0].meaning == "Visits in the 7 days before the cutoff."


def test_the_catalogue_version_is_stable_within_a_run():
    known = histories([("ada", day(3), 100)])
    assert known.catalogue.version == histories([("bob", day(4), 100)]).catalogue.version
    assert len(known.catalogue.version) == 12


def paid(rows):
    """Payments of (customer, day, paid until)."""
    table = order_table([(name, when, 1000) for name, when, _ in rows])
    until = pa.array([(end - date(1970, 1, 1)).days for _, _, end in rows], pa.int64())
    at = table.schema.get_field_index("paid_until_day")
    return histories_of({"orders": table.set_column(at, table.schema.field(at), until)})


def test_paid_time_is_the_latest_end_known_before_the_cutoff():
    known = paid(
        [
            ("ada", day(40), day(10)),
            ("ada", day(60), day(-20)),
            ("ada", day(0), day(-90)),
            ("bob", day(5), day(3)),
        ]
    )
    rows = matrix(known, [CUTOFF]).set_index("customer_id")
    assert rows["paid_ahead_days"].to_dict() == {"ada": 20.0, "bob": -3.0}
    assert rows.loc["ada", "paid_at_last_order_days"] == 60.0


def test_arrays_are_the_table_without_its_names():
    known = histories([("ada", day(12), 100), ("bob", day(3), 50), ("cyd", day(-3), 70)])
    table, arrays = matrix(known, [CUTOFF]), rows(known, [CUTOFF])
    assert known.customer_ids.take(arrays.codes).to_pylist() == table["customer_id"].tolist()
    np.testing.assert_array_equal(arrays.features.T, table[feature_columns(table)].to_numpy())


def test_what_was_computed_once_cannot_be_written_over():
    @Source("orders").feature()
    def spoiled_count(known):
        """Order days, one too many."""
        days = known.total(ORDER_DAYS)
        days += 1
        return days

    index = TileIndex.of(histories([("ada", day(12), 100)]))
    known = AsOf(index, *asked(index, [CUTOFF]))
    with pytest.raises(ValueError, match="read-only"):
        spoiled_count.compute(known)


def test_a_tile_without_a_value_is_refused():
    with pytest.raises(ValueError, match="lacks a value"):
        integers(pa.chunked_array([pa.array([1, None])]))
    with pytest.raises(ValueError, match="lacks a value"):
        integers(pa.chunked_array([pa.array([CUTOFF, None])]))
