"""Margin and discounts, counted by hand."""

from math import nan

from events import ada, counted_by_hand, rows_of

from features.groups import margin

ORDERS = [
    {"age": 400, "amount_minor": 1000, "cost_minor": 600, "discount_minor": 100},
    {"age": 100, "amount_minor": 3000, "cost_minor": 1500},
    {"age": 100, "amount_minor": 500},  # its cost is not known
    {"age": 20, "amount_minor": 2000, "cost_minor": 500, "discount_minor": 250},
    {"age": 20, "amount_minor": 1000, "discount_minor": 0},
    {"age": 5, "kind": "refund", "amount_minor": -2000, "cost_minor": -500},
]


def test_margin():
    expected = {
        "margin_90d_value": 15.0,
        "margin_365d_value": 30.0,
        "margin_value": 34.0,
        "margin_365d_share": 30 / 50,
        "margin_share": 34 / 60,
        "discount_90d_value": 2.5,
        "discount_365d_value": 2.5,
        "discount_value": 3.5,
        "discount_365d_share": 2.5 / 67.5,
        "discount_share": 3.5 / 78.5,
        "discounted_lines_share": 2 / 5,
        "last_order_discount_value": 2.5,
    }
    counted_by_hand(ada(orders=ORDERS), margin, expected)


def test_an_unknown_cost_is_not_a_cost_of_nothing():
    row = rows_of(orders=[*ORDERS, {"customer_id": "bob", "age": 5}]).loc["bob"]
    expected = {
        **{f"margin_{over}value": 0 for over in ("90d_", "365d_", "")},
        "margin_365d_share": nan,
        "margin_share": nan,
        **{f"discount_{over}value": 0 for over in ("90d_", "365d_", "")},
        "discount_365d_share": 0,
        "discount_share": 0,
        "discounted_lines_share": 0,
        "last_order_discount_value": 0,
    }
    counted_by_hand(row, margin, expected)
