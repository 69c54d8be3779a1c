"""Rows of a table from its source: each accepted, set aside as a duplicate, or refused.

With `before`, what happened or arrived on that day and later is left out before anything is judged
about it: to a prediction it is the future.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

from features.contracts import Table
from features.errors import UnreadableFile
from features.quality import Reading
from features.rates import Rates
from features.source_settings import TableSource
from features.sources.chunks import Chunk, RowSource, check_types
from features.sources.columns import About, check_separator, locate
from features.sources.judge import Days, Judge
from features.sources.opening import opened
from features.sources.rows import Business, Markets

log = logging.getLogger(__name__)

_ORDERS_KEY = "sources.orders."


def read_table(  # noqa: PLR0913 - where, what, when, and what money is worth
    table: Table,
    source: TableSource,
    settings: Business,
    *,
    today: date,
    before: date | None = None,
    rates: Rates | None = None,
    rows: RowSource | None = None,
) -> Reading:
    """The rows of a source in the table's contract, in its order, with the account of them all.

    Money of other currencies is converted by the rates of its days. `rows` are what a source of the
    format rows stands for, such as FrameRows(frame) of pandas or Polars, or IbisRows(expression).

    Raises UnreadableFile, MissingColumns, DataError or SettingsError if the source is no such
    table; how many rows may be refused is judged by quality.check_shares.
    """
    about = About(source.title, table.name)
    with named_after(table):
        rows = opened(source) if rows is None else rows
        if source.format == "csv":
            check_separator(rows.names, source.columns, about, source.csv.separator)
        places = locate(rows.names, source.columns, about)
        flags = {column.role or column.name for column in table.columns if column.reads == "flag"}
        yes_or_no = {at for role in flags & places.at.keys() for at in places.at[role]}
        check_types(rows, [at for at in places.needed() if at not in yes_or_no])
        markets = Markets.of(settings, rates)
        judge = Judge(table, source, markets, rows, places, Days(today, before))
        for chunk in rows.chunks():
            judge.take(_told_of(table, chunk))
        reading = judge.reading(rows.notes())
    log.info("%s: %s", source.title, reading.account.summary())
    return reading


@contextmanager
def named_after(table: Table) -> Iterator[None]:
    """Where files are opened: they do not know which table they hold, their errors learn it."""
    try:
        yield
    except UnreadableFile as error:
        raise UnreadableFile(_told(table, str(error))) from error


def _told_of(table: Table, chunk: Chunk) -> Chunk:
    refused = tuple(one._replace(reason=_told(table, one.reason)) for one in chunk.refused)
    return replace(chunk, refused=refused)


def _told(table: Table, message: str) -> str:
    return message.replace(_ORDERS_KEY, f"sources.{table.name}.")
