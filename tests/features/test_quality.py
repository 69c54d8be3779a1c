"""The account of a reading adds up, and nothing refused is ever lost."""

import csv
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from features.account import NO_CUSTOMER_ID, Account
from features.errors import DataError, TooManyRefused
from features.quality import KEYS, Reading, check_shares, read_refused, write_refused
from features.schema import ORDERS
from features.source_settings import OrderColumns, OrdersSource
from features.sources.chunks import Refusal, refused_table

SOURCE = OrdersSource(
    path=Path("orders.csv"),
    format="csv",
    columns=OrderColumns(customer_id="kunde", timestamp="datum", amount="betrag"),
)


def reading(*codes: str, read_count: int, accepted_count: int = 0) -> Reading:
    refusals = [
        Refusal(row, "betrag", code, f"The value is wrong as {code}.", 'a,"b\nc",=1+1')
        for row, code in enumerate(codes, start=2)
    ]
    schema = ORDERS.arrow_schema()
    orders = pa.table(
        {field.name: pa.array([_some(field)] * accepted_count, field.type) for field in schema},
        schema=schema,
    )
    duplicate_count = read_count - accepted_count - len(codes)
    account = Account(
        read_count, accepted_count, duplicate_count, accepted_count, dict(Counter(codes))
    )
    return Reading(ORDERS, orders, keys(accepted_count), refused_table(refusals), account)


def keys(count: int) -> pa.Table:
    return pa.table([pa.array([1] * count, pa.uint64())] * 4, schema=KEYS)


def _some(field: pa.Field) -> object:
    return None if field.nullable else ("x" if field.type == pa.string() else 1)


def test_a_table_that_is_not_as_long_as_its_count_is_refused():
    account = Account(1, 1, 0, 1)
    with pytest.raises(DataError, match="breaks its contract"):
        Reading(ORDERS, reading(read_count=0).rows, keys(0), refused_table([]), account)


def test_a_few_refused_rows_pass():
    check_shares(reading("amount", read_count=100), SOURCE)


def test_too_many_refused_rows_stop_everything_and_say_why():
    codes = ["amount"] * 3 + ["future"] * 2
    with pytest.raises(
        TooManyRefused,
        match=(
            r"orders.csv: 5 of 100 rows \(5.0%\) were refused, above the limit of 1.0%, so nothing was "
            r"taken: 3 x amount \(such as row 2, column 'betrag': The value is wrong as amount\); "
            r"2 x future .* raise max_refused_share"
        ),
    ):
        check_shares(reading(*codes, read_count=100), SOURCE)


def test_guests_are_no_broken_rows():
    check_shares(reading(*[NO_CUSTOMER_ID] * 40, read_count=100), SOURCE)


def test_too_many_guests_stop_everything_and_name_the_column():
    with pytest.raises(
        TooManyRefused,
        match=r"60 of 100 rows \(60.0%\) have no customer id in "
        r"column 'kunde'.*--columns customer_id=NAME",
    ):
        check_shares(reading(*[NO_CUSTOMER_ID] * 60, read_count=100), SOURCE)


def test_refused_rows_are_written_whole_and_read_back(tmp_path):
    path = tmp_path / "kept" / "refused.csv"
    write_refused(reading("amount", "future", read_count=2).refused, path)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["code"] for row in rows] == ["amount", "future"]
    assert rows[0]["content"] == 'a,"b\nc",=1+1'
    assert [file.name for file in path.parent.iterdir()] == ["refused.csv"]


@pytest.mark.parametrize("codes", [(), ("amount", "future")])
def test_refused_rows_are_read_back_as_they_were_written(tmp_path, codes):
    refused = reading(*codes, read_count=2).refused
    write_refused(refused, tmp_path / "refused.csv")
    assert read_refused(tmp_path / "refused.csv").equals(refused)
