r"""The build on Apache Spark: events in Parquet in, tiles, rows and scores in Parquet out.

    spark-submit deploy/spark/job.py --settings regulars.yml --output s3a://lake/regulars \
        --events orders=s3a://lake/orders visits=s3a://lake/visits \
        --cutoffs 2025-06-01 --score

`python deploy/spark/job.py` does the same with `spark.master` of the settings. README.md beside
this file says what the workers need.
"""

import argparse
import json
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from features.errors import ModelRefused
from features.ingestion import shape_of as business_shape
from features.settings import Settings, load_settings
from features.shape import Shape
from features.spark.events import read_events, shape_on_spark
from features.spark.rows import spark_matrix
from features.spark.session import spark_session
from features.spark.tiles import histories_from_spark, spark_tiles
from training.artifact import cached_folder
from training.pipeline import train
from training.registry import fetch_champion
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
    """The tiles; then a model, the matrix and its scores, where they were asked for."""
    output: str = arguments.output
    events = {
        table: read_events(session, table, [path])
        for table, path in (pair.split("=", 1) for pair in arguments.events)
    }
    business = business_shape({}, settings)
    if arguments.score and not arguments.train_share:
        shape = champion_shape(settings, business)
    else:
        shape = shape_on_spark(events, business)
    as_text = session.createDataFrame([(json.dumps(shape.to_dict()),)], "value string")
    as_text.coalesce(1).write.mode("overwrite").text(f"{output}/shape")
    tiles = {
        family: written(frame, f"{output}/tiles/{family}")
        for family, frame in spark_tiles(session, events, shape).items()
    }
    if arguments.train_share:
        trained = train(settings, histories_from_spark(tiles, shape, share=arguments.train_share))
        print(f"model {trained.version.number}, grade {trained.quality['grade']}")
    if arguments.cutoffs:
        partitions = settings.spark.partitions
        rows = spark_matrix(tiles, shape, arguments.cutoffs, partitions=partitions)
        rows = written(rows, f"{output}/matrix")
        if arguments.score:
            written(scored(rows, settings, shape), f"{output}/scores")


def champion_shape(settings: Settings, business: Shape) -> Shape:
    """The shape that the champion was made for: its features are those to build."""
    model, _ = fetch_champion(settings.workspace, business.groups)
    return Shape.from_dict(model.facts.shape, business.groups)


def scored(rows: DataFrame, settings: Settings, shape: Shape) -> DataFrame:
    """What the champion predicts of these rows.

    Raises ModelRefused if it was made for another shape than the rows.
    """
    model, version = fetch_champion(settings.workspace, shape.groups)
    if Shape.from_dict(model.facts.shape, shape.groups) != shape:
        message = (
            "The champion was made for other tables, columns or words than these events have; "
            "run again with --score and without --train-share."
        )
        raise ModelRefused(message)
    folder = cached_folder(settings.workspace, version.number, version.digest)
    return spark_scores(rows, folder, version.digest, groups=shape.groups)


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
    parser.add_argument(
        "--cutoffs", nargs="+", type=date.fromisoformat, default=[], help="days to make rows for"
    )
    parser.add_argument(
        "--train-share", type=float, help="train here, from this share of the customers"
    )
    parser.add_argument("--score", action="store_true", help="score the rows with the champion")
    arguments = parser.parse_args()
    if arguments.score and not arguments.cutoffs:
        parser.error("--score needs --cutoffs: the day as of which to score")
    return arguments


if __name__ == "__main__":
    main(parsed())
