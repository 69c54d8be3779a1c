"""A frame is a source like any file: one rule for pandas, Polars, pyarrow and Ibis."""

import datetime as dt
import uuid
from decimal import Decimal

import duckdb
import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from features.account import Note
from features.errors import DataError, SettingsError
from features.market_settings import Market
from features.schema import ORDERS
from features.source_settings import OrdersSource
from features.sources.chunks import check_types
from features.sources.frames import FrameRows, IbisRows
from features.sources.reading import read_table

COLUMNS = {
    "id": [17850, 3],
    "name": ["ada", None],
    "at": [dt.datetime(2026, 1, 31, 12), None],
    "amount": [Decimal("10.50"), Decimal("1.00")],
    "score": [0.1, 2.0],
}
ROWS = [
    ("17850", "ada", "2026-01-31 12:00:00.000000", "10.50", "0.1"),
    ("3", None, None, "1.00", "2"),
]


def pandas_categories(columns):
    return pd.DataFrame(columns).astype({"name": "category", "id": "Int64"})


MAKERS = {
    "pandas": pd.DataFrame,
    "pandas with an index": lambda columns: pd.DataFrame(columns, index=[7, 7]),
    "pandas of categories": pandas_categories,
    "pandas of arrow": lambda columns: pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.DataFrame,
    "polars, lazy": pl.LazyFrame,
    "polars of categories": lambda c: pl.DataFrame(c).cast({"name": pl.Categorical}),
    "pyarrow": pa.table,
    "duckdb": lambda columns: duckdb.from_arrow(pa.table(columns)),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_frame_of_any_library_gives_the_same_rows(make, rows):
    source = FrameRows(make(COLUMNS), title="orders")
    assert source.names == tuple(COLUMNS)
    assert source.kinds == ("number", "text", "moment", "number", "number")
    assert [row[2:] for row in rows(source)] == ROWS
    assert [row[:2] for row in rows(source)] == [("orders", 2), ("orders", 3)]


def test_an_ibis_expression_gives_the_same_rows(rows):
    orders = ibis.polars.connect({"orders": pl.DataFrame(COLUMNS)}).table("orders")
    source = IbisRows(orders.filter(orders.id > 0).order_by(orders.id.desc()), title="orders")
    assert source.kinds == ("number", "text", "moment", "number", "number")
    assert [row[2:] for row in rows(source)] == ROWS
    assert source.notes() == []


def test_rows_of_a_frame_come_in_chunks():
    source = FrameRows(pd.DataFrame({"a": range(25)}))
    assert [chunk.table.num_rows for chunk in source.chunks(10)] == [10, 10, 5]
    assert [chunk.table["row"][0].as_py() for chunk in source.chunks(10)] == [2, 12, 22]


def test_missing_is_what_the_library_of_the_frame_calls_missing(rows):
    values = [1.5, float("nan")]
    assert [row[2] for row in rows(FrameRows(pd.DataFrame({"a": values})))] == ["1.5", None]
    assert [row[2] for row in rows(FrameRows(pl.DataFrame({"a": values})))] == ["1.5", "nan"]
    assert [row[2] for row in rows(FrameRows(pa.table({"a": values})))] == ["1.5", "nan"]


def test_a_frame_without_rows_is_an_empty_table(rows):
    source = FrameRows(pl.DataFrame({"a": []}))
    assert (rows(source), source.notes()) == ([], [Note("The file has columns and no rows.")])


def test_an_id_kept_as_a_uuid_is_its_text(rows):
    one = uuid.UUID("0b7e0d1e-0000-4000-8000-00000000000a")
    source = FrameRows(pa.table({"id": pa.array([one.bytes, None], pa.uuid())}))
    check_types(source, [0])
    assert [row[2] for row in rows(source)] == [str(one), None]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ([1, 2], "list is no frame; use one of pandas, Polars or pyarrow"),
        (pd.Series([1]), "Series is no frame; use"),
        (np.zeros((2, 2)), "ndarray is no frame; use"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "has columns of the same name; rename them"),
        (
            pd.DataFrame({"a": [1, "x"]}),
            "several types; make it one type .* column a with type obj",
        ),
    ],
)
def test_what_is_no_frame_is_refused(frame, said):
    with pytest.raises(DataError, match=said):
        FrameRows(frame)


def test_a_column_of_lists_or_bytes_is_refused_if_it_is_needed():
    source = FrameRows(
        pl.DataFrame({"a": [[1]], "b": [b"x"], "c": [True], "d": [1], "e": [object()]})
    )
    assert source.unfit == {
        0: "large_list<item: int64>",
        1: "large_binary",
        2: "bool",
        4: "fixed_size_binary[8]",
    }
    check_types(source, [3])
    with pytest.raises(DataError, match=r"Column 'a' of the frame is of type large_list.*flatten"):
        check_types(source, [0, 3])


def test_what_ibis_cannot_read_is_told_without_secrets():
    with pytest.raises(DataError, match=r"int is no table expression of Ibis; name a table"):
        IbisRows(3)
    with pytest.raises(DataError, match=r"IntegerColumn is no table expression of Ibis"):
        IbisRows(ibis.memtable(pa.table({"a": [1]})).a)
    connection = ibis.polars.connect({"orders": pl.DataFrame({"a": [1]})})
    source = IbisRows(connection.table("orders"))
    connection.drop_table("orders")
    with pytest.raises(DataError, match=r"Ibis table could not be read through Ibis \(\w+: "):
        list(source.chunks())


def test_a_frame_is_read_by_the_rules_of_a_file():
    frame = pd.DataFrame(
        {
            "who": ["ada", None, "bob"],
            "at": ["2026-01-02", "2026-01-03", "soon"],
            "sum": [1.5, 2, 3],
        }
    )
    columns = {"customer_id": "who", "timestamp": "at", "amount": "sum"}
    source = OrdersSource(format="rows", columns=columns)
    keys = {"markets": {"home": Market()}, "default_market": "home", "currency": "USD"}
    shop = type("Shop", (), keys)()
    reading = read_table(ORDERS, source, shop, today=dt.date(2026, 6, 30), rows=FrameRows(frame))
    assert reading.rows["amount_minor"].to_pylist() == [150]
    assert reading.refused["code"].to_pylist() == ["no_customer_id", "unreadable_date"]
    with pytest.raises(SettingsError, match="handed over in Python"):
        read_table(ORDERS, source, shop, today=dt.date(2026, 6, 30))
