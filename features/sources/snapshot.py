"""A snapshot table from its file: one row a customer, whatever its columns are.

A snapshot is taken whole or not at all: a row that cannot be read refuses the file, because nobody
could tell which customer would be missing.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import DataError, MissingColumns, UnreadableFile
from features.sources.chunks import Kind, Refusal, RowSource
from features.sources.columns import check_unique, looks_like_data, no_header, position
from features.sources.dialect import open_unknown

UNFIT_BUT_PLAIN = "bool"  # a truth is a category of two


@dataclass(frozen=True, slots=True)
class SnapshotTable:
    """Every column as texts without outer blanks, None where there is nothing.

    `kinds` is what each column is by its source, `rows` the number of each row as a spreadsheet
    counts them, `notes` what was left out or is doubtful.
    """

    title: str
    texts: pd.DataFrame
    kinds: Mapping[str, Kind]
    rows: npt.NDArray[np.int64]
    notes: tuple[str, ...] = ()

    def column(self, name: str, flag: str) -> str:
        """The column of this name as the table writes it.

        Raises MissingColumns that names the option `flag` to correct.
        """
        names = list(self.texts.columns)
        at = position(names, name)
        if at is not None:
            return names[at]
        if looks_like_data(names):
            raise no_header(self.title, [name])
        shown = ", ".join(names[:30]) + (", …" if len(names) > 30 else "")
        message = f"{self.title} has no column {name!r}; it has {shown}. Correct {flag}."
        raise MissingColumns(message)


def read_snapshot(path: Path) -> SnapshotTable:
    """The table of a CSV or Parquet file.

    Columns of lists or bytes and columns without a name are left out, and told. Raises
    UnreadableFile if it is no such file, DataError if a row cannot be read or there is none.
    """
    with _told_as_table():
        opened = open_unknown(path)
        source = opened.source
        check_unique(source.names, source.title)
        chunks = list(source.chunks())
    refused = [one for chunk in chunks for one in chunk.refused]
    if refused:
        raise _refusal(source.title, refused)
    whole = pa.concat_tables([chunk.table for chunk in chunks])
    if not whole.num_rows:
        message = f"{source.title} has no rows; export the customers again."
        raise DataError(message)
    unfit = {at: kind for at, kind in source.unfit.items() if kind != UNFIT_BUT_PLAIN}
    kept = [at for at, name in enumerate(source.names) if name and at not in unfit]
    texts = {source.names[at]: _texts(whole[f"c{at}"]) for at in kept}
    return SnapshotTable(
        source.title,
        pd.DataFrame(texts, dtype=object),
        {source.names[at]: source.kinds[at] for at in kept},
        whole["row"].to_numpy(),
        (*_left_out(source, unfit), *(f"please check: {doubt}" for doubt in opened.doubts)),
    )


def _texts(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    plain = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(plain, ""), None, plain).to_numpy(zero_copy_only=False)


def _left_out(source: RowSource, unfit: Mapping[int, str]) -> Iterator[str]:
    for at, kind in unfit.items():
        yield (
            f"{source.title}: column {source.names[at]!r} is of type {kind} and was left out; "
            "flatten it to use it."
        )
    if nameless := sum(not name for name in source.names):
        yield f"{source.title}: {nameless} column(s) without a name were left out; name them."


def _refusal(title: str, refused: list[Refusal]) -> DataError:
    first = refused[0]
    column = f", column {first.column!r}" if first.column else ""
    return DataError(
        f"{title}: {len(refused):,} row(s) cannot be read, the first of them row {first.row:,}"
        f"{column}: {_as_table(first.reason)} A snapshot is taken whole or not at all."
    )


@contextmanager
def _told_as_table() -> Iterator[None]:
    """A file does not know what it holds; here its errors learn that it is no file of orders."""
    try:
        yield
    except UnreadableFile as error:
        raise UnreadableFile(_as_table(str(error))) from error


def _as_table(message: str) -> str:
    message = re.sub(r"set sources\.orders\.\S+( to \S+)?, or ", "", message)
    return message.replace("the orders", "the table")
