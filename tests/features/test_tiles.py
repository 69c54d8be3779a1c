"""Tiles keep when a day became known, and give every row a market."""

from datetime import timedelta

import pyarrow as pa
from shop import FIRST_DAY, histories_of, order_table

from features.matrix import matrix

ROWS = [("ada", FIRST_DAY, 100), ("ada", FIRST_DAY, 200), ("bob", FIRST_DAY, 300)]


def changed(column, values):
    table = order_table(ROWS)
    at = table.schema.get_field_index(column)
    return table.set_column(
        at, table.schema.field(at), pa.array(values, table.schema.field(at).type)
    )


def test_what_came_later_is_a_tile_of_its_own():
    late = [FIRST_DAY, FIRST_DAY + timedelta(days=9), FIRST_DAY]
    tiles = histories_of({"orders": changed("known_from", late)}).orders
    ada = [row for row in tiles.to_pylist() if row["customer_id"] == "ada"]
    assert [row["order_value_minor"] for row in ada] == [100, 200]
    assert [row["known_from"] for row in ada] == late[:2]


def test_a_market_that_no_setting_names_counts_as_the_first():
    orders = changed("market", ["US", "US", "ZZ"])
    rows = matrix(
        histories_of({"orders": orders}, markets=("DE", "US")), [FIRST_DAY.replace(day=9)]
    )
    assert dict(zip(rows["customer_id"], rows["market"], strict=True)) == {"ada": "US", "bob": "DE"}
