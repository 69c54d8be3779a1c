"""Rows of Arrow as rows of text, by their schema: a value becomes text only without loss.

Whatever is judged about a CSV row is judged about a row of Arrow by the same rule. A date becomes
`2026-01-31`, a float the shortest text that means the same.
"""

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from features.account import Note
from features.errors import DataError
from features.sources.chunks import CHUNK_ROWS, Chunk, Kind

_WHOLE_FLOAT = 2.0**53
"""Above this a float no longer holds every whole number, so an id kept in it is damaged."""


class ArrowRows(ABC):
    """A source that speaks Arrow: its schema is known, its batches come when asked for."""

    def __init__(self, title: str, schema: pa.Schema) -> None:
        """Name what people are told, and the columns."""
        self._title = title
        self.schema = schema
        self.names = tuple(name.strip() for name in schema.names)
        self._row_count = 0

    @abstractmethod
    def _batches(self, rows_per_chunk: int) -> Iterator[pa.RecordBatch]:
        """All rows, from the first, in the schema's order of columns."""

    @property
    def title(self) -> str:
        """What people are told that it is."""
        return self._title

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What each column is by the schema."""
        return tuple(_kind(_plain(field.type)) for field in self.schema)

    @property
    def unfit(self) -> Mapping[int, str]:
        """Columns of lists, bytes and truths."""
        plain = [_plain(field.type) for field in self.schema]
        return {at: str(kind) for at, kind in enumerate(plain) if _is_unfit(kind)}

    def notes(self) -> list[Note]:
        """An empty table, if it is one."""
        return [] if self._row_count else [Note("The file has columns and no rows.")]

    def chunks(self, rows_per_chunk: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """All rows, from the first; the first row is row 2, as below a header."""
        self._row_count = 0
        for batch in self._batches(rows_per_chunk):
            yield self._chunk(batch)
            self._row_count += batch.num_rows
        if not self._row_count:
            yield self._chunk(pa.RecordBatch.from_pylist([], schema=self.schema))

    def _chunk(self, batch: pa.RecordBatch) -> Chunk:
        texts = [
            self._text(column, name) for column, name in zip(batch.columns, self.names, strict=True)
        ]
        return chunk_of(texts, self._row_count + 2, batch.num_rows, self.title)

    def _text(self, column: pa.Array, name: str) -> pa.Array:
        """A column as text; DataError if its type cannot be text without loss."""
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if isinstance(column.type, pa.UuidType):
            texts = [None if value is None else str(value) for value in column.to_pylist()]
            return pa.array(texts, pa.string())
        if isinstance(column, pa.ExtensionArray):
            column = column.storage
        kind = column.type
        try:
            if pa.types.is_floating(kind):
                return float_text(column)
            if pa.types.is_timestamp(kind):
                return _moment_text(column)
            if pa.types.is_nested(kind):
                return pa.array([repr(value) for value in column.to_pylist()], pa.string())
            if _is_bytes(kind):
                hexes = [None if value is None else value.hex() for value in column.to_pylist()]
                return pa.array(hexes, pa.string())
            return column.cast(pa.string())
        except pa.ArrowException as error:
            message = (
                f"Column {name!r} of {self.title} is of type {kind}, which cannot be read "
                f"without loss ({str(error).splitlines()[0]}); write it as text, a number or "
                "a timestamp in microseconds."
            )
            raise DataError(message) from error


def chunk_of(texts: Sequence[pa.Array], first_row: int, row_count: int, file: str) -> Chunk:
    """A chunk of columns that are text already, its rows numbered from `first_row` on."""
    rows = pa.array(range(first_row, first_row + row_count), pa.int64())
    names = ["row", *(f"c{at}" for at in range(len(texts)))]
    table = pa.Table.from_arrays([rows, *texts], names=names)

    def content(positions: Sequence[int]) -> list[str]:
        kept = table.take(pa.array(positions, pa.int64())).columns[1:]
        return _csv_lines([column.to_pylist() for column in kept], len(positions))

    return Chunk(table, content, file=file)


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of the values, whatever they are packed in."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if isinstance(kind, pa.UuidType):
        return pa.string()
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _kind(kind: pa.DataType) -> Kind:
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "moment"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    return "text"


def _is_unfit(kind: pa.DataType) -> bool:
    return pa.types.is_nested(kind) or pa.types.is_boolean(kind) or _is_bytes(kind)


def _is_bytes(kind: pa.DataType) -> bool:
    return (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def float_text(column: pa.Array) -> pa.Array:
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
