"""What the texts of a row mean: one SQL statement reads and judges a whole chunk of rows.

The statement is made once per file. For every row it gives the values, or the number of the first
rule that the row breaks. Numbers are exact decimals, times microseconds since 1970 as written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import pyarrow as pa

from features.errors import SettingsError
from features.quality import NO_CUSTOMER_ID
from features.settings import OrdersSource
from features.sources.chunks import Kind
from features.sources.columns import Places

MAX_AMOUNT = 10**12
_US_PER_DAY = 86_400_000_000
EPOCH_FORMATS = {"epoch-seconds": 1_000_000, "epoch-milliseconds": 1_000, "epoch-microseconds": 1}
"""Names that timestamp_format may have besides strptime patterns, and their microseconds."""

ISO_TIME = (
    r"^(\d{4}-\d{2}-\d{2})(?:[Tt ]((?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:[.,]\d{1,9})?)?)"
    r"\s*(Z|z|UTC|[+-]\d{2}(?::?[0-5]\d)?)?)?$"
)
_NUMERIC_DATE = r"^\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2,4}.*"
_NO_ID = ("", "-", "null", "none", "nan", "n/a", "#n/a", "<na>")
_NOT_FINITE = r"^[+-]?(nan|inf|infinity)$"
_EXPONENT = r"[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+"
_MAX_ID_CHARS = 200
_MAX_EPOCH_US = 10**16
# Spreadsheets and web forms leave no-break blanks and zero-width signs around an id.
_BLANKS = (
    " \t\r\n\v\f\u00a0\u1680\u2000\u2001\u2002\u2003\u2007\u2009\u200a"
    "\u200b\u200c\u200d\u202f\u2060\u3000\ufeff"
)


class Check(NamedTuple):
    """A rule: its condition is true for rows that break it."""

    condition: str
    code: str
    column: int


@dataclass(frozen=True, slots=True)
class Reader:
    """The statement for one file, and the rules by number."""

    sql: str
    checks: tuple[Check, ...]

    def read(self, connection: duckdb.DuckDBPyConnection, rows: pa.Table) -> pa.Table:
        """One row of values per row of texts, in the same order.

        Columns: row, fault (number of a check, or null), customer_id, is_changed, written_us,
        is_zoned, is_leap, factor_0, factor_1, quantity, market_at, order_id, product,
        paid_until_day, key_0, key_1.
        """
        connection.register("chunk", rows)
        try:
            return connection.sql(self.sql).to_arrow_table()
        except duckdb.InvalidInputException as error:
            message = (
                "sources.orders.timestamp_format is no strptime pattern "
                f"({str(error).splitlines()[0]}); write it like %d/%m/%Y %H:%M."
            )
            raise SettingsError(message) from error
        finally:
            connection.unregister("chunk")


def reader(
    source: OrdersSource, places: Places, kinds: Sequence[Kind], markets: dict[str, str]
) -> Reader:
    """The reader for a file of this source; `markets` gives the currency of each market."""
    factors = [_Number(at, kinds[at], source) for at in places.amount]
    timestamp = _timestamp(places.timestamp, kinds[places.timestamp], source.timestamp_format)
    quantity = (
        None
        if places.quantity is None
        else _Number(places.quantity, kinds[places.quantity], source)
    )
    checks = tuple(_checks(source, places, factors, quantity, markets, kinds))
    faults = " ".join(
        f"WHEN {check.condition} THEN {number}" for number, check in enumerate(checks)
    )
    width = len(kinds) if source.duplicates == "drop" else 0
    second = factors[1].value if len(factors) > 1 else "NULL::DECIMAL(37,18)"
    market_at = (
        "0"
        if places.market is None
        else (
            f"CASE WHEN {_text(places.market)} = '' THEN 0 ELSE list_position("
            f"{_list(markets)}, {_text(places.market)}) - 1 END"
        )
    )
    trimmed = ", ".join(map(_trimmed, places.needed()))
    # The inner selects read the id and the time once; every rule may then use them.
    sql = f"""
        SELECT row, CASE {faults} END AS fault, customer_id,
            customer_id <> c{places.customer_id} AS is_changed,
            written_us, is_zoned, is_leap, {factors[0].value} AS factor_0, {second} AS factor_1,
            {_whole(quantity)} AS quantity, {market_at} AS market_at,
            {_optional(places.order_id)} AS order_id, {_optional(places.product)} AS product,
            {_paid_until(places, kinds, source)} AS paid_until_day,
            {_key(width, "lower")} AS key_0, {_key(width, "upper")} AS key_1
        FROM (SELECT *, nfc_normalize({_text(places.customer_id)}) AS customer_id, {timestamp}
              FROM (SELECT *, {trimmed} FROM chunk))
        """  # noqa: S608 - built from positions and quoted literals only
    return Reader(sql, checks)


def _checks(
    source: OrdersSource,
    places: Places,
    factors: Sequence["_Number"],
    quantity: "_Number | None",
    markets: dict[str, str],
    kinds: Sequence[Kind],
) -> list[Check]:
    who, when = places.customer_id, places.timestamp
    is_naive_text = source.timestamp_format is None
    ambiguous = f"regexp_matches({_text(when)}, {_quote(_NUMERIC_DATE)})"
    checks = [
        Check(f"lower(customer_id) IN ({', '.join(map(_quote, _NO_ID))})", NO_CUSTOMER_ID, who),
        Check(f"length(customer_id) > {_MAX_ID_CHARS}", "customer_id", who),
        Check(r"regexp_matches(customer_id, '[\x00-\x1f\x7f-\x{9f}]')", "control_character", who),
        Check(
            f"written_us IS NULL AND {str(is_naive_text).lower()} AND {ambiguous}",
            "ambiguous_date",
            when,
        ),
        Check("written_us IS NULL", "unreadable_date", when),
        Check(
            "year(make_timestamp(written_us)) NOT BETWEEN 1980 AND 2100", "implausible_date", when
        ),
    ]
    for factor in factors:
        checks += factor.checks()
    if places.currency is not None:
        code = f"upper({_text(places.currency)})"
        allowed = ", ".join(map(_quote, ("", *sorted(set(markets.values())))))
        checks.append(Check(f"{code} NOT IN ({allowed})", "other_currency", places.currency))
    if places.market is not None:
        known = ", ".join(map(_quote, ("", *markets)))
        checks.append(
            Check(f"{_text(places.market)} NOT IN ({known})", "unknown_market", places.market)
        )
    if places.paid_until is not None:
        condition = f"{_paid_until(places, kinds, source)} IS NULL"
        empty = f"{_text(places.paid_until)} = ''"
        checks.append(Check(empty, "open_end", places.paid_until))
        checks.append(Check(condition, "unreadable_date", places.paid_until))
        year = f"year(make_timestamp({_paid_until(places, kinds, source)} * {_US_PER_DAY}))"
        checks.append(
            Check(f"{year} NOT BETWEEN 1980 AND 2100", "implausible_date", places.paid_until)
        )
    if quantity is not None:
        condition = f"{quantity.text} <> '' AND {_whole(quantity)} IS NULL"
        checks.append(Check(condition, "quantity", quantity.at))
    return checks


class _Number:
    """A column of numbers as SQL: its text, its exact value, and the rules it may break."""

    def __init__(self, at: int, kind: Kind, source: OrdersSource) -> None:
        self.at = at
        self.text = _text(at)
        decimal, thousands = (
            (".", "") if kind == "number" else (source.csv.decimal, source.csv.thousands)
        )
        plain = self.text
        if thousands == " ":
            plain = f"translate({plain}, chr(160) || chr(8239), '  ')"
        point, between = f"\\{decimal}", f"\\{thousands}" if thousands else ""
        whole = rf"(?:\d+|\d{{1,3}}(?:{between}\d{{3}})+)" if between else r"\d+"
        pattern = rf"^[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)$"
        if kind == "number":  # a float far from 1 is shown with an exponent
            pattern = rf"(?:{pattern}|^{_EXPONENT}$)"
        self.is_number = f"regexp_matches({plain}, {_quote(pattern)})"
        clean = f"replace({plain}, {_quote(thousands)}, '')" if thousands else plain
        clean = f"replace({clean}, ',', '.')" if decimal == "," else clean
        self.value = f"CASE WHEN {self.is_number} THEN TRY_CAST({clean} AS DECIMAL(37,18)) END"

    def checks(self) -> list[Check]:
        """The rules for an amount, the most telling first."""
        huge = (
            f"regexp_full_match({self.text}, {_quote(_EXPONENT)}) AND "
            f"coalesce(abs(TRY_CAST({self.text} AS DOUBLE)), 'inf'::DOUBLE) >= {MAX_AMOUNT}"
        )
        not_finite = f"regexp_matches(lower({self.text}), {_quote(_NOT_FINITE)})"
        return [
            Check(not_finite, "not_finite", self.at),
            Check(huge, "out_of_range", self.at),
            Check(f"NOT {self.is_number}", "amount", self.at),
            Check(f"coalesce(abs({self.value}) >= {MAX_AMOUNT}, true)", "out_of_range", self.at),
        ]


def _timestamp(at: int, kind: Kind, pattern: str | None) -> str:
    """SQL of written_us, is_zoned and is_leap."""
    text = _text(at)
    if pattern is not None and pattern in EPOCH_FORMATS and kind != "moment":
        return f"{epoch_us(text, pattern)} AS written_us, true AS is_zoned, false AS is_leap"
    if pattern is not None and kind != "moment":
        is_zoned = str("%z" in pattern or "%Z" in pattern).lower()
        us = f"epoch_us(TRY_STRPTIME({text}, {_quote(pattern)}))"
        return f"{us} AS written_us, {is_zoned} AS is_zoned, false AS is_leap"
    parts = f"regexp_extract({text}, {_quote(ISO_TIME)}, ['day', 'clock', 'zone'])"
    clock = "replace(replace(iso['clock'], ':60', ':59'), ',', '.')"
    moment = f"TRY_CAST(iso['day'] || ' ' || coalesce(nullif({clock}, ''), '00:00') AS TIMESTAMP)"
    zone, sign = "replace(iso['zone'], ':', '')", "iso['zone'][1]"
    minutes = (
        f"CASE WHEN {sign} IN ('+', '-') THEN (CASE {sign} WHEN '-' THEN -1 ELSE 1 END)"
        f" * (60 * TRY_CAST({zone}[2:3] AS BIGINT)"
        f" + coalesce(TRY_CAST({zone}[4:5] AS BIGINT), 0)) ELSE 0 END"
    )
    return (
        f"{parts} AS iso, epoch_us({moment}) - 60000000 * {minutes} AS written_us, "
        "iso['zone'] <> '' AS is_zoned, iso['clock'] LIKE '%:60%' AS is_leap"
    )


def _paid_until(places: Places, kinds: Sequence[Kind], source: OrdersSource) -> str:
    """SQL of a day as days since 1970, null if it is empty or unreadable."""
    if places.paid_until is None:
        return "NULL::BIGINT"
    text, pattern = _text(places.paid_until), source.timestamp_format
    if pattern is None or kinds[places.paid_until] == "moment":
        day = f"TRY_CAST(regexp_extract({text}, {_quote(ISO_TIME)}, 1) AS TIMESTAMP)"
        us = f"epoch_us({day})"
    elif pattern in EPOCH_FORMATS:
        us = epoch_us(text, pattern)
    else:
        us = f"epoch_us(TRY_STRPTIME({text}, {_quote(pattern)}))"
    return f"{us} // {_US_PER_DAY}"


def epoch_us(text: str, pattern: str) -> str:
    """SQL of the microseconds since 1970 of a count, null if it is none or far from our time."""
    # The engine stops at an overflow instead of giving null, so the product is taken wide.
    us = f"TRY_CAST({text} AS BIGINT)::HUGEINT * {EPOCH_FORMATS[pattern]}"
    return f"CASE WHEN {us} BETWEEN -{_MAX_EPOCH_US} AND {_MAX_EPOCH_US} THEN ({us})::BIGINT END"


def _trimmed(at: int) -> str:
    """SQL of a column without outer blanks; most values have none, which is told faster."""
    return (
        f"CASE WHEN regexp_matches(c{at}, '(?s)^[!-~](.*[!-~])?$') THEN c{at} "
        f"ELSE trim(coalesce(c{at}, ''), {_quote(_BLANKS)}) END AS t{at}"
    )


def _text(at: int) -> str:
    return f"t{at}"


def _optional(at: int | None) -> str:
    return "NULL::VARCHAR" if at is None else f"nullif(nfc_normalize({_text(at)}), '')"


def _whole(number: _Number | None) -> str:
    if number is None:
        return "NULL::BIGINT"
    fits = f"abs({number.value}) < {MAX_AMOUNT} AND {number.value} = trunc({number.value})"
    return f"CASE WHEN {fits} THEN TRY_CAST({number.value} AS BIGINT) END"


def _key(width: int, half: str) -> str:
    """SQL of half a fingerprint over all columns; lengths keep `ab|c` apart from `a|bc`."""
    if not width:
        return "NULL::UBIGINT"
    names = (f"c{at}" for at in range(width))
    parts = ", ".join(f"coalesce(strlen({name})::VARCHAR || ':' || {name}, '-')" for name in names)
    return f"md5_number_{half}(concat({parts}))"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _list(texts: dict[str, str]) -> str:
    return f"[{', '.join(map(_quote, texts))}]"
