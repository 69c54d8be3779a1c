"""A Parquet file as rows of text, by its schema."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import UnreadableFile
from features.sources import magic
from features.sources.arrow_rows import ArrowRows
from features.sources.storage import AnyFile


class ParquetFile(ArrowRows):
    """A Parquet file, opened: schema known, rows to come.

    Raises UnreadableFile if it is truncated, encrypted or no Parquet at all.
    """

    def __init__(self, path: AnyFile) -> None:
        """Check the first bytes and read the schema."""
        self.path = path
        if not magic.is_parquet(magic.first_bytes(path)):
            message = (
                f"{path.name} is no Parquet file; set sources.orders.format to csv, "
                "or export it again."
            )
            raise UnreadableFile(message)
        try:
            # pyarrow closes no stream that it did not open itself.
            with path.open("rb") as stream, pq.ParquetFile(stream) as file:
                schema = file.schema_arrow
        except (pa.ArrowException, OSError) as error:
            raise self._damaged() from error
        super().__init__(path.name, schema)

    def _batches(self, rows_per_chunk: int) -> Iterator[pa.RecordBatch]:
        try:
            with self.path.open("rb") as stream, pq.ParquetFile(stream) as file:
                yield from file.iter_batches(batch_size=rows_per_chunk)
        except (pa.ArrowInvalid, OSError) as error:
            raise self._damaged() from error

    def _damaged(self) -> UnreadableFile:
        return UnreadableFile(
            f"{self.path.name} is a Parquet file that is damaged, cut off or encrypted; "
            "export or copy it again."
        )
