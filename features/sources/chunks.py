"""The rows of a source as text, some at a time, before anything is judged about their values.

A source is a file, several files, a table of a database, or a frame: text is where all meet.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import pyarrow as pa

from features.account import Note
from features.errors import DataError
from features.schema import REFUSED

CHUNK_ROWS = 100_000

Kind = Literal["text", "number", "moment"]
"""What a column is by its source: text of any meaning, or already a number, or already a time."""


class Refusal(NamedTuple):
    """One refused row, as schema.REFUSED holds it."""

    row: int
    column: str
    code: str
    reason: str
    content: str
    file: str = ""  # the judge writes it, from the chunk


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a source: `row` and the text columns `c0`, `c1`, … in the source's order.

    `content` gives the rows at these positions of the table as they stood in the source; `refused`
    holds the rows that could not even be split into columns. `file` is the file, the table or the
    frame that `row` is counted in.
    """

    table: pa.Table
    content: Callable[[Sequence[int]], list[str]]
    refused: tuple[Refusal, ...] = ()
    file: str = ""


class RowSource(Protocol):
    """A source of rows, opened: its columns are known, its rows come in chunks."""

    @property
    def title(self) -> str:
        """What people are told that it is, such as the file's name; it holds no secret."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, without outer blanks."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What each column is."""

    @property
    def unfit(self) -> Mapping[int, str]:
        """Type of each column that holds no single text, number or time, by position."""

    def chunks(self, rows_per_chunk: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """All rows, from the first."""

    def notes(self) -> list[Note]:
        """What was met while reading, known once all chunks were read."""


def check_types(source: RowSource, needed: Sequence[int]) -> None:
    """Nothing, if the columns at these positions hold single values.

    Raises DataError that names the column, its type and the cure.
    """
    unfit = source.unfit
    for at in needed:
        if at in unfit:
            message = (
                f"Column {source.names[at]!r} of {source.title} is of type {unfit[at]}, which is "
                "no single text, number or time; flatten it before the export."
            )
            raise DataError(message)


def refused_table(refusals: Sequence[Refusal]) -> pa.Table:
    """Refusals as a table in schema.REFUSED."""
    schema = REFUSED.arrow_schema()
    arrays = [
        pa.array([getattr(refusal, field.name) for refusal in refusals], field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
