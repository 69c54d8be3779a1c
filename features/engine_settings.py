"""Where histories are made: inside this process, or on Apache Spark."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from features.settings_parts import Part

EngineName = Literal["duckdb", "spark"]
"""DuckDB runs inside this process; Spark needs PySpark and Java 17."""


class SparkSettings(Part):
    """How Apache Spark is reached, and into how many parts it cuts the customers."""

    master: str | None = Field(
        default=None,
        description="local[2], spark://host:7077, yarn, k8s://…; without it what spark-submit "
        "says, or all cores of this machine",
    )
    partitions: int = Field(
        default=64, ge=1, description="parts that customers are cut into; one part fits in memory"
    )
    config: Mapping[str, str] = Field(
        default={}, description="further properties of Spark, such as spark.executor.memory: 8g"
    )
