"""The first difference is told in words; what is the same to the last bit is no difference."""

import numpy as np
import pandas as pd

from training.verification.comparison import People, rows_difference

PEOPLE = People.of(["ada", "bob", "eva"])


def table(values, ids=("ada", "bob"), **more):
    rows = pd.DataFrame(
        {"customer_id": pd.array(ids, dtype="str"), "cutoff": pd.Timestamp("2025-06-15")}
    )
    return rows.assign(spend_value=np.array(values, dtype=np.float64), **more)


def difference(base, other):
    return rows_difference("features", base, other, PEOPLE)


def test_the_same_rows_in_another_order_are_the_same():
    assert difference(table([1, np.nan]), table([np.nan, 1], ids=("bob", "ada"))) is None


def test_one_bit_is_a_difference_and_told_with_both_values():
    found = difference(table([1, 0.3]), table([1, 0.1 + 0.2]))
    assert found == (
        "features: customer 2 of 3 at 2025-06-15: spend_value is 0.30000000000000004, was 0.3 "
        "(1 of 2 rows differ, in 1 of 1 columns)"
    )


def test_minus_zero_is_not_zero():
    assert "is -0.0, was 0.0" in str(difference(table([1, 0.0]), table([1, -0.0])))


def test_known_is_not_unknown():
    assert "is nan, was 2.0" in str(difference(table([1, 2]), table([1, np.nan])))


def test_words_are_compared_as_words():
    base, other = table([1, 2], market=["US", "DE"]), table([1, 2], market=["US", "JP"])
    assert "market is JP, was DE" in str(difference(base, other))


def test_a_row_that_is_gone_or_new_is_told():
    both, one = table([1, 2]), table([1], ids=("ada",))
    assert difference(both, one) == "features: the row of customer 2 of 3 at 2025-06-15 is gone"
    stranger = table([1, 2], ids=("ada", "new"))
    assert "a customer who did not exist at 2025-06-15 is new" in str(difference(one, stranger))


def test_a_row_twice_is_told():
    twice = table([1, 1], ids=("ada", "ada"))
    assert difference(table([1], ids=("ada",)), twice) == "features: there are 2 rows, and were 1"


def test_a_column_of_one_world_alone_is_told():
    assert "extra_count" in str(difference(table([1, 2]), table([1, 2], extra_count=[1.0, 2.0])))
