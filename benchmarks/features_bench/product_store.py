"""The log in the durable store of the product, with the tiles of the sixty features."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.features_bench.product_tiles import ORDERS, SHAPE, VISITED, VOCABULARIES
from benchmarks.features_bench.sixty import SIXTY
from features.schema import EVENT_TABLES
from features.store.histories import Stored, write
from features.tiles import build_tiles

TABLES = (ORDERS, VISITED)
MERGES = {measure.name: measure.merge for measure in SIXTY.measures}
BATCH_FILES = 6
"""So many months are appended at a time when the store is built."""


def build_store(log: Path, folder: Path) -> None:
    """Put a whole log into a new store."""
    with write(folder) as draft:
        for table in TABLES:
            files = sorted((log / table).glob("*.parquet"))
            for first in range(0, len(files), BATCH_FILES):
                batch = files[first : first + BATCH_FILES]
                draft.append(table, keyed_events(table, batch), tiles_of_events, MERGES)
        draft.compact()
        draft.publish({})


def append_files(files: Mapping[str, Path], folder: Path) -> int:
    """How many events of these files were new to the store."""
    accepted = 0
    with write(folder) as draft:
        for table, path in files.items():
            events = keyed_events(table, [path])
            accepted += draft.append(table, events, tiles_of_events, MERGES).accepted_count
        draft.publish()
    return accepted


def erase_one(customer_id: str, folder: Path) -> int:
    """How many rows of a customer, events and tiles, were removed from the store."""
    with write(folder) as draft:
        removed = draft.erase([customer_id])
        draft.publish()
    return sum(removed.values())


def tiles_of_events(table: str, events: pa.Table) -> Mapping[str, pa.Table]:
    """The tiles of some events, for the store."""
    return build_tiles(
        table,
        events.select(EVENT_TABLES[table].arrow_schema().names),
        SIXTY.of_table(table),
        markets=SHAPE.markets,
        vocabularies=VOCABULARIES,
    )


def bucket_tiles(stored: Stored, bucket: int) -> dict[str, pa.Table]:
    """The tiles of a bucket by family."""
    return {family: stored.read_tiles(family, bucket) for family in SIXTY.families}


def keyed_events(table: str, files: list[Path]) -> pa.Table:
    """Events of files with the 64-bit words of their identity and content.

    An event has no id: the customer, the moment and what happened are its identity, and rows that
    are alike are numbered, as the product's sources do.
    """
    said = [name for name in EVENT_TABLES[table].arrow_schema().names if name != "known_from"]
    content = ", ".join(said)
    with duckdb.connect(config={"threads": 1}) as connection:
        events = connection.read_parquet([str(path) for path in files])
        numbered = f"*, hash('0', {content}) AS content_0, hash('1', {content}) AS content_1"
        keyed = events.project(numbered).project(
            "*, row_number() OVER (PARTITION BY content_0, content_1) AS place"
        )
        columns = "* EXCLUDE (content_0, content_1, place)"
        return keyed.project(
            f"{columns}, hash(content_0, place) AS key_0, hash(content_1, place) AS key_1,"
            " content_0, content_1"
        ).to_arrow_table()
