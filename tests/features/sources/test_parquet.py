"""A Parquet file is read by its schema: the same value of any type is the same order."""

import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import DataError, MissingColumns, UnreadableFile
from features.quality import Reading
from features.schema import ORDERS
from features.settings import Market
from features.source_settings import OrderColumns, OrdersSource
from features.sources.reading import read_table


def amounts(reading: Reading) -> list[int]:
    return reading.rows["amount_minor"].to_pylist()


def ids(reading: Reading) -> list[str]:
    return reading.rows["customer_id"].to_pylist()


def read_parquet(columns: dict[str, pa.Array], **keys: object) -> Reading:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.parquet"
        pq.write_table(pa.table(columns), path)
        source = OrdersSource.model_validate(
            {
                "path": path,
                "format": "parquet",
                "columns": OrderColumns(
                    customer_id="customer_id", timestamp="timestamp", amount="amount"
                ),
                **keys,
            }
        )
        shop = type(
            "Shop", (), {"markets": {"home": Market()}, "default_market": "home", "currency": "USD"}
        )()
        return read_table(ORDERS, source, shop, today=date(2026, 6, 30))


DAY = pa.array([date(2026, 1, 2)])
ADA = pa.array(["ada"])
TEN = pa.array([10.5])
NOON = datetime(2026, 1, 2, 12)


@pytest.mark.parametrize(
    ("ids_column", "expected"),
    [
        (pa.array([17850], pa.int32()), "17850"),
        (pa.array([17850.0], pa.float64()), "17850"),
        (pa.array([2**63 - 1], pa.int64()), "9223372036854775807"),
        (pa.array(["00123"], pa.large_string()), "00123"),
        (pa.array(["ada"]).dictionary_encode(), "ada"),
        (pa.array([Decimal(17850)], pa.decimal128(38, 0)), "17850"),
    ],
)
def test_an_id_of_any_parquet_type_is_the_same_text(ids_column, expected):
    reading = read_parquet({"customer_id": ids_column, "timestamp": DAY, "amount": TEN})
    assert ids(reading) == [expected]


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        (pa.array([10.5]), 1050),
        (pa.array([0.1 + 0.2]), 30),
        (pa.array([1e-05]), 0),
        (pa.array([10.5], pa.float32()), 1050),
        (pa.array([10], pa.int8()), 1000),
        (pa.array([Decimal("10.50")], pa.decimal128(38, 10)), 1050),
        (pa.array(["10.50"]), 1050),
    ],
)
def test_an_amount_of_any_parquet_type_is_the_same_money(amount, minor):
    reading = read_parquet({"customer_id": ADA, "timestamp": DAY, "amount": amount})
    assert amounts(reading) == [minor]


@pytest.mark.parametrize(
    ("timestamp", "hour"),
    [
        (DAY, 0),
        (pa.array([NOON], pa.timestamp("ns")), 12),
        (pa.array([NOON], pa.timestamp("s")), 12),
        (pa.array([NOON], pa.timestamp("ms", tz="Europe/Berlin")), 12),
        (pa.array(["2026-01-02T12:00:00Z"]), 12),
    ],
)
def test_a_time_of_any_parquet_type_is_the_same_moment(timestamp, hour):
    reading = read_parquet({"customer_id": ADA, "timestamp": timestamp, "amount": TEN})
    assert reading.rows["occurred_at"].to_pylist() == [datetime(2026, 1, 2, hour, tzinfo=UTC)]


def test_a_nan_or_null_amount_in_parquet_is_refused():
    amount = pa.array([float("nan"), float("inf"), None])
    reading = read_parquet(
        {
            "customer_id": pa.array(["a", "b", "c"]),
            "timestamp": pa.array([date(2026, 1, 2)] * 3),
            "amount": amount,
        }
    )
    assert reading.refused["code"].to_pylist() == ["not_finite", "not_finite", "amount"]
    assert reading.refused["row"].to_pylist() == [2, 3, 4]
    assert reading.refused["content"][0].as_py() == "a,2026-01-02,nan"


def test_a_null_id_in_parquet_is_a_guest():
    nobody = pa.array([None], pa.int32())
    reading = read_parquet({"customer_id": nobody, "timestamp": DAY, "amount": TEN})
    assert reading.account.guest_count == 1


def test_a_column_of_lists_is_refused_whole():
    with pytest.raises(DataError, match=r"Column 'amount' .* of type list.*flatten it"):
        read_parquet({"customer_id": ADA, "timestamp": DAY, "amount": pa.array([[1.0]])})


def test_nanoseconds_that_would_be_lost_are_refused_whole():
    odd = pa.array([1_767_312_000_000_000_001], pa.timestamp("ns"))
    with pytest.raises(DataError, match=r"cannot be read without loss .* microseconds"):
        read_parquet({"customer_id": ADA, "timestamp": odd, "amount": TEN})


def test_a_missing_parquet_column_is_named():
    with pytest.raises(MissingColumns, match="no column 'amount'"):
        read_parquet({"customer_id": ADA, "timestamp": DAY})


def test_a_parquet_file_without_rows_is_an_empty_reading():
    reading = read_parquet({"customer_id": ADA[:0], "timestamp": DAY[:0], "amount": TEN[:0]})
    assert reading.account.read_count == 0
    assert reading.account.sentences() == ["The file has columns and no rows."]


def test_a_truncated_parquet_file_is_refused_whole(read, tmp_path):
    path = tmp_path / "whole.parquet"
    pq.write_table(pa.table({"customer_id": ADA, "timestamp": DAY, "amount": TEN}), path)
    with pytest.raises(UnreadableFile, match="damaged, cut off or encrypted; export or copy"):
        read(path.read_bytes()[:-20], name="cut.parquet")


def test_text_named_parquet_is_refused_whole(read):
    with pytest.raises(UnreadableFile, match=r"no Parquet file; set .*format to csv"):
        read("customer_id,timestamp,amount\n", name="orders.parquet")
