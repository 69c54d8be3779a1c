"""Two engines, one definition: what Spark makes equals what DuckDB makes, bit for bit."""

import sys
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from everything import MARKETS, every_table
from local_spark import SETTINGS, session

from features.engines import build_histories, require_pyspark
from features.errors import DataError, MissingColumns, NotReady
from features.histories import Histories, fingerprint
from features.matrix import KEYS, matrix
from features.schema import EVENT_TABLES
from features.settings import Settings
from features.shape import Shape
from features.spark.events import read_events, shape_on_spark
from features.spark.rows import spark_matrix
from features.spark.session import from_arrow, spark_session
from features.spark.tiles import histories_from_spark, spark_tiles
from features.user_groups import own_groups

COUNTED = (("visits.kind", ("search", "like")),)
PLACES = (("US", None), ("DE", "BY"), (None, None))
COLUMNS = {"customer_id": "customer", "timestamp": "day", "amount": "amount"}
OWN_GROUP = '''"""Gifts: orders of some money."""

from features.declarations import Ints, Source
from features.kernel import AsOf

orders = Source("orders")
GIFTS = orders.count("gifts", "kind = 'order' AND amount_minor > 500000")


@orders.windowed(over=(90,))
def gifts_count(known: AsOf, window_days: int | None) -> Ints:
    """Orders of more than 5000."""
    return known.total(GIFTS, window_days)
'''
CUTOFFS = [date(2024, 6, 1), date(2024, 12, 1), date(2025, 3, 1)]


@cache
def events():
    return every_table()


@cache
def shape():
    return Shape.of(events(), markets=MARKETS, currency="USD", counted=COUNTED, calendars=PLACES)


@cache
def on_duckdb():
    return Histories.from_events(events(), shape())


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """The events as Spark reads them from Parquet, one table in two files."""
    folder = tmp_path_factory.mktemp("events")
    for name, rows in events().items():
        half = rows.num_rows // 2 if name == "orders" else rows.num_rows
        for part, piece in enumerate((rows.slice(0, half), rows.slice(half))):
            pq.write_table(piece, folder / f"{name}-{part}.parquet")
    return {
        name: read_events(session(), name, sorted(folder.glob(f"{name}-*.parquet")))
        for name in EVENT_TABLES
    }


@pytest.fixture(scope="module")
def tiles(frames):
    """The tiles on Spark, kept so that every test need not build them again."""
    return {name: tile.cache() for name, tile in spark_tiles(session(), frames, shape()).items()}


def in_order(frame):
    """Rows of Spark as the pandas matrix has them."""
    rows = frame.toArrow().to_pandas(date_as_object=False).sort_values(["cutoff", "customer_id"])
    return rows.reset_index(drop=True)


def assert_same_bits(found, expected):
    """Every key equal, every feature equal to the last bit, NaN where NaN."""
    assert list(found.columns) == list(expected.columns)
    assert found["customer_id"].tolist() == expected["customer_id"].tolist()
    assert found["market"].tolist() == expected["market"].tolist()
    days = [rows["cutoff"].to_numpy().astype("datetime64[D]") for rows in (found, expected)]
    assert np.array_equal(*days)
    differs = [
        name
        for name in expected.columns.difference(KEYS)
        if not np.array_equal(bits(found[name]), bits(expected[name]))
    ]
    assert differs == []


def bits(values):
    return np.where(np.isnan(values), np.nan, values).view(np.int64)


def test_every_group_and_every_family_takes_part():
    found = matrix(on_duckdb(), CUTOFFS)
    features = found.columns.difference(KEYS)
    assert len(features) == len(on_duckdb().catalogue.features) > 190
    # A column without a value would agree whatever the engines did.
    assert [name for name in features if found[name].isna().all()] == []
    assert [family for family, rows in on_duckdb().tiles.items() if rows.num_rows == 0] == []


def test_spark_makes_the_tiles_that_duckdb_makes(tiles):
    from_spark = histories_from_spark(tiles, shape())
    for family, expected in on_duckdb().tiles.items():
        assert from_spark.tiles[family].equals(expected), family
    assert fingerprint(from_spark) == fingerprint(on_duckdb())


def test_every_feature_is_equal_to_the_last_bit_on_both_engines(tiles):
    frame = spark_matrix(tiles, shape(), CUTOFFS, partitions=SETTINGS.partitions)
    assert frame.rdd.getNumPartitions() == 8
    assert_same_bits(in_order(frame), matrix(on_duckdb(), CUTOFFS))


def test_a_cutoff_of_ones_own_is_equal_on_both_engines(tiles):
    ids = on_duckdb().customer_ids.to_pylist()
    days = [CUTOFFS[at % 3] for at in range(len(ids))]
    spine = pd.DataFrame({"customer_id": [*ids, "nobody"], "cutoff": [*days, CUTOFFS[0]]})
    spine["cutoff"] = pd.to_datetime(spine["cutoff"])
    asked = from_arrow(
        session(),
        pa.table(
            {
                "customer_id": pa.array(spine["customer_id"], pa.string()),
                "cutoff": pa.array(spine["cutoff"].dt.date, pa.date32()),
            }
        ),
    )
    found = in_order(spark_matrix(tiles, shape(), asked, partitions=3))
    expected = matrix(on_duckdb(), spine).sort_values(["cutoff", "customer_id"])
    assert_same_bits(found, expected.reset_index(drop=True))


