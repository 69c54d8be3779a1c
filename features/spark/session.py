"""A Spark session as the build needs it, and Arrow in and out of it."""

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from features.engine_settings import SparkSettings
from features.errors import NotReady

Batches = Iterator[pa.RecordBatch]

NEEDED = {
    # Times are UTC inside; the session's zone would otherwise be the machine's.
    "spark.sql.session.timeZone": "UTC",
    # Overflow is an error, as it is in DuckDB, and not a wrapped number.
    "spark.sql.ansi.enabled": "true",
}
"""Properties on which the result depends; no setting changes them."""

SPARK_TYPES = {
    pa.string(): "string",
    pa.timestamp("us", tz="UTC"): "timestamp",
    pa.date32(): "date",
    pa.int16(): "smallint",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.float64(): "double",
}
"""The types of contracts in the words of Spark."""


def spark_session(settings: SparkSettings, name: str = "regulars") -> SparkSession:
    """A session by the settings; the one that runs already, if there is one.

    Raises NotReady without Java.
    """
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        message = (
            "Apache Spark needs Java 17, and no java was found. Install it, for instance with "
            "apt-get install openjdk-17-jre-headless, or set JAVA_HOME; or use engine: duckdb."
        )
        raise NotReady(message)
    # Histories and samples come back whole; what bounds them is the memory of this process.
    config = {"spark.driver.maxResultSize": "0"}
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if not submitted and (settings.master or "local").startswith("local"):
        # Otherwise the workers would be any python3 of the machine, and an empty folder
        # spark-warehouse would stay behind wherever the command runs.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        config["spark.sql.warehouse.dir"] = str(Path(tempfile.gettempdir()) / "spark-warehouse")
    builder = SparkSession.builder.appName(name)
    if settings.master:
        builder = builder.master(settings.master)
    for key, value in {**config, **settings.config, **NEEDED}.items():
        builder = builder.config(key, value)
    with _quiet_about_pandas():
        return builder.getOrCreate()


def spark_types(schema: pa.Schema) -> str:
    """An Arrow schema in the words of Spark: a list of names and types."""
    return ", ".join(f"`{field.name}` {SPARK_TYPES[field.type]}" for field in schema)


def from_arrow(session: SparkSession, table: pa.Table) -> DataFrame:
    """A small Arrow table as a frame."""
    with _quiet_about_pandas():
        return session.createDataFrame(table, schema=spark_types(table.schema))


def mapped(
    frame: DataFrame, function: Callable[[Batches], Batches], schema: pa.Schema
) -> DataFrame:
    """What `function` makes of each partition, Arrow batches in and out."""
    with _quiet_about_pandas():
        return frame.mapInArrow(function, spark_types(schema))


@contextmanager
def _quiet_about_pandas() -> Iterator[None]:
    """Spark warns of pandas 3 wherever it meets Arrow, although no pandas is in play here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        yield
