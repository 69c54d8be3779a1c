"""A source, opened by what the settings say of its place: files, or a table of a database."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from features.errors import SettingsError
from features.settings_parts import CsvFormat
from features.sources.chunks import RowSource
from features.sources.locations import FileFormat, Found, found_files
from features.sources.many import ManyFiles
from features.sources.parquet import ParquetFile
from features.sources.storage import AnyFile
from features.sources.text import TextFile


class Place(Protocol):
    """Where the rows of a table come from, as the settings tell it."""

    @property
    def format(self) -> Literal["csv", "parquet", "database", "rows"]:
        """Files of which kind, a database, or rows that Python hands over."""

    @property
    def path(self) -> Path | str | None:
        """A file, a folder or a pattern, of this machine or with a scheme such as s3://."""

    @property
    def csv(self) -> CsvFormat:
        """How a text file writes its rows."""

    @property
    def url(self) -> str | None:
        """A database, as SQLAlchemy writes it; may hold names such as ${CRM_PASSWORD}."""

    @property
    def table(self) -> str | None:
        """A table or a view of the database, with its schema before a dot or without."""

    @property
    def query(self) -> str | None:
        """A SELECT instead of a table."""

    @property
    def order_by(self) -> Sequence[str]:
        """Columns that order the rows of a table; without any they come as they come."""


def opened(place: Place) -> RowSource:
    """The rows at this place, columns known and checked, nothing judged yet.

    Raises UnreadableFile, UnreachableSource, MissingTable or SettingsError that tells the cure.
    """
    if place.format == "rows":
        message = "A source of the format rows is handed over in Python: read_table(rows=…)."
        raise SettingsError(message)
    if place.format != "database":
        if place.path is None:
            message = f"A source of format {place.format} needs a path; name a file or a folder."
            raise SettingsError(message)
        return opened_files(place.path, place.format, place.csv)
    from features.sources.database import DatabaseRows  # SQLAlchemy waits until it is needed

    if place.url is None:
        message = "A source of format database needs a url, such as sqlite:///shop.db."
        raise SettingsError(message)
    return DatabaseRows(
        place.url, table=place.table, query=place.query, order_by=tuple(place.order_by)
    )


def opened_files(path: Path | str, file_format: FileFormat, csv: CsvFormat) -> RowSource:
    """The rows of the file, the folder or the pattern at this path.

    Raises UnreadableFile, UnreachableSource or SettingsError that tells the cure.
    """
    return opened_found(found_files(path, file_format), file_format, csv)


def opened_found(found: Found, file_format: FileFormat, csv: CsvFormat) -> RowSource:
    """The rows of the files that were found.

    Raises UnreadableFile or UnreachableSource that tells the cure.
    """
    sources = [_opened(file, file_format, csv) for file in found.files]
    return sources[0] if found.is_one else ManyFiles(found.title, sources, found.notes)


def _opened(file: AnyFile, file_format: FileFormat, csv: CsvFormat) -> RowSource:
    return ParquetFile(file) if file_format == "parquet" else TextFile(file, csv)
