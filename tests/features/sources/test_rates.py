"""A file of rates is read whole, or refused with the row, the column and the cure."""

import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import DataError, MissingColumns, UnreadableFile
from features.market_settings import Market, RatesSource
from features.schema import ORDERS
from features.source_settings import OrdersSource
from features.sources.rates import read_rates
from features.sources.reading import read_table

DAY = datetime.date(2024, 1, 2)
DAY_NUMBER = 19_724


def source(path: Path, **keys: object) -> RatesSource:
    return RatesSource.model_validate({"path": path, "format": "csv", **keys})


def csv(folder: Path, text: str) -> Path:
    path = folder / "fx.csv"
    path.write_text(text, encoding="utf-8")
    return path


def rate_of(rates, currency: str) -> Decimal:
    days, values = rates.by_currency[currency]
    return values[int(np.searchsorted(days, DAY_NUMBER))].as_py()


def test_a_csv_of_rates_is_read(tmp_path):
    path = csv(tmp_path, "day,currency,rate\n2024-01-02,USD,0.9134\n2024-01-02, czk ,0.0405\n")
    rates = read_rates(source(path), "EUR")
    assert rates.currency == "EUR"
    assert rate_of(rates, "USD") == Decimal("0.9134")
    assert rate_of(rates, "CZK") == Decimal("0.0405")
    found = rates.to_minor(np.array([10_000]), "USD", np.array([DAY_NUMBER]))
    assert found.amounts_minor.tolist() == [9134]


def test_a_file_is_read_in_its_own_columns_and_signs(tmp_path):
    path = csv(tmp_path, "Datum;Kod;x;Kurz\n2024-01-02;USD;;1.022,375\n")
    keys = {
        "columns": {"day": "Datum", "currency": "Kod", "rate": "Kurz"},
        "csv": {"separator": ";", "decimal": ",", "thousands": "."},
    }
    assert rate_of(read_rates(source(path, **keys), "CZK"), "USD") == Decimal("1022.375")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([Decimal("0.000036500000")], pa.decimal128(28, 12)),
        pa.array([3.65e-05]),
        pa.array(["0.0000365"]),
    ],
    ids=["decimal", "float", "text"],
)
@pytest.mark.parametrize(
    "day",
    [
        pa.array([DAY]),
        pa.array([datetime.datetime(2024, 1, 2)]),
        pa.array(["2024-01-02"]),
    ],
    ids=["date", "timestamp", "text"],
)
def test_a_parquet_file_of_rates_is_read(tmp_path, column, day):
    path = tmp_path / "fx.parquet"
    pq.write_table(pa.table({"day": day, "currency": ["VND"], "rate": column}), path)
    rates = read_rates(source(path, format="parquet"), "EUR")
    assert rate_of(rates, "VND") == Decimal("0.0000365")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "2024-02-30,USD,1",
            "fx.csv, row 3, column 'day': '2024-02-30' is no day or does not exist",
        ),
        ("02.01.2024,USD,1", "column 'day': '02.01.2024' is no day .* write it as 2026-01-31"),
        ("2024-01-02T18:30:00,USD,1", "column 'day': .* is no day"),
        ("1924-01-02,USD,1", "column 'day': '1924-01-02' is before 1980"),
        (",USD,1", "row 3, column 'day': is empty; write a value, or leave the row out"),
        ("2024-01-03,,1", "row 3, column 'currency': is empty"),
        ("2024-01-03,USD,", "row 3, column 'rate': is empty"),
        ("2024-01-03,dollar,1", "fx.csv, row 3: 'DOLLAR' is no ISO 4217 currency"),
        ('2024-01-03,USD,"1,1"', "column 'rate': '1,1' is no number with '.' as its decimal sign"),
        ("2024-01-03,USD,nan", "column 'rate': 'nan' is no number"),
        ("2024-01-03,USD,1e3", "column 'rate': '1e3' is no number"),
        ("2024-01-03,USD,٣", "column 'rate': '٣' is no number"),
        ("2024-01-03,USD,0", "fx.csv, row 3: the rate 0.* of USD is not above zero"),
        ("2024-01-03,USD,0.9239582370877761", "more than 12 decimals; round it to 12"),
        ("2024-01-03,USD,1.0000000000000000000000000000000000001", "more than 12 decimals"),
        ("2024-01-03,USD,10000000000000000", "more than 16 digits before the point"),
        ("2024-01-02,USD,1.2", "fx.csv, row 3: USD has the rate 1.2.* but 1.1.* in row 2"),
        ("2024-01-03,USD", "fx.csv, row 3: The row has 2 fields where the header has 3"),
        ("2024-01-03,EUR,1.1", "fx.csv, row 3: the rate of EUR, the business's own"),
    ],
)
def test_one_bad_row_refuses_the_file_with_its_place_and_cure(tmp_path, row, said):
    path = csv(tmp_path, f"day,currency,rate\n2024-01-02,USD,1.1\n{row}\n")
    with pytest.raises(DataError, match=said):
        read_rates(source(path), "EUR")


