"""The readings of all sources of a business: whole, or only of files that were not read before."""

import csv
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from features.account import Account
from features.quality import (
    Reading,
    check_shares,
    is_within_limits,
    read_refused,
    write_refused,
)
from features.rates import Rates
from features.schema import EVENT_TABLES
from features.settings import Settings
from features.source_files import (
    Seen,
    SourceFiles,
    columns_of,
    file_digest,
    how_read,
    seen_then,
    timed,
    timed_alike,
    unread_files,
)
from features.source_settings import TableSource
from features.sources.chunks import RowSource
from features.sources.locations import FileFormat, Found
from features.sources.opening import opened_found
from features.sources.rates import read_rates
from features.sources.reading import named_after, read_table

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SourceRead:
    """What was read of a source now, and the account of all of it.

    `account` adds the files that were read before and are unchanged; `new_files_count` says how
    many others there were, None if the whole source was read. `seen` is what to remember of it.
    """

    reading: Reading
    account: Account
    refused_path: Path | None
    seen: Seen | None = None
    new_files_count: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all of the source was read now."""
        return self.new_files_count is None


def read_sources(
    settings: Settings, *, today: date, facts: Mapping[str, Any] | None = None
) -> dict[str, SourceRead]:
    """What was read of every source, by table; refused rows are kept in the workspace.

    `facts` are those of the stored generation: files that it was made from are not read again.
    Raises DataError for an unreadable source, TooManyRefused for too many bad rows.
    """
    reader = _Reader(settings, today)
    return {name: reader.read(name, facts or {}) for name in settings.sources.given()}


def keep_refused(reading: Reading, source: TableSource, folder: Path) -> Path | None:
    """The file in `folder` with the refused rows and their reasons, or None if there are none."""
    path = refused_path(reading.table.name, source, folder)
    return _written(reading.refused, path)


def refused_path(table: str, source: TableSource, folder: Path) -> Path:
    """Where the refused rows of a source are kept.

    Two tables may be read from one file, so all but orders add their name.
    """
    name = source.title if table == "orders" else f"{table}.{source.title}"
    return folder / f"{name}.refused.csv"


class _Reader:
    """The sources of a business on one day."""

    def __init__(self, settings: Settings, today: date) -> None:
        self._settings, self._today = settings, today

    def read(self, name: str, facts: Mapping[str, Any]) -> SourceRead:
        """What is read of one source."""
        source = self._settings.sources.given()[name]
        with named_after(EVENT_TABLES[name]):
            files = SourceFiles.of(source)  # before any row is read: see features.source_files
        if files is None:
            return self._whole(name, source)
        how = how_read(self._settings, name)
        then = seen_then(facts, name, how)
        changed = None if then is None else self._changed(name, source, files, then)
        return changed or self._whole(name, source, files, how)

    def _whole(
        self, name: str, source: TableSource, files: SourceFiles | None = None, how: str = ""
    ) -> SourceRead:
        rows = None if files is None else self._opened(name, source, files.found)
        reading = self._reading(name, source, rows)
        path = keep_refused(reading, source, self._folder)
        check_shares(reading, source, path)
        seen = None
        if files is not None and rows is not None:
            seen = Seen(
                how=how,
                files=files.digests,
                columns=columns_of(rows),
                timed=timed(reading),
                refused=file_digest(path),
                account=reading.account,
            )
        return SourceRead(reading, reading.account, path, seen)

    def _changed(
        self, name: str, source: TableSource, files: SourceFiles, then: Seen
    ) -> SourceRead | None:
        """What the new files of a source hold, None if all of it must be read."""
        path = refused_path(name, source, self._folder) if then.refused else None
        added = unread_files(files, then, source, self._today)
        if added is None or file_digest(path) != then.refused:
            return None
        if not added:
            log.info("%s: unchanged since, not read again", source.title)
            return SourceRead(Reading.empty(EVENT_TABLES[name]), then.account, path, then, 0)
        rows = self._opened(name, source, files.only(added))
        if columns_of(rows) != then.columns:
            return None
        reading = self._reading(name, source, rows)
        account, alike = then.account.plus(reading.account), timed_alike(then.timed, timed(reading))
        if alike is None or "conflict" in account.refused_by_code:
            return None
        refused = _all_refused(path, reading, files, then.account.refused_count)
        if refused is None or not is_within_limits(account, source):
            return None
        path = _written(refused, refused_path(name, source, self._folder))
        seen = replace(
            then, files=files.digests, timed=alike, refused=file_digest(path), account=account
        )
        return SourceRead(reading, account, path, seen, len(added))

    def _reading(self, name: str, source: TableSource, rows: RowSource | None) -> Reading:
        table, today = EVENT_TABLES[name], self._today
        return read_table(table, source, self._settings, today=today, rates=self._rates, rows=rows)

    def _opened(self, name: str, source: TableSource, found: Found) -> RowSource:
        file_format: FileFormat = "csv" if source.format == "csv" else "parquet"
        with named_after(EVENT_TABLES[name]):
            return opened_found(found, file_format, source.csv)

    @property
    def _folder(self) -> Path:
        return self._settings.workspace / "refused"

    @cached_property
    def _rates(self) -> Rates | None:
        rates = self._settings.sources.rates
        return None if rates is None else read_rates(rates, self._settings.currency)


def _written(refused: pa.Table, path: Path) -> Path | None:
    if not refused.num_rows:
        return None
    write_refused(refused, path)
    return path


def _all_refused(
    path: Path | None, reading: Reading, files: SourceFiles, then_count: int
) -> pa.Table | None:
    """The refused rows of all files in their order, None if those of then cannot be had again."""
    kept = reading.refused.slice(0, 0)
    if path is not None:
        try:
            kept = read_refused(path)
        except (OSError, ValueError, csv.Error):
            return None
    place_of = {name: place for place, name in enumerate(files.digests)}
    every = pa.concat_tables([kept, reading.refused])
    places = [place_of.get(name, -1) for name in every["file"].to_pylist()]
    if kept.num_rows != then_count or -1 in places:
        return None
    return every.take(pa.array(np.argsort(np.array(places, dtype=np.int64), kind="stable")))
