"""Which files of a source must be read: none whose bytes were read before, if all else is as then.

A digest is taken before a row is read, so a file that changes meanwhile is read again next time.
A database tells no such digest and is always read.
"""

import hashlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from features.account import Account
from features.quality import Reading, is_within_limits
from features.settings import Settings
from features.source_settings import TableSource
from features.sources.chunks import RowSource
from features.sources.endings import ENDINGS
from features.sources.locations import Found, found_files
from features.sources.storage import digest_of

PRODUCT = "regulars"

_COUNTED = ("channels", "categories", "kinds")
"""Settings that say which words are counted, not how a source is read."""

Timed = tuple[bool | None, bool | None]
"""Whether beginnings and ends have a time of day; None where there is none of them."""


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The files that a source has now, with the SHA-256 of each by name."""

    found: Found
    digests: Mapping[str, str]

    @classmethod
    def of(cls, source: TableSource) -> Self | None:
        """Those of a source, None if it is none of files.

        Raises UnreadableFile, UnreachableSource or SettingsError that tells the cure.
        """
        if source.path is None or source.format == "database" or source.format == "rows":  # noqa: PLR1714 - narrows the type
            return None
        found = found_files(source.path, source.format)
        return cls(found, {file.name: digest_of(file) for file in found.files})

    def only(self, names: frozenset[str]) -> Found:
        """The files of these names."""
        files = tuple(file for file in self.found.files if file.name in names)
        return replace(self.found, files=files)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a generation remembers of a source of files that it was made from.

    `how` is the digest of all that says what its rows mean, `columns` are names and kinds,
    `refused` is the digest of the file of refused rows, if there are any.
    """

    how: str
    files: Mapping[str, str]
    columns: tuple[tuple[str, str], ...]
    timed: Timed
    refused: str | None
    account: Account

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON-able data."""
        return {
            "how": self.how,
            "files": dict(self.files),
            "columns": [list(pair) for pair in self.columns],
            "timed": list(self.timed),
            "refused": self.refused,
            "account": self.account.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """What `to_dict` of the same version of the product wrote."""
        first, last = data["timed"]
        return cls(
            how=data["how"],
            files=data["files"],
            columns=tuple((name, kind) for name, kind in data["columns"]),
            timed=(first, last),
            refused=data["refused"],
            account=Account.from_dict(data["account"]),
        )


def seen_then(facts: Mapping[str, Any], table: str, how: str) -> Seen | None:
    """What the facts of a generation remember of a table, if it was read in the same way."""
    data = facts.get("seen", {}).get(table)
    return Seen.from_dict(data) if data is not None and data["how"] == how else None


def unread_files(
    files: SourceFiles, then: Seen, source: TableSource, today: date
) -> frozenset[str] | None:
    """Names of the files that must be read, of none perhaps; None if all must be.

    Of those read before nothing is gone or changed, and reading them today would say the same.
    """
    is_kept = all(files.digests.get(name) == digest for name, digest in then.files.items())
    if not is_kept or not then.account.is_same_on(today):
        return None
    if not is_within_limits(then.account, source):
        return None
    added = frozenset(files.digests.keys() - then.files.keys())
    # Equal rows are numbered through all files, and an id that contradicts itself may do so again.
    needs_all = source.duplicates == "keep" or "conflict" in then.account.refused_by_code
    return None if added and needs_all else added


def how_read(settings: Settings, table: str) -> str:
    """A digest of all but the rows themselves that says what the rows of a table become."""
    source, rates = settings.sources.given()[table], settings.sources.rates
    parts = [
        description(settings, source),
        source.title,
        source.holds,
        importlib.metadata.version(PRODUCT),
    ]
    if rates is not None:
        parts += [rates.model_dump_json(exclude={"path"}), digest_of(rates.path)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def description(settings: Settings, source: TableSource) -> str:
    """A digest of how a source is read: read in another way, its rows mean something else."""
    read_by = source.model_dump_json(
        exclude={"path", "url", "holds", "max_refused_share", "max_guest_share", *_COUNTED}
    )
    markets = "".join(one.model_dump_json() for one in settings.markets.values())
    text = f"{read_by}{markets}{settings.currency}{list(settings.markets)}"
    return hashlib.sha256(text.encode()).hexdigest()


def columns_of(rows: RowSource) -> tuple[tuple[str, str], ...]:
    """Name and kind of each column, in order: the identity of a row without an id hangs on them."""
    return tuple(zip(rows.names, rows.kinds, strict=True))


def timed(reading: Reading) -> Timed:
    """Whether the events of a reading have a time of day: none has where all are dates alone."""
    ending = ENDINGS.get(reading.table.name)
    if ending is None:
        return _has_minutes(reading.rows), None
    is_end = pc.equal(reading.rows["kind"], ending.kinds[1])
    first, last = reading.rows.filter(pc.invert(is_end)), reading.rows.filter(is_end)
    return _has_minutes(first), _has_minutes(last)


def timed_alike(one: Timed, other: Timed) -> Timed | None:
    """The same of two parts of a source; None if one has times of day and the other dates alone."""
    pairs = tuple(zip(one, other, strict=True))
    if any({*pair} == {True, False} for pair in pairs):
        return None
    first, last = (next((at for at in pair if at is not None), None) for pair in pairs)
    return first, last


def file_digest(path: Path | None) -> str | None:
    """The digest of a file, None if there is none."""
    return None if path is None or not path.is_file() else digest_of(path)


def _has_minutes(rows: pa.Table) -> bool | None:
    return rows["minute"].null_count < rows.num_rows if rows.num_rows else None
