"""Orders from a file: every row accepted, set aside as a duplicate, or refused with a reason.

With `before`, rows of that day and later are left out before anything is judged about them: to a
prediction they are the future.
"""

import logging
from datetime import date

from features.quality import Reading
from features.settings import OrdersSource
from features.sources.chunks import RowSource, check_types
from features.sources.columns import check_separator, locate
from features.sources.judge import Business, Days, Judge
from features.sources.opening import opened_files

log = logging.getLogger(__name__)


def read_orders(
    source: OrdersSource, settings: Business, *, today: date, before: date | None = None
) -> Reading:
    """The orders of a file in schema.ORDERS, in the file's order, with the account of its rows.

    Raises UnreadableFile, MissingColumns, DataError or SettingsError if the file is no such table;
    how many rows may be refused is judged by quality.check_shares.
    """
    file = _opened(source)
    places = locate(file.names, source.columns, source.path)
    check_types(file, places.needed())
    judge = Judge(source, settings, file, places, Days(today, before))
    for chunk in file.chunks():
        judge.take(chunk)
    reading = judge.reading(file.notes())
    log.info("%s: %s", source.path.name, reading.summary())
    return reading


def _opened(source: OrdersSource) -> RowSource:
    file = opened_files(source.path, source.format, source.csv)
    if source.format == "csv":
        check_separator(file.names, source.columns, source.path, source.csv.separator)
    return file
