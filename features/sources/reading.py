"""Rows of a table from its source: each accepted, set aside as a duplicate, or refused.

With `before`, what happened or arrived on that day and later is left out before anything is judged
about it: to a prediction it is the future.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from features.contracts import Table
from features.errors import UnreadableFile
from features.quality import Reading
from features.source_settings import TableSource
from features.sources.chunks import Chunk, OrdersFile
from features.sources.columns import About, check_separator, locate
from features.sources.judge import Days, Judge
from features.sources.parquet import ParquetFile, check_types
from features.sources.rows import Business
from features.sources.text import TextFile

log = logging.getLogger(__name__)

_ORDERS_KEY = "sources.orders."


def read_table(
    table: Table,
    source: TableSource,
    settings: Business,
    *,
    today: date,
    before: date | None = None,
) -> Reading:
    """The rows of a source in the table's contract, in its order, with the account of them all.

    Raises UnreadableFile, MissingColumns, DataError or SettingsError if the source is no such
    table; how many rows may be refused is judged by quality.check_shares.
    """
    about = About(source.title, table.name)
    with _named_after(table):
        rows = _opened(source)
        if source.format == "csv":
            check_separator(rows.names, source.columns, about, source.csv.separator)
        places = locate(rows.names, source.columns, about)
        if isinstance(rows, ParquetFile):
            flags = {
                column.role or column.name for column in table.columns if column.reads == "flag"
            }
            yes_or_no = {at for role in flags & places.at.keys() for at in places.at[role]}
            check_types(rows, [at for at in places.needed() if at not in yes_or_no])
        judge = Judge(table, source, settings, rows, places, Days(today, before))
        for chunk in rows.chunks():
            judge.take(_told_of(table, chunk))
        reading = judge.reading(rows.notes())
    log.info("%s: %s", source.title, reading.summary())
    return reading


def _opened(source: TableSource) -> OrdersFile:
    """The rows of a source before anything is judged about them."""
    if not isinstance(source.path, Path):
        message = f"{source.title} is no file of this machine; name one in path."
        raise UnreadableFile(message)
    if source.format == "parquet":
        return ParquetFile(source.path)
    return TextFile(source.path, source.csv)


@contextmanager
def _named_after(table: Table) -> Iterator[None]:
    """A file does not know which table it holds; here its errors learn the right key."""
    try:
        yield
    except UnreadableFile as error:
        raise UnreadableFile(_told(table, str(error))) from error


def _told_of(table: Table, chunk: Chunk) -> Chunk:
    refused = tuple(one._replace(reason=_told(table, one.reason)) for one in chunk.refused)
    return replace(chunk, refused=refused)


def _told(table: Table, message: str) -> str:
    return message.replace(_ORDERS_KEY, f"sources.{table.name}.")
