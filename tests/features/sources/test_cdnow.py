"""The set that comes with the product is whole and described as it is."""

from datetime import date
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.schema import ORDERS
from features.sources import cdnow
from features.sources.reading import read_table


@pytest.fixture(scope="module")
def reading():
    settings = cdnow.settings(Path("unused"))
    return read_table(ORDERS, settings.sources.orders, settings, today=date(2026, 1, 1))


def test_every_row_is_accepted(reading):
    assert (reading.account.read_count, reading.account.accepted_count) == (69_659, 69_659)


def test_its_totals_are_those_of_the_data_card(reading):
    orders = reading.rows
    assert pc.sum(orders["amount_minor"]).as_py() == 250_031_563
    assert pc.count_distinct(orders["customer_id"]).as_py() == 23_570
    assert pc.sum(pc.equal(orders["amount_minor"], 0)).as_py() == 80
    assert pc.min(orders["day"]).as_py() == date(1997, 1, 1)
    assert pc.max(orders["day"]).as_py() == date(1998, 6, 30)


def test_its_repeated_rows_are_those_of_the_data_card():
    settings = cdnow.settings(Path("unused"))
    source = settings.sources.orders.model_copy(update={"duplicates": "drop"})
    assert (
        read_table(ORDERS, source, settings, today=date(2026, 1, 1)).account.duplicate_count == 255
    )


def test_its_file_has_exact_money():
    assert str(pq.read_schema(cdnow.path()).field("amount").type) == "decimal128(9, 2)"


def test_its_settings_keep_what_is_made_in_the_workspace_given(tmp_path):
    assert cdnow.settings(tmp_path).workspace == tmp_path