def test_the_matrix_shuffles_by_customer_once_and_sorts_nothing_globally(tiles, frames):
    built = spark_tiles(session(), {"orders": frames["orders"]}, of_orders(shape()))
    frame = spark_matrix(built, of_orders(shape()), CUTOFFS, partitions=8)
    plan = frame._jdf.queryExecution().executedPlan().toString()
    assert "rangepartitioning" not in plan
    assert plan.count("REPARTITION_BY_NUM") == 1


def of_orders(whole):
    """The same business, of which only the orders are there."""
    available = frozenset(name for name in whole.available if name.split(".")[0] == "orders")
    return Shape(whole.markets, whole.currency, available, whole.vocabulary)


def test_features_of_ones_own_are_equal_on_both_engines(frames, tmp_path):
    (tmp_path / "gifts.py").write_text(OWN_GROUP, encoding="utf-8")
    groups = own_groups([tmp_path / "gifts.py"])
    orders = events()["orders"]
    own = Shape.of({"orders": orders}, markets=MARKETS, currency="USD", groups=groups)
    built = spark_tiles(session(), {"orders": frames["orders"]}, own)
    found = in_order(spark_matrix(built, own, CUTOFFS, partitions=3))
    expected = matrix(Histories.from_events({"orders": orders}, own), CUTOFFS)
    assert expected["gifts_count"].max() > 1
    assert_same_bits(found, expected)


def test_the_engine_of_the_settings_changes_no_bit(tmp_path):
    settings = Settings(
        sources={"orders": {"path": "o.csv", "format": "csv", "columns": COLUMNS}},
        markets={name: {} for name in MARKETS},
        churn={"within_days": 60},
        workspace=tmp_path,
    )
    by = {
        engine: build_histories(
            events(), shape(), settings.model_copy(update={"engine": engine, "spark": SETTINGS})
        )
        for engine in ("duckdb", "spark")
    }
    assert fingerprint(by["spark"]) == fingerprint(by["duckdb"])


def test_without_java_spark_says_what_it_needs(monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotReady, match="needs Java 17"):
        spark_session(SETTINGS)


def test_without_pyspark_the_engine_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(NotReady, match="pip install .pyspark"):
        require_pyspark()


def test_the_shape_is_the_same_whoever_looks(frames):
    business = Shape.of({}, markets=MARKETS, currency="USD", counted=COUNTED, calendars=PLACES)
    assert shape_on_spark(frames, business) == shape()


def test_a_sample_holds_whole_customers_and_always_the_same(tiles):
    some = histories_from_spark(tiles, shape(), share=0.3)
    ids = some.customer_ids.to_pylist()
    assert 0 < len(ids) < len(on_duckdb().customer_ids)
    assert some.tiles["orders"].equals(on_duckdb().of(ids).tiles["orders"])
    assert ids == histories_from_spark(tiles, shape(), share=0.3).customer_ids.to_pylist()


def test_a_table_without_events_gives_empty_tiles(frames):
    only = {"orders": frames["orders"]}
    found = histories_from_spark(spark_tiles(session(), only, shape()), shape())
    expected = Histories.from_events({"orders": events()["orders"]}, shape())
    assert fingerprint(found) == fingerprint(expected)


def test_the_session_keeps_no_view_behind(tiles):
    assert session().catalog.listTables() == []


def test_every_type_of_the_contract_survives_parquet(frames):
    columns = ["customer_id", "occurred_at", "day", "minute", "known_to", "quantity"]
    found = frames["orders"].select(columns).toArrow()
    expected = events()["orders"].select(columns)
    assert found.schema.types == expected.schema.types
    order = [(name, "ascending") for name in columns]
    assert found.sort_by(order).to_pylist() == expected.sort_by(order).to_pylist()


def test_optional_columns_that_the_files_lack_are_empty(tmp_path):
    pq.write_table(events()["orders"].drop_columns(["minute", "category"]), tmp_path / "o.parquet")
    found = read_events(session(), "orders", [tmp_path / "o.parquet"])
    assert dict(found.dtypes)["minute"] == "smallint"
    assert found.where("minute IS NOT NULL OR category IS NOT NULL").isEmpty()


def test_a_missing_column_is_named(tmp_path):
    pq.write_table(events()["orders"].drop_columns(["amount_minor"]), tmp_path / "o.parquet")
    with pytest.raises(MissingColumns, match="lacks amount_minor"):
        read_events(session(), "orders", [tmp_path / "o.parquet"])


def test_a_column_of_another_type_is_named(tmp_path):
    rows = events()["orders"]
    at = rows.schema.get_field_index("amount_minor")
    floats = rows.set_column(at, "amount_minor", rows["amount_minor"].cast(pa.float64()))
    pq.write_table(floats, tmp_path / "o.parquet")
    with pytest.raises(DataError, match="amount_minor is double and must be bigint"):
        read_events(session(), "orders", [tmp_path / "o.parquet"])
