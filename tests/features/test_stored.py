"""The histories of a workspace: what is stored comes back as it would be made at once."""

from datetime import timedelta

import pytest
from shop import FIRST_DAY, histories, order_table, simulated_orders, store_orders

from features import stored
from features.errors import DamagedStore, NotReady
from features.histories import fingerprint
from features.matrix import matrix
from features.store.histories import read

ROWS = [("ada", FIRST_DAY, 100), ("ada", FIRST_DAY + timedelta(days=3), -50), ("bob", FIRST_DAY, 7)]


def test_stored_histories_come_back_equal(tmp_path):
    store_orders(order_table(ROWS), tmp_path)
    assert stored.load(tmp_path).tiles == histories(ROWS).tiles
    assert fingerprint(stored.load(tmp_path)) == fingerprint(histories(ROWS))


def test_a_bucket_at_a_time_gives_the_rows_of_all_at_once(tmp_path):
    rows = simulated_orders(customers=60)
    store_orders(order_table(rows), tmp_path)
    cutoffs = [FIRST_DAY + timedelta(days=days) for days in (150, 300)]
    parts = [matrix(one, cutoffs) for one in stored.by_bucket(read(tmp_path))]
    assert len(parts) == 4
    together = sum(map(len, parts))
    whole = matrix(histories(rows), cutoffs).set_index(["customer_id", "cutoff"])
    assert together == len(whole) > 60
    for rows_of_bucket in parts:
        mine = rows_of_bucket.set_index(["customer_id", "cutoff"])
        assert whole.loc[mine.index].equals(mine)


def test_a_later_generation_replaces_the_current_one(tmp_path):
    store_orders(order_table(ROWS), tmp_path)
    store_orders(order_table(ROWS[:1]), tmp_path)
    assert stored.load(tmp_path).orders.num_rows == 1


def test_nothing_stored_says_what_to_do(tmp_path):
    with pytest.raises(NotReady, match="regulars train"):
        stored.load(tmp_path)


def test_a_flipped_bit_is_noticed(tmp_path):
    store_orders(order_table(ROWS), tmp_path)
    path = next((tmp_path / "files").glob("tiles.*/*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedStore, match="regulars train"):
        stored.load(tmp_path)


def test_one_customer_is_read_without_the_others(tmp_path):
    store_orders(order_table(ROWS), tmp_path)
    kept = read(tmp_path)
    assert stored.customer(kept, "ada").orders.num_rows == 2
    assert stored.customer(kept, "nobody").orders.num_rows == 0
    assert matrix(stored.customer(kept, "nobody"), [FIRST_DAY + timedelta(days=9)]).empty
