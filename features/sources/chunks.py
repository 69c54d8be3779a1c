"""The rows of a file as text, some at a time, before anything is judged about their values."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import pyarrow as pa

from features.schema import REFUSED

CHUNK_ROWS = 100_000

Kind = Literal["text", "number", "moment"]
"""What a column is by its file: text of any meaning, or already a number, or already a time."""


class Refusal(NamedTuple):
    """One refused row, as schema.REFUSED holds it."""

    row: int
    column: str
    code: str
    reason: str
    content: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file: `row` and the text columns `c0`, `c1`, … in the file's order.

    `content` gives the rows at these positions of the table as they stood in the file; `refused`
    holds the rows that could not even be split into columns.
    """

    table: pa.Table
    content: Callable[[Sequence[int]], list[str]]
    refused: tuple[Refusal, ...] = ()


class OrdersFile(Protocol):
    """A file of orders, opened: its columns are known, its rows come in chunks."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, without outer blanks."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What each column is."""

    def chunks(self, rows_per_chunk: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """All rows, from the first."""

    def notes(self) -> list[str]:
        """What was met while reading, known once all chunks were read."""


def refused_table(refusals: Sequence[Refusal]) -> pa.Table:
    """Refusals as a table in schema.REFUSED."""
    schema = REFUSED.arrow_schema()
    columns = list(zip(*refusals, strict=True)) if refusals else [() for _ in REFUSED.columns]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
