"""Histories are published whole, read whole, and damage is noticed."""

from datetime import timedelta

import pytest
from shop import FIRST_DAY, histories

from features.errors import DamagedStore, NotReady
from features.histories import customer_tiles, fingerprint, load, publish

ROWS = [("ada", FIRST_DAY, 100), ("ada", FIRST_DAY + timedelta(days=3), -50), ("bob", FIRST_DAY, 7)]


def test_published_histories_come_back_equal(tmp_path):
    published = histories(ROWS)
    publish(published, tmp_path)
    assert load(tmp_path).tiles == published.tiles
    assert fingerprint(load(tmp_path)) == fingerprint(published)


def test_the_fingerprint_knows_content_not_order():
    assert fingerprint(histories(ROWS)) == fingerprint(histories(ROWS[::-1]))
    assert fingerprint(histories(ROWS)) != fingerprint(histories(ROWS[:2]))


def test_a_later_generation_replaces_the_current_one(tmp_path):
    publish(histories(ROWS), tmp_path)
    publish(histories(ROWS[:1]), tmp_path)
    assert load(tmp_path).orders.num_rows == 1


def test_nothing_published_says_what_to_do(tmp_path):
    with pytest.raises(NotReady, match="regulars train"):
        load(tmp_path)


def test_a_flipped_bit_is_noticed(tmp_path):
    name = publish(histories(ROWS), tmp_path)
    path = tmp_path / name / "orders.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedStore, match="changed after writing"):
        load(tmp_path)


def test_one_customers_tiles_are_read_without_the_others(tmp_path):
    name = publish(histories(ROWS), tmp_path)
    assert customer_tiles(tmp_path, name, "ada").num_rows == 2
    assert customer_tiles(tmp_path, name, "nobody").num_rows == 0


def test_of_and_before_keep_only_what_was_asked():
    known = histories(ROWS)
    assert known.of(["bob", "nobody"]).customer_ids.to_pylist() == ["bob"]
    assert known.before(FIRST_DAY + timedelta(days=1)).orders.num_rows == 2


def test_several_orders_of_one_day_are_one_tile():
    known = histories([("ada", FIRST_DAY, 100), ("ada", FIRST_DAY, 200)])
    tile = known.orders.to_pylist()[0]
    assert (tile["order_days"], tile["orders"], tile["order_value_minor"]) == (1, 2, 300)
