"""Spells counted by hand: renewals, gaps, contracts side by side, and what was told when."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from events import events_of
from hypothesis import given, settings
from hypothesis import strategies as st
from shop import histories_of

from training.spells import changes_of, date_of, day_of, months_begun, months_later, spells_at

START = date(2025, 1, 1)


def day(number: int) -> date:
    """The day so long after the first of January."""
    return START + timedelta(days=number)


def started(at: int, who: str = "ada", **more: object) -> dict[str, object]:
    return {"customer_id": who, "day": day(at), "kind": "started", **more}


def ended(at: int, who: str = "ada", **more: object) -> dict[str, object]:
    return {"customer_id": who, "day": day(at), "kind": "ended", **more}


def paid(at: int, until: int, who: str = "ada", **more: object) -> dict[str, object]:
    return {"customer_id": who, "day": day(at), "paid_until_day": day_of(day(until)), **more}


def spells(rows, at: int, *, grace_days: int = 0, table: str = "subscriptions"):
    """Each spell as (customer, start, end or None while open, number), as known on a day."""
    tables = {table: rows}
    tables.setdefault("orders", [{"customer_id": "ada", "day": day(0)}])
    events = events_of(**tables)
    changes = changes_of(histories_of(events), events.get("subscriptions"))
    found = spells_at(changes, day_of(day(at)), grace_days=grace_days)
    ids = changes.customer_ids.to_pylist()
    first = day_of(START)
    return [
        (ids[code], int(start) - first, int(end) - first if over else None, int(number))
        for code, start, end, over, number in zip(
            found.codes, found.start_days, found.end_days, found.ended, found.numbers, strict=True
        )
    ]


def test_a_renewal_within_the_grace_continues_the_spell():
    rows = [started(0), ended(30), started(33)]
    assert spells(rows, 60, grace_days=3) == [("ada", 0, None, 1)]


def test_a_gap_beyond_the_grace_begins_another_spell():
    rows = [started(0), ended(30), started(34)]
    assert spells(rows, 60, grace_days=3) == [("ada", 0, 30, 1), ("ada", 34, None, 2)]


def test_two_subscriptions_at_once_are_one_spell_until_both_have_ended():
    rows = [started(0), started(10), ended(20), ended(40), started(50, "bob"), ended(55, "bob")]
    assert spells(rows, 30) == [("ada", 0, None, 1)]
    assert spells(rows, 60) == [("ada", 0, 40, 1), ("bob", 50, 55, 1)]


def test_an_end_that_was_told_late_leaves_the_spell_open_until_then():
    rows = [started(0), ended(30, known_from=day(45))]
    assert spells(rows, 45) == [("ada", 0, None, 1)]
    assert spells(rows, 46) == [("ada", 0, 30, 1)]


def test_an_end_that_lies_ahead_is_not_known_though_it_was_told():
    rows = [started(0), ended(30, known_from=day(10))]
    assert spells(rows, 30) == [("ada", 0, None, 1)]


def test_an_end_holds_only_when_the_whole_grace_has_been_seen():
    rows = [started(0), ended(30)]
    # A renewal on day 33 is three days late and still one; day 33 has been seen on day 34.
    assert spells(rows, 33, grace_days=3) == [("ada", 0, None, 1)]
    assert spells(rows, 34, grace_days=3) == [("ada", 0, 30, 1)]


def test_an_end_that_was_taken_back_is_none():
    rows = [started(0), ended(30, known_to=day(50))]
    assert spells(rows, 50) == [("ada", 0, 30, 1)]
    assert spells(rows, 51) == [("ada", 0, None, 1)]


def test_payments_end_where_the_time_paid_for_is_over():
    rows = [paid(0, 31), paid(28, 59), paid(0, 31, "bob"), paid(90, 120, "bob")]
    assert spells(rows, 50, table="orders") == [("ada", 0, None, 1), ("bob", 0, 31, 1)]
    assert spells(rows, 100, table="orders") == [
        ("ada", 0, 59, 1),
        ("bob", 0, 31, 1),
        ("bob", 90, None, 2),
    ]


def test_a_payment_on_the_day_that_the_last_one_is_over_is_in_time():
    assert spells([paid(0, 31), paid(31, 59)], 40, table="orders") == [("ada", 0, None, 1)]
    # On day 31 itself it is not known yet whether she pays that day.
    assert spells([paid(0, 31)], 31, table="orders") == [("ada", 0, None, 1)]
    assert spells([paid(0, 31)], 32, table="orders") == [("ada", 0, 31, 1)]


def test_a_business_without_contracts_has_no_changes():
    assert changes_of(histories_of(events_of(orders=[{"age": 5}]))) is None


def test_an_end_keeps_the_reason_that_was_told_for_it():
    rows = [started(0), ended(30, reason="price"), started(0, "bob"), ended(31, "bob")]
    events = events_of(subscriptions=rows, orders=[{"customer_id": "ada", "day": day(0)}])
    changes = changes_of(histories_of(events), events["subscriptions"])
    found = spells_at(changes, day_of(day(60)), grace_days=0)
    assert changes.reason_names == ("price",)
    assert found.reasons.tolist() == [0, -1]


@settings(max_examples=30, deadline=None)
@given(
    ends=st.lists(st.integers(1, 120), min_size=1, max_size=4),
    later=st.lists(st.tuples(st.integers(60, 150), st.booleans()), max_size=4),
    grace_days=st.integers(0, 9),
)
def test_what_comes_on_or_after_the_day_changes_no_spell(ends, later, grace_days):
    rows = [started(0), *(ended(end) for end in ends), *(started(end + 2) for end in ends)]
    rows = [row for row in rows if row["day"] < day(60)]
    more = [ended(at) if is_end else started(at) for at, is_end in later]
    late = [ended(20, known_from=day(60)), started(21, known_from=day(70))]
    known = spells(rows, 60, grace_days=grace_days)
    assert spells([*rows, *more, *late], 60, grace_days=grace_days) == known


@pytest.mark.parametrize(
    ("first", "until", "months"),
    [
        (date(2024, 1, 15), date(2024, 1, 16), 1),
        (date(2024, 1, 15), date(2024, 2, 15), 1),
        (date(2024, 1, 15), date(2024, 2, 16), 2),
        (date(2024, 1, 31), date(2024, 2, 29), 1),
        (date(2024, 1, 31), date(2024, 3, 1), 2),
        (date(2024, 1, 31), date(2025, 1, 31), 12),
        (date(2024, 1, 31), date(2024, 1, 31), 1),
    ],
)
def test_a_month_ends_on_the_day_of_the_month_on_which_it_began(first, until, months):
    assert months_begun(np.array([day_of(first)]), np.array([day_of(until)])) == [months]


@given(start=st.integers(10_000, 25_000), months=st.integers(1, 60))
def test_a_month_has_begun_on_the_day_after_the_one_before_it_ended(start, months):
    (later,) = months_later(np.array([start]), months)
    assert months_begun(np.array([start]), np.array([later])) == [months]
    assert months_begun(np.array([start]), np.array([later + 1])) == [months + 1]
    assert date_of(int(later)).day <= date_of(start).day


def test_a_month_under_way_counts_neither_as_survived_nor_as_ended():
    who = [f"c{n}" for n in range(4)]
    rows = [
        *(started(0, one) for one in who),
        ended(20, "c0"),  # in the first month
        ended(33, "c1"),  # in the second, which ends on the 1st of March, day 59
        ended(59, "c2"),  # in the second, on its last day
    ]
    events = events_of(subscriptions=rows, orders=[{"customer_id": "c0", "day": day(0)}])
    changes = changes_of(histories_of(events))
    months, over = spells_at(changes, day_of(day(59)), grace_days=0).months()
    assert months.tolist() == [1, 1, 1, 1]
    assert over.tolist() == [True, False, False, False]
    months, over = spells_at(changes, day_of(day(60)), grace_days=0).months()
    assert months.tolist() == [1, 2, 2, 2]
    assert over.tolist() == [True, True, True, False]


def test_no_change_at_all_gives_no_spell():
    events = events_of(subscriptions=[started(0)], orders=[{"customer_id": "ada", "day": day(0)}])
    found = spells_at(changes_of(histories_of(events)), day_of(day(0)), grace_days=0)
    assert len(found.codes) == 0
    assert isinstance(changes_of(histories_of(events)).customer_ids, pa.Array)
