"""What the columns of a snapshot table are: numbers, times or categories, by the one rule for all.

What a column is, the table learned from decides; every other table must then write it so. A text of
which nearly all values are numbers (or times) is a column of numbers (or times), and the few others
are refused by name: a number read as a word would silently be another column.
"""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from features.errors import DataError
from features.sources.samples import (
    MOST,
    NumberGuess,
    number_guess,
    number_share,
    time_guess,
)
from features.sources.snapshot import SnapshotTable
from features.sources.values import EPOCH_FORMATS

SAMPLE_VALUES = 20_000
NO_VALUE = frozenset({"null", "nan", "n/a", "#n/a", "na", "none", "nil", "-", "?", "\\n"})
"""Words that mean nothing in a column of numbers or times; in one of words they are words."""

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
_CODE = re.compile(r"0\d+")
_MARKS = r"[^\d.,+\-' ]"


PLAIN_NUMBER = NumberGuess(".", "", is_sure=True)


@dataclass(frozen=True, slots=True)
class ColumnType:
    """What a column is, and how the source writes it: None as pattern of a time is ISO 8601."""

    kind: Literal["number", "time", "category"]
    number: NumberGuess = PLAIN_NUMBER
    pattern: str | None = None
    is_written: bool = False


def column_type(table: SnapshotTable, name: str) -> ColumnType:
    """What this column is. Raises DataError if its times may be day or month first."""
    if table.kinds[name] != "text":
        return ColumnType("number" if table.kinds[name] == "number" else "time")
    texts = _filled(table.texts[name])
    # Codes such as 00123 would lose their zeros as numbers.
    if texts.map(lambda text: bool(_CODE.fullmatch(text))).any() or not len(texts):
        return ColumnType("category")
    if texts.map(lambda text: bool(_PLAIN.fullmatch(text))).mean() >= MOST:
        return ColumnType("number")
    sample = texts.iloc[:SAMPLE_VALUES].tolist()
    if (times := time_guess(sample)) is not None:
        if times.other is not None:
            message = (
                f"Column {name!r} of {table.title} may write day or month first, no value decides "
                f"it; write its days as 2026-01-31, or leave it out with --drop {name!r}."
            )
            raise DataError(message)
        return ColumnType("time", pattern=times.pattern, is_written=True)
    if number_share(sample) < MOST:
        return ColumnType("category")
    return ColumnType("number", number=number_guess(sample), is_written=True)


def typed(table: SnapshotTable, name: str, kind: ColumnType) -> pd.Series:
    """The column as float64 (infinities kept), datetime64 or texts, missing where it says nothing.

    Raises DataError that names the first row whose value is none of its type.
    """
    texts = table.texts[name]
    if kind.kind == "category":
        return _truths_alike(texts)
    said = texts.where(~texts.str.lower().isin(NO_VALUE), None)
    is_plain = table.kinds[name] != "text"
    values = (
        _numbers(said, kind, is_plain=is_plain) if kind.kind == "number" else _times(said, kind)
    )
    wrong = said.notna() & values.isna()
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        message = (
            f"Column {name!r} of {table.title} is one of {kind.kind}s, but {said.iloc[at]!r} in "
            f"row {table.rows[at]:,} is none ({int(wrong.sum()):,} row(s) in all); correct it, or "
            f"leave the column out with --drop {name!r}."
        )
        raise DataError(message)
    return values


def _filled(texts: pd.Series) -> pd.Series:
    filled = texts.dropna()
    return filled[~filled.str.lower().isin(NO_VALUE)]


def _numbers(texts: pd.Series, kind: ColumnType, *, is_plain: bool) -> pd.Series:
    plain = texts.where(texts.isna(), texts.astype("str")) if is_plain else texts
    if kind.is_written and not is_plain:
        plain = plain.str.replace(_MARKS, "", regex=True).str.replace(r"^\s+|\s+$", "", regex=True)
        for sign in (kind.number.thousands, "\u00a0", "\u202f", " "):
            plain = plain.str.replace(sign, "", regex=False) if sign else plain
        if kind.number.decimal == ",":
            plain = plain.str.replace(",", ".", regex=False)
    return pd.to_numeric(plain, errors="coerce").astype(np.float64)


def _times(texts: pd.Series, kind: ColumnType) -> pd.Series:
    if kind.pattern in EPOCH_FORMATS:
        seconds = pd.to_numeric(texts, errors="coerce") * EPOCH_FORMATS[kind.pattern] / 1_000_000
        return pd.to_datetime(seconds, unit="s", errors="coerce")
    pattern = kind.pattern or "ISO8601"
    read = pd.to_datetime(texts, format=pattern, errors="coerce", utc=True)
    return read.dt.tz_localize(None)


def _truths_alike(texts: pd.Series) -> pd.Series:
    """True, TRUE and true are one value, whichever program wrote the file."""
    lower = texts.str.lower()
    return texts.where(~lower.isin({"true", "false"}), lower)
