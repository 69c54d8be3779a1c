r"""The build on Apache Spark: events in Parquet in, tiles, rows and scores in Parquet out.

    spark-submit deploy/spark/job.py --settings regulars.yml --output s3a://lake/regulars \
        --events orders=s3a://lake/orders visits=s3a://lake/visits --cutoffs 2025-06-01 \
        --model models/7-0123456789ab --digest 0123…

`python deploy/spark/job.py` does the same with `spark.master` of the settings. README.md beside
this file says what the workers need.
"""

import argparse
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from features.histories import publish
from features.settings import Settings, load_settings
from features.shape import Shape
from features.spark.events import read_events, shape_on_spark
from features.spark.rows import spark_matrix
from features.spark.session import spark_session
from features.spark.tiles import histories_from_spark, spark_tiles
from features.user_groups import own_groups
from training.artifact import load_model
from training.spark_scoring import spark_scores


def main(arguments: argparse.Namespace) -> None:
    """Build what was asked for and say where it lies."""
    settings = load_settings(arguments.settings)
    session = spark_session(settings.spark, settings.business)
    try:
        run(session, settings, arguments)
    finally:
        session.stop()


def run(session: SparkSession, settings: Settings, arguments: argparse.Namespace) -> None:
    """The build itself: tiles, then the matrix, then scores and sample if they were asked for."""
    output: str = arguments.output
    events = {
        table: read_events(session, table, [path])
        for table, path in (pair.split("=", 1) for pair in arguments.events)
    }
    shape = shape_of(arguments, settings, events)
    as_text = session.createDataFrame([(json.dumps(shape.to_dict()),)], "value string")
    as_text.coalesce(1).write.mode("overwrite").text(f"{output}/shape")
    tiles = {
        family: written(frame, f"{output}/tiles/{family}")
        for family, frame in spark_tiles(session, events, shape).items()
    }
    matrix = spark_matrix(tiles, shape, arguments.cutoffs, partitions=settings.spark.partitions)
    matrix = written(matrix, f"{output}/matrix")
    if arguments.model:
        groups = shape.groups
        scores = spark_scores(matrix, arguments.model, arguments.digest, groups=groups)
        written(scores, f"{output}/scores")
    if arguments.sample_share:
        sample = histories_from_spark(tiles, shape, share=arguments.sample_share)
        generation = publish(sample, settings.workspace / "sample")
        print(f"sample: {settings.workspace / 'sample' / generation}")


def shape_of(
    arguments: argparse.Namespace, settings: Settings, events: Mapping[str, DataFrame]
) -> Shape:
    """The shape that the model was made for, or that of the events where there is no model."""
    groups = own_groups(settings.features.files)
    if arguments.model:
        model = load_model(arguments.model, digest=arguments.digest, groups=groups)
        return Shape.from_dict(model.facts.shape, groups)
    return shape_on_spark(
        events, markets=tuple(settings.markets), currency=settings.currency, groups=groups
    )


def written(frame: DataFrame, path: str) -> DataFrame:
    """The frame as it now lies at this path, so that what follows does not make it again."""
    frame.write.mode("overwrite").parquet(path)
    print(path)
    return frame.sparkSession.read.schema(frame.schema).parquet(path)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Tiles, matrix and scores on Apache Spark.")
    parser.add_argument("--settings", type=Path, required=True, help="regulars.yml")
    parser.add_argument(
        "--events", nargs="+", required=True, metavar="TABLE=PATH", help="Parquet in the contract"
    )
    parser.add_argument("--output", required=True, help="folder that all nodes can write")
    parser.add_argument("--cutoffs", nargs="+", type=date.fromisoformat, required=True)
    parser.add_argument("--model", type=Path, help="folder of a trained model, on the driver")
    parser.add_argument("--digest", help="what vouches for the model")
    parser.add_argument(
        "--sample-share", type=float, help="also keep the histories of this share of customers"
    )
    arguments = parser.parse_args()
    if arguments.model and not arguments.digest:
        parser.error("--model needs --digest: the registered version has it as a tag")
    return arguments


if __name__ == "__main__":
    main(parsed())
