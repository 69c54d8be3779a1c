"""An unknown file, opened: CSV or Parquet, in which encoding, its columns separated by what."""

import csv
from dataclasses import dataclass
from pathlib import Path

from features.errors import UnreadableFile
from features.settings_parts import CsvFormat
from features.sources import magic
from features.sources.chunks import RowSource
from features.sources.columns import SEPARATORS
from features.sources.parquet import ParquetFile
from features.sources.text import TextFile, likely_encoding

_SAMPLE_LINES = 200


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that can be read, how it is written, what was concluded and what is doubtful."""

    source: RowSource
    csv: CsvFormat
    notes: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def open_unknown(path: Path) -> Opened:
    """The file at this path by what its first bytes and lines look like.

    Raises UnreadableFile if it is neither a Parquet file nor a text of several columns.
    """
    sample = magic.first_bytes(path)
    if magic.is_parquet(sample):
        return Opened(ParquetFile(path), CsvFormat(), ("It is a Parquet file.",))
    encoding, doubts = _encoding(path, sample)
    magic.check_text(sample, path, encoding)
    separator = _separator(path, encoding)
    note = f"It is a CSV file in {encoding}, its columns separated by {SEPARATORS[separator]}."
    form = CsvFormat(separator=separator, encoding=encoding)
    return Opened(TextFile(path, form), form, (note,), doubts)


def _encoding(path: Path, sample: bytes) -> tuple[str, tuple[str, ...]]:
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", ()
    magic.check_text(sample, path, "utf-8")
    likely = likely_encoding(path)
    if likely is None:
        return "utf-8", ()
    doubt = (
        f"The file is not UTF-8; it was taken as {likely}. If names with accents look wrong, "
        "set csv.encoding to another, such as cp1252 or cp1250."
    )
    return likely, (doubt,)


def _separator(path: Path, encoding: str) -> str:
    """The sign that parts most of the first lines into the same number of columns."""
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        lines = [line for _, line in zip(range(_SAMPLE_LINES), stream, strict=False)]
    best, most = ",", 0.0
    for sign in SEPARATORS:
        try:
            widths = [len(fields) for fields in csv.reader(lines, delimiter=sign) if fields]
        except csv.Error:
            continue
        same = widths.count(widths[0]) / len(widths) if widths else 0.0
        # The header knows best how many columns there are; a decimal comma is not in it.
        score = same * widths[0] if widths and widths[0] > 1 else 0.0
        if score > most:
            best, most = sign, score
    if not most:
        message = (
            f"{path.name} has no comma, semicolon, tab or bar in its first row, so it is no table "
            "of several columns; export the orders as CSV with column names."
        )
        raise UnreadableFile(message)
    return best
