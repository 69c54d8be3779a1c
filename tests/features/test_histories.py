"""Histories in memory: what they hold, and what is left of them before a day."""

from datetime import timedelta

from shop import FIRST_DAY, histories

from features.histories import fingerprint

ROWS = [("ada", FIRST_DAY, 100), ("ada", FIRST_DAY + timedelta(days=3), -50), ("bob", FIRST_DAY, 7)]


def test_the_fingerprint_knows_content_not_order():
    assert fingerprint(histories(ROWS)) == fingerprint(histories(ROWS[::-1]))
    assert fingerprint(histories(ROWS)) != fingerprint(histories(ROWS[:2]))


def test_of_and_before_keep_only_what_was_asked():
    known = histories(ROWS)
    assert known.of(["bob", "nobody"]).customer_ids.to_pylist() == ["bob"]
    assert known.before(FIRST_DAY + timedelta(days=1)).orders.num_rows == 2


def test_several_orders_of_one_day_are_one_tile():
    known = histories([("ada", FIRST_DAY, 100), ("ada", FIRST_DAY, 200)])
    tile = known.orders.to_pylist()[0]
    assert (tile["order_days"], tile["orders"], tile["order_value_minor"]) == (1, 2, 300)