def test_a_row_is_counted_with_the_empty_lines_before_it(tmp_path):
    path = csv(tmp_path, "day,currency,rate\n\n\n2024-01-02,USD,-1\n")
    with pytest.raises(DataError, match="fx.csv, row 4: "):
        read_rates(source(path), "EUR")


def test_a_float_in_parquet_that_is_no_number_is_refused(tmp_path):
    path = tmp_path / "fx.parquet"
    pq.write_table(pa.table({"day": [DAY], "currency": ["USD"], "rate": [float("nan")]}), path)
    with pytest.raises(DataError, match="fx.parquet, row 2, column 'rate': 'nan' is no number"):
        read_rates(source(path, format="parquet"), "EUR")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "date,currency,rate",
            "fx.csv has no column 'day'; it has date, .*sources.rates.columns.day",
        ),
        (
            "day,currency,rates",
            r"no column 'rate'; .* Did you mean 'rates'\? Map it as .*columns.rate",
        ),
        ("day;currency;rate", "or set sources.rates.csv.separator"),
        ("day,rate,rate,currency", "has more than one column 'rate'"),
    ],
)
def test_a_column_that_is_not_there_is_told_with_the_closest(tmp_path, header, said):
    with pytest.raises(MissingColumns, match=said):
        read_rates(source(csv(tmp_path, header + "\n")), "EUR")


def test_a_file_without_rates_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no exchange rates"):
        read_rates(source(csv(tmp_path, "day,currency,rate\n")), "EUR")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UnreadableFile, match="fx.csv"):
        read_rates(source(tmp_path / "fx.csv"), "EUR")


def test_orders_in_other_currencies_are_converted_by_the_rate_of_their_day(tmp_path):
    (tmp_path / "rates.csv").write_text(
        "day,currency,rate\n2026-01-05,USD,0.9\n2026-01-10,USD,0.8\n2026-01-05,JPY,0.006\n"
    )
    (tmp_path / "orders.csv").write_text(
        "customer_id,timestamp,amount,currency\n"
        "ada,2026-01-06,10.01,usd\n"  # 9.009, the rate of the day before
        "ada,2026-01-10,10.00,USD\n"
        "bob,2026-01-05,1000,JPY\n"
        "bob,2026-01-05,7.77,EUR\n"
        "cyd,2026-01-04,1.00,USD\n"  # before the first rate
        "cyd,2026-01-30,1.00,USD\n"  # more than a week after the last
    )
    columns = {"customer_id": "customer_id", "timestamp": "timestamp", "amount": "amount"}
    source = OrdersSource(
        path=tmp_path / "orders.csv", format="csv", columns=columns | {"currency": "currency"}
    )
    keys = {"markets": {"home": Market(currency="EUR")}, "default_market": "home"}
    shop = type("Shop", (), keys | {"currency": "EUR"})()
    rates = read_rates(RatesSource(path=tmp_path / "rates.csv", format="csv"), "EUR")
    reading = read_table(ORDERS, source, shop, today=datetime.date(2026, 6, 30), rates=rates)
    assert reading.rows["amount_minor"].to_pylist() == [901, 800, 600, 777]
    assert reading.refused["row"].to_pylist() == [6, 7]
    assert set(reading.refused["code"].to_pylist()) == {"no_rate"}
    assert "add it to the file of sources.rates" in reading.refused["reason"][0].as_py()
