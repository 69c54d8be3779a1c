"""What is in an order, counted by hand: units, products, categories, channels, their words."""

import pytest
from events import ada, counted_by_hand, events_of

from features.errors import SettingsError
from features.groups import basket
from features.shape import Shape
from features.word_codes import code_of

ORDERS = [
    {"age": 400, "product": "tea", "category": "food", "channel": "web", "quantity": 1},
    {"age": 100, "product": "tea", "category": "food", "channel": "store", "quantity": 3},
    {"age": 100, "product": "cup", "category": "home", "channel": "store"},
    {"age": 20, "product": "tea", "category": "food", "channel": "web", "quantity": 2},
    {"age": 10, "kind": "refund", "amount_minor": -500, "product": "pot", "category": "toys"},
]


def test_basket():
    expected = {
        "units_90d_count": 2,
        "units_365d_count": 5,
        "units_count": 6,
        "units_per_order_day_ratio": 6 / 3,
        "unit_price_value": 30.0 / 6,  # the row without a quantity does not count
        "products_90d_count": 1,
        "products_365d_count": 2,
        "products_count": 2,  # a refund is no product ordered
        "products_per_order_day_ratio": 4 / 3,
        "products_again_share": 1 / 2,
        "categories_90d_count": 1,
        "categories_365d_count": 2,
        "categories_count": 2,
        "channels_365d_count": 2,
        "channels_count": 2,
        "last_category_code": code_of("food"),  # the refund of toys is no order
        "usual_category_code": code_of("food"),
        "last_channel_code": code_of("web"),
        "usual_channel_code": code_of("web"),
    }
    counted_by_hand(ada(orders=ORDERS), basket, expected)


def test_who_ordered_nothing_lately_has_no_units_but_no_unknown_ones():
    row = ada(orders=ORDERS[:1])
    assert (
        row["units_365d_count"] == row["products_365d_count"] == row["categories_365d_count"] == 0
    )
    bare = ada(orders=[{"age": 9}, {**ORDERS[0], "customer_id": "bob"}])
    expected = {"units_count": 0, "products_count": 0, "categories_count": 0, "channels_count": 0}
    assert bare[list(expected)].to_dict() == expected
    assert bare[["unit_price_value", "products_again_share"]].isna().all()


def test_words_that_the_settings_count_get_a_share_of_the_order_rows():
    counted = (("orders.channel", ("web",)), ("orders.category", ("food", "Café 1")))
    row = ada(orders=ORDERS, shape={"counted": counted})
    expected = {
        "channel_web_lines_share": 2 / 4,
        "category_food_lines_share": 3 / 4,
        "category_cafe_1_lines_share": 0,
    }
    assert row[list(expected)].to_dict() == expected


def test_more_values_than_have_bits_count_as_one_more():
    orders = [{"age": 1 + place, "category": f"c{place:03}"} for place in range(70)]
    assert ada(orders=orders)["categories_count"] == 63


@pytest.mark.parametrize("word", ["it's", "back\\slash", 'double "quote"', "line\nbreak", "`", ""])
def test_a_word_that_is_not_safe_in_sql_is_refused(word):
    with pytest.raises(SettingsError, match=r"cannot be counted"):
        Shape(("US",), "USD", frozenset({"orders"}), counted=(("orders.channel", (word,)),))


def test_two_words_with_one_name_are_refused():
    events = events_of(orders=ORDERS)
    counted = (("orders.channel", ("Web shop", "web-shop")),)
    with pytest.raises(SettingsError, match="would both be named web_shop"):
        Shape.of(events, markets=("US",), currency="USD", counted=counted)


def test_without_its_columns_the_group_is_not_there():
    row = ada(orders=[{"age": 3}])
    counted_by_hand(row, basket, {})
