"""The engine that the settings name makes the histories; which one it is changes no bit of them."""

import importlib
from collections.abc import Mapping

import pyarrow as pa

from features.errors import NotReady
from features.histories import Histories
from features.settings import Settings
from features.shape import Shape


def build_histories(events: Mapping[str, pa.Table], shape: Shape, settings: Settings) -> Histories:
    """Histories of accepted events by table, made by `settings.engine`.

    Raises NotReady if it is Spark and PySpark or Java are not there.
    """
    if settings.engine == "duckdb":
        return Histories.from_events(events, shape)
    require_pyspark()
    from features.spark.session import from_arrow, spark_session
    from features.spark.tiles import histories_from_spark, spark_tiles

    session = spark_session(settings.spark, settings.business)
    frames = {table: from_arrow(session, rows) for table, rows in events.items()}
    return histories_from_spark(spark_tiles(session, frames, shape), shape)


def require_pyspark() -> None:
    """Nothing, if PySpark is installed; else NotReady with the cure."""
    try:
        importlib.import_module("pyspark")
    except ImportError as error:
        message = (
            "engine: spark needs PySpark. Install it with: pip install 'pyspark>=4.1,<5', "
            "or use engine: duckdb"
        )
        raise NotReady(message) from error
