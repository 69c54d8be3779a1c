"""One Spark session for all tests of a process: local, two cores, no page, quick to start."""

from functools import cache

from pyspark.sql import SparkSession

from features.engine_settings import SparkSettings
from features.spark.session import spark_session

SETTINGS = SparkSettings(
    master="local[2]",
    partitions=8,
    config={
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        # Small data: what the compilers cost, they never earn here.
        "spark.sql.codegen.wholeStage": "false",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    },
)


@cache
def session() -> SparkSession:
    """The session, started at the first call; it ends with the process."""
    return spark_session(SETTINGS)
