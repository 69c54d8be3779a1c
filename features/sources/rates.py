"""Exchange rates from a file: every row right, or none is taken.

A rate table is small and every amount hangs on it, so a bad row is an error, not a refusal.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from features.contracts import Table
from features.errors import DataError, MissingColumns
from features.market_settings import RatesSource
from features.rates import Rates
from features.schema import RATES
from features.sources.chunks import Chunk, Kind, check_types
from features.sources.parquet import ParquetFile
from features.sources.text import TextFile

_Value: TypeAlias = date | str | Decimal
_Read: TypeAlias = Callable[[str], _Value]

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]00:00:00(?:\.0+)?)?", re.ASCII)
_RATE = RATES.column("rate").type
_STEP = Decimal(1).scaleb(-_RATE.scale)
_WHOLE_DIGITS = _RATE.precision - _RATE.scale


def read_rates(source: RatesSource, business_currency: str) -> Rates:
    """The rates of a file, into the business's currency.

    Raises DataError that names row, column and cure for the first row that is not right,
    MissingColumns or UnreadableFile if the file is no such table.
    """
    is_text = source.format == "csv"
    file = TextFile(source.path, source.csv) if is_text else ParquetFile(source.path)
    places = _places(file.names, source)
    if isinstance(file, ParquetFile):
        check_types(file, places)
    reads: tuple[_Read, _Read, _Read] = (_day, _currency, _number(source, file.kinds[places[2]]))
    rows: list[int] = []
    values: list[tuple[_Value, ...]] = []
    for chunk in file.chunks():
        for row, texts in _rows(chunk, places, source.path):
            names = (file.names[at] for at in places)
            cells = zip(names, texts, reads, strict=True)
            rows.append(row)
            values.append(tuple(_value(source.path, row, *cell) for cell in cells))
    if not rows:
        raise DataError(f"{source.path.name} holds no exchange rates; export it again.")
    return Rates.from_table(
        _table(RATES, values), business_currency, rows=rows, name=source.path.name
    )


def _table(contract: Table, rows: Sequence[tuple[_Value, ...]]) -> pa.Table:
    schema = contract.arrow_schema()
    columns = zip(*rows, strict=True)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _places(names: Sequence[str], source: RatesSource) -> list[int]:
    """Positions of day, currency and rate."""
    for role, name in source.columns.model_dump().items():
        if names.count(name) != 1:
            found = "more than one" if name in names else "no"
            close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            meant = f" Did you mean {close[0]!r}?" if close and close[0] != name else ""
            message = (
                f"{source.path.name} has {found} column {name!r}; it has {', '.join(names)}.{meant}"
                f" Map it as sources.rates.columns.{role}, or set sources.rates.csv.separator."
            )
            raise MissingColumns(message)
    return [names.index(name) for name in source.columns.model_dump().values()]


def _rows(chunk: Chunk, places: Sequence[int], path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Row number and the texts of day, currency and rate, without outer blanks."""
    for refusal in chunk.refused:
        column = f", column {refusal.column!r}" if refusal.column else ""
        raise DataError(f"{path.name}, row {refusal.row}{column}: {refusal.reason}")
    columns = [chunk.table[name].to_pylist() for name in ("row", *(f"c{at}" for at in places))]
    for row, *texts in zip(*columns, strict=True):
        yield row, tuple((text or "").strip() for text in texts)


def _value(path: Path, row: int, name: str, text: str, read: _Read) -> _Value:
    """The value of one cell. Raises DataError."""
    try:
        if text:
            return read(text)
        problem = "is empty; write a value, or leave the row out"
    except ValueError as error:
        problem = f"{text!r} {error}"
    raise DataError(f"{path.name}, row {row}, column {name!r}: {problem}.")


def _day(text: str) -> date:
    found = _DAY.fullmatch(text)
    try:
        day = date.fromisoformat(found[1]) if found else None
    except ValueError:
        day = None
    if day is None:
        message = "is no day or does not exist; write it as 2026-01-31"
        raise ValueError(message)
    if not 1980 <= day.year <= 2100:
        message = "is before 1980 or after 2100; check the column"
        raise ValueError(message)
    return day


def _currency(text: str) -> str:
    return text.upper()  # whether it is one is judged with the rates


def _number(source: RatesSource, kind: Kind) -> _Read:
    """How the texts of the rate are read: a file's own numbers, or as its format writes them."""
    decimal, thousands = source.csv.decimal, source.csv.thousands
    if source.format == "parquet":
        decimal, thousands = ".", ""
    between = f"[{re.escape(thousands)}]" if thousands else ""
    whole = rf"(?:\d+|\d{{1,3}}(?:{between}\d{{3}})+)" if between else r"\d+"
    exponent = r"(?:[eE][+-]?\d{1,3})?" if kind == "number" else ""
    pattern = re.compile(rf"[+-]?{whole}(?:{re.escape(decimal)}\d+)?{exponent}", re.ASCII)

    def read(text: str) -> Decimal:
        if not pattern.fullmatch(text):
            message = f"is no number with {decimal!r} as its decimal sign; write it like 1.0823"
            raise ValueError(message)
        return _fitting(Decimal(text.replace(thousands, "").replace(decimal, ".")))

    return read


def _fitting(rate: Decimal) -> Decimal:
    """The rate, if the type of the contract holds it to its last digit."""
    if rate.adjusted() >= _WHOLE_DIGITS:
        message = f"has more than {_WHOLE_DIGITS} digits before the point; check the column"
        raise ValueError(message)
    if rate != rate.quantize(_STEP):
        message = f"has more than {_RATE.scale} decimals; round it to {_RATE.scale}"
        raise ValueError(message)
    return rate
