"""A Parquet file as rows of text, by its schema: a value is turned into text only without loss.

Text is the meeting point of all files: what is judged about a CSV row is judged about a Parquet
row by the same rule. A date becomes `2026-01-31`, a float the shortest text that means the same.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import DataError, UnreadableFile
from features.sources import magic
from features.sources.chunks import CHUNK_ROWS, Chunk, Kind

_WHOLE_FLOAT = 2.0**53
"""Above this a float no longer holds every whole number, so an id kept in it is damaged."""


class ParquetFile:
    """A Parquet file, opened: schema known, rows to come.

    Raises UnreadableFile if it is truncated, encrypted or no Parquet at all.
    """

    def __init__(self, path: Path) -> None:
        """Check the first bytes and read the schema."""
        self.path = path
        if not magic.is_parquet(magic.first_bytes(path)):
            message = (
                f"{path.name} is no Parquet file; set sources.orders.format to csv, "
                "or export it again."
            )
            raise UnreadableFile(message)
        try:
            self.schema = pq.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged() from error
        self.names = tuple(name.strip() for name in self.schema.names)
        self._row_count = 0

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What each column is by the file's schema."""
        return tuple(_kind(field.type) for field in self.schema)

    def notes(self) -> list[str]:
        """An empty table, if it is one."""
        return [] if self._row_count else ["The file has columns and no rows."]

    def chunks(self, rows_per_chunk: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """All rows, from the first; the first row is row 2, as below a header."""
        self._row_count = 0
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=rows_per_chunk):
                    yield self._chunk(batch)
                    self._row_count += batch.num_rows
            if not self._row_count:
                yield self._chunk(pa.RecordBatch.from_pylist([], schema=self.schema))
        except (pa.ArrowInvalid, OSError) as error:
            raise self._damaged() from error

    def _chunk(self, batch: pa.RecordBatch) -> Chunk:
        first = self._row_count + 2
        rows = pa.array(range(first, first + batch.num_rows), pa.int64())
        texts = [
            self._text(column, name) for column, name in zip(batch.columns, self.names, strict=True)
        ]
        names = ["row", *(f"c{at}" for at in range(len(texts)))]
        table = pa.Table.from_arrays([rows, *texts], names=names)

        def content(positions: Sequence[int]) -> list[str]:
            kept = table.take(pa.array(positions, pa.int64())).columns[1:]
            return _csv_lines([column.to_pylist() for column in kept], len(positions))

        return Chunk(table, content)

    def _text(self, column: pa.Array, name: str) -> pa.Array:
        """A column as text; DataError if its type cannot be text without loss."""
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        kind = column.type
        try:
            if pa.types.is_floating(kind):
                return _float_text(column)
            if pa.types.is_timestamp(kind):
                return _moment_text(column)
            if pa.types.is_nested(kind):
                return pa.array([repr(value) for value in column.to_pylist()], pa.string())
            if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
                hexes = [None if value is None else value.hex() for value in column.to_pylist()]
                return pa.array(hexes, pa.string())
            return column.cast(pa.string())
        except pa.ArrowException as error:
            message = (
                f"Column {name!r} of {self.path.name} is of type {kind}, which cannot be read "
                f"without loss ({str(error).splitlines()[0]}); write it as text, a number or "
                "a timestamp in microseconds."
            )
            raise DataError(message) from error

    def _damaged(self) -> UnreadableFile:
        return UnreadableFile(
            f"{self.path.name} is a Parquet file that is damaged, cut off or encrypted; "
            "export or copy it again."
        )


def check_types(file: ParquetFile, needed: Sequence[int]) -> None:
    """Nothing, if the columns at these positions hold single values.

    Raises DataError that names the column, its type and the cure.
    """
    for at in needed:
        field = file.schema.field(at)
        kind = field.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_boolean(kind):
            message = (
                f"Column {field.name!r} of {file.path.name} is of type {kind}, which is no single "
                "text, number or time; flatten it before the export."
            )
            raise DataError(message)


def _kind(kind: pa.DataType) -> Kind:
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "moment"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    return "text"


def _float_text(column: pa.Array) -> pa.Array:
    """Floats as the shortest text; whole ones without `.0`, so that 17850.0 is the id 17850."""
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    text = column.cast(pa.string())
    small = pc.less(pc.abs(column), pa.scalar(_WHOLE_FLOAT, column.type))
    whole = pc.and_(small, pc.equal(pc.floor(column), column))
    ints = pc.if_else(whole, column, pa.scalar(0, column.type)).cast(pa.int64())
    return pc.if_else(whole, ints.cast(pa.string()), text)


def _moment_text(column: pa.Array) -> pa.Array:
    """Timestamps as ISO 8601 to the microsecond, those with a zone in UTC and marked so."""
    zone = column.type.tz
    plain = column.cast(pa.timestamp("us", tz=zone))  # fails where nanoseconds would be lost
    if zone is None:
        return plain.cast(pa.string())
    text = plain.cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us")).cast(pa.string())
    return pc.binary_join_element_wise(text, pa.scalar("Z"), "")


def _csv_lines(columns: list[list[str | None]], count: int) -> list[str]:
    lines = []
    for at in range(count):
        stream = io.StringIO()
        csv.writer(stream, lineterminator="").writerow([column[at] for column in columns])
        lines.append(stream.getvalue())
    return lines
