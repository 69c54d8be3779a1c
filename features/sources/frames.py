"""Frames of Python as rows of text: pandas, Polars, pyarrow, and whatever Ibis can reach."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

from features.errors import DataError
from features.sources.arrow_rows import ArrowRows
from features.sources.storage import without_secrets

if TYPE_CHECKING:
    from ibis.expr.types import Table


class FrameRows(ArrowRows):
    """A frame that narwhals knows, its index left out; `title` is what people are told of it.

    Missing is what the frame's own library calls missing: a NaN of pandas is, one of Polars is a
    number that is none. Raises DataError if it is no frame, or if a column is of several types.
    """

    def __init__(self, frame: Any, title: str = "the frame") -> None:
        """Turn it into Arrow, without a copy where its library can."""
        self._table = _arrow(frame, title).replace_schema_metadata(None)
        super().__init__(title, self._table.schema)

    def _batches(self, rows_per_chunk: int) -> Iterator[pa.RecordBatch]:
        for start in range(0, self._table.num_rows, rows_per_chunk):
            yield from self._table.slice(start, rows_per_chunk).combine_chunks().to_batches()


class IbisRows(ArrowRows):
    """A table expression of Ibis, computed by its back-end, its rows fetched some at a time.

    Ibis 12 cannot read from DuckDB 2; a relation of DuckDB is a frame, so FrameRows reads it.

    Raises DataError if it is no table expression; reading raises it if the back-end fails.
    """

    def __init__(self, expression: "Table", title: str = "the Ibis table") -> None:
        """Ask for the schema, which computes nothing."""
        from ibis.expr.types import Table

        if not isinstance(expression, Table):
            message = (
                f"{type(expression).__name__} is no table expression of Ibis; "
                "name a table, such as connection.table('orders')."
            )
            raise DataError(message)
        self._expression = expression
        super().__init__(title, expression.schema().to_pyarrow())

    def _batches(self, rows_per_chunk: int) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._expression.to_pyarrow_batches(chunk_size=rows_per_chunk)
        except Exception as error:  # noqa: BLE001 - each back-end raises errors of its own kinds
            reason = without_secrets(str(error).splitlines()[0] if str(error) else "no reason")
            message = (
                f"{self.title} could not be read through Ibis ({type(error).__name__}: {reason}); "
                "try expression.head().execute() for the whole story."
            )
            raise DataError(message) from None


def _arrow(frame: Any, title: str) -> pa.Table:
    try:
        known = nw.from_native(frame)
        eager = known.collect("pyarrow") if isinstance(known, nw.LazyFrame) else known
        # What an index of pandas holds is no column.
        table: pa.Table = nw.maybe_reset_index(eager).to_arrow()
    except TypeError:
        message = f"{type(frame).__name__} is no frame; use one of pandas, Polars or pyarrow."
        raise DataError(message) from None
    except nw.exceptions.DuplicateError as error:
        message = f"{title} has columns of the same name; rename them ({error})."
        raise DataError(" ".join(message.split())) from None
    except pa.ArrowException as error:
        reason = " ".join(str(part) for part in error.args)
        message = f"A column of {title} holds values of several types; make it one type ({reason})."
        raise DataError(message) from None
    return table
