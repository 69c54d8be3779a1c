"""One SQL statement reads and judges a whole chunk of rows, by the contract of their table.

The statement is made once per source. For every row it gives the values, or the number of the
first rule that the row breaks. Numbers are exact decimals, times microseconds since 1970 as
written; what needs a clock, a rate or another row is judged after it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from features.account import NO_CUSTOMER_ID
from features.contracts import Column, Reads, Table
from features.currencies import last_days
from features.errors import SettingsError
from features.schema import EVENT
from features.source_settings import TableSource
from features.sources import values
from features.sources.chunks import Kind
from features.sources.columns import About, Places
from features.sources.endings import ENDINGS
from features.sources.values import Check, Number, quoted

MOMENTS = ("timestamp", "arrived_at", "closed_at", "ended_on")
"""Roles that are times; each gives three columns, `_us`, `_zoned` and `_leap`."""

_NO_ID = ("", "-", "null", "none", "nan", "n/a", "#n/a", "<na>")
_MAX_ID_CHARS = 200
YEARS = (1980, 2100)
YEARS_OF = {"born": (1900, 2100), "registered": (1900, 2100)}
_SIGNED = frozenset({"quantity"})
# Checks of amounts come first, then those of what they are in, then the others.
_ORDER: tuple[Reads, ...] = ("money", "moment", "day", "count", "number", "word", "flag")


@dataclass(frozen=True, slots=True)
class Reader:
    """The statement for one source, and the rules by number."""

    sql: str
    checks: tuple[Check, ...]
    format_key: str

    def read(self, connection: duckdb.DuckDBPyConnection, rows: pa.Table) -> pa.Table:
        """One row of values per row of texts, in the same order.

        Columns: row, fault (number of a check, or null), is_changed, three of each moment,
        market_at, currency, customer_id, event_id, key_0 and key_1 (identity), content_0 and
        content_1 (of what is mapped, without times), where rows tell an end the same again as
        whole_* and ending_*; then the columns of the contract, money and decimals as two factors.
        """
        connection.register("chunk", rows)
        try:
            return connection.sql(self.sql).to_arrow_table()
        except duckdb.InvalidInputException as error:
            message = (
                f"{self.format_key} is no strptime pattern "
                f"({str(error).splitlines()[0]}); write it like %d/%m/%Y %H:%M."
            )
            raise SettingsError(message) from error
        finally:
            connection.unregister("chunk")


def reader(
    table: Table,
    source: TableSource,
    places: Places,
    kinds: Sequence[Kind],
    currencies: Mapping[str, str],
) -> Reader:
    """The reader for a source of this table; `currencies` gives that of each market by name."""
    # A constant of the settings is written as a Parquet file's values are: numbers with a decimal
    # point, times in ISO 8601, whatever the text of the file looks like.
    moments = {at for role in MOMENTS for at in places.at.get(role, ())}
    positions = range(places.width, places.width + len(places.constants))
    constants: list[Kind] = ["moment" if at in moments else "number" for at in positions]
    every_kind = [*kinds, *constants]
    statement = _Statement(table, source, places, every_kind, currencies)
    key = About(source.title, table.name).key("timestamp_format")
    return Reader(statement.sql(), tuple(statement.every_check()), key)


class _Statement:
    """The parts of a statement, gathered column by column."""

    def __init__(
        self,
        table: Table,
        source: TableSource,
        places: Places,
        kinds: Sequence[Kind],
        currencies: Mapping[str, str],
    ) -> None:
        self._table, self._source, self._places, self._kinds = table, source, places, kinds
        self._currencies = currencies
        self._selects: list[str] = []
        self._checks: dict[str, list[Check]] = {reads: [] for reads in _ORDER}
        # The text of each value as it is meant, so that 10.5 and 10.50 have the same content.
        self._canonical: dict[str, list[str]] = {"customer_id": ["customer_id"]}
        self._ending = ENDINGS.get(table.name)
        kinds_of: dict[Reads, Callable[[Column, str], None]] = {
            "money": self._money,
            "number": self._number,
            "count": self._count,
            "day": self._day,
            "word": self._word,
            "flag": self._flag,
            "text": self._text,
            "id": self._text,
        }
        for column in table.columns[len(EVENT) :]:
            role = column.role or column.name
            if column.reads is not None and role in places.at:
                kinds_of[column.reads](column, role)
        for role in MOMENTS[1:]:
            if role in places.at:
                self._checks["moment"] += self._time_checks(role, required=False)

    def sql(self) -> str:
        """The statement; it reads from `chunk`."""
        who = self._places.at["customer_id"][0]
        faults = " ".join(
            f"WHEN {check.condition} THEN {n}" for n, check in enumerate(self.every_check())
        )
        roles = [role for role in MOMENTS if role in self._places.at]
        moments = ", ".join(self._moment(role) for role in roles)
        names = [f"{role}_{part}" for role in roles for part in ("us", "zoned", "leap")]
        positions = sorted({at for every in self._places.at.values() for at in every})
        trimmed = ", ".join(map(values.trimmed, positions))
        constants = "".join(
            f", {quoted(text)} AS c{self._places.width + n}"
            for n, text in enumerate(self._places.constants)
        )
        digests = self._digests()
        selects = [
            "row",
            f"CASE {faults} END AS fault",
            "customer_id",
            f"customer_id <> c{who} AS is_changed",
            *names,
            f"{self._market_at()} AS market_at",
            f"{self._currency()} AS currency",
            f"{self._event_id()} AS event_id",
            *self._selects,
            *(f"{sql} AS {name}" for name, sql in digests.items()),
        ]
        # The inner selects read the id and the times once; every rule may then use them.
        return f"""
            SELECT * EXCLUDE ({", ".join(digests)}), {", ".join(map(values.halves, digests))}
            FROM (SELECT {", ".join(selects)}
            FROM (SELECT *, nfc_normalize({values.text_of(who)}) AS customer_id, {moments}
                  FROM (SELECT *, {trimmed} FROM (SELECT *{constants} FROM chunk))))
            """  # noqa: S608 - built from positions and quoted literals only

    def every_check(self) -> list[Check]:
        """The rules by number, the first that is broken being told."""
        money, *others = (self._checks[reads] for reads in _ORDER)
        first = [*self._customer_checks(), *self._time_checks("timestamp", required=True)]
        return [*first, *money, *self._where_checks(), *(one for part in others for one in part)]

    def _customer_checks(self) -> list[Check]:
        who, role = self._places.at["customer_id"][0], "customer_id"
        return [
            Check(f"lower(customer_id) IN ({_listed(_NO_ID)})", NO_CUSTOMER_ID, who, role),
            Check(f"length(customer_id) > {_MAX_ID_CHARS}", "customer_id", who, role),
            Check(
                r"regexp_matches(customer_id, '[\x00-\x1f\x7f-\x{9f}]')",
                "control_character",
                who,
                role,
            ),
        ]

    def _where_checks(self) -> list[Check]:
        """Rules of currency and market."""
        checks = []
        currency, market = self._places.of("currency"), self._places.of("market")
        if currency is not None:
            code = f"upper({values.text_of(currency)})"
            unknown = f"{code} NOT IN ({_listed(('', *last_days()))})"
            checks.append(Check(unknown, "unknown_currency", currency, "currency"))
            checks.append(Check(_is_obsolete(code), "obsolete_currency", currency, "currency"))
        if market is not None:
            condition = f"{values.text_of(market)} NOT IN ({_listed(('', *self._currencies))})"
            checks.append(Check(condition, "unknown_market", market, "market"))
        return checks

    def _time_checks(self, role: str, *, required: bool) -> list[Check]:
        year = f"year(make_timestamp({role}_us))"
        return self._calendar_checks(role, f"{role}_us IS NULL", year, required=required)

    def _calendar_checks(
        self, role: str, unreadable: str, year: str, *, required: bool
    ) -> list[Check]:
        at = self._places.at[role][0]
        text = values.text_of(at)
        given = "" if required else f"{text} <> '' AND "
        is_iso = str(self._source.timestamp_format is None).lower()
        ambiguous = f"{is_iso} AND regexp_matches({text}, {quoted(values.NUMERIC_DATE)})"
        first, last = YEARS_OF.get(role, YEARS)
        return [
            Check(f"{given}{unreadable} AND {ambiguous}", "ambiguous_date", at, role),
            Check(f"{given}{unreadable}", "unreadable_date", at, role),
            Check(f"{year} NOT BETWEEN {first} AND {last}", "implausible_date", at, role),
        ]

    def _moment(self, role: str) -> str:
        at = self._places.at[role][0]
        return values.moment(role, at, self._kinds[at], self._source.timestamp_format)

    def _market_at(self) -> str:
        """SQL of the market's position in the settings; 0 is that of rows that name none."""
        at = self._places.of("market")
        if at is None:
            return "0"
        text, names = values.text_of(at), _listed(self._currencies)
        name = f"coalesce(nullif({text}, ''), {quoted(next(iter(self._currencies)))})"
        self._canonical["market"] = [name]
        return f"CASE WHEN {text} = '' THEN 0 ELSE list_position([{names}], {text}) - 1 END"

    def _currency(self) -> str:
        """SQL of the row's currency: its own, or that of its market."""
        own = f"([{_listed(self._currencies.values())}])[coalesce(market_at, 0) + 1]"
        at = self._places.of("currency")
        if at is None:
            return own
        code = f"coalesce(nullif(upper({values.text_of(at)}), ''), {own})"
        self._canonical["currency"] = [code]
        return code

    def _event_id(self) -> str:
        """SQL of the id of the row; words such as NULL are none."""
        at = self._places.of("event_id")
        if at is None:
            return "NULL::VARCHAR"
        text = values.text(at)
        return f"CASE WHEN lower({text}) NOT IN ({_listed(_NO_ID)}) THEN {text} END"

    def _number_of(self, at: int) -> Number:
        return Number(at, self._kinds[at], self._source.csv)

    def _money(self, column: Column, role: str) -> None:
        self._decimal(column, role, "amount")

    def _number(self, column: Column, role: str) -> None:
        self._decimal(column, role, "number")

    def _decimal(self, column: Column, role: str, code: str) -> None:
        numbers = [self._number_of(at) for at in self._places.at[role]]
        factors = [number.value for number in numbers] + ["NULL::DECIMAL(37,18)"]
        for n, factor in enumerate(factors[:2]):
            self._selects.append(f"{factor} AS {column.name}_{n}")
            self._canonical.setdefault(role, []).append(f"{column.name}_{n}::VARCHAR")
        for number in numbers:
            self._checks["money"] += number.checks(code, role, required=column.required)

    def _count(self, column: Column, role: str) -> None:
        at = self._places.at[role][0]
        number = self._number_of(at)
        self._add(column, role, number.whole)
        code = "quantity" if role == "quantity" else "count"
        unreadable = f"{number.text} <> '' AND {number.whole} IS NULL"
        self._checks["count"].append(Check(unreadable, code, at, role))
        if role not in _SIGNED:
            self._checks["count"].append(Check(f"{number.whole} < 0", "negative", at, role))

    def _day(self, column: Column, role: str) -> None:
        at = self._places.at[role][0]
        day = values.day(at, self._kinds[at], self._source.timestamp_format)
        self._add(column, role, day)
        if role == "paid_until":
            self._checks["day"].append(Check(f"{values.text_of(at)} = ''", "open_end", at, role))
        year = f"year(make_timestamp({day} * {values.US_PER_DAY}))"
        self._checks["day"] += self._calendar_checks(role, f"({day}) IS NULL", year, required=False)

    def _word(self, column: Column, role: str) -> None:
        self._named(column, role, values.word(self._places.at[role][0], self._source.words))

    def _flag(self, column: Column, role: str) -> None:
        self._named(column, role, values.flag(self._places.at[role][0], self._source.words))

    def _named(self, column: Column, role: str, sql: str) -> None:
        at = self._places.at[role][0]
        self._add(column, role, sql)
        given = "" if column.required else f"{values.text_of(at)} <> '' AND "
        reads = column.reads or "word"
        self._checks[reads].append(Check(f"{given}({sql}) IS NULL", reads, at, role))

    def _text(self, column: Column, role: str) -> None:
        self._add(column, role, values.text(self._places.at[role][0]))

    def _add(self, column: Column, role: str, sql: str) -> None:
        self._selects.append(f"{sql} AS {column.name}")
        self._canonical[role] = [f"{column.name}::VARCHAR"]

    def _digests(self) -> dict[str, str]:
        """SQL of the identity of a row and of its content, times apart, 128 bits each."""
        if self._ending is None:
            texts = {"key": self._identity(), "content": self._content()}
        else:
            late = self._ending.roles | {self._ending.role}
            texts = {
                "key": self._identity(late),
                "content": self._content(late),
                "whole": self._identity(),
                "ending": self._content(),
            }
        return {name: f"md5_number({text})" for name, text in texts.items()}

    def _identity(self, without: frozenset[str] = frozenset()) -> str:
        """The id of the row if it has one, else all columns of the source."""
        left_out = {at for role in without for at in self._places.at.get(role, ())}
        kept = (f"c{at}" for at in range(self._places.width) if at not in left_out)
        row = ", ".join(map(values.piece, kept))
        text = f"concat({quoted(self._table.name + ' row ')}, {row})"
        if "event_id" not in self._places.at:
            return text
        return f"coalesce({quoted(self._table.name + ' id ')} || event_id, {text})"

    def _content(self, without: frozenset[str] = frozenset()) -> str:
        """What the mapped columns mean; a column that is empty counts as one that is not mapped."""
        pieces = [
            values.piece(sql, f"{role} ")
            for role, texts in self._canonical.items()
            if role not in without
            for sql in texts
        ]
        return f"concat({', '.join(pieces)})"


def _is_obsolete(code: str) -> str:
    """SQL of whether a currency was no longer money at the time of the row."""
    ended = {code: last for code, last in last_days().items() if last is not None}
    cases = " ".join(f"WHEN {quoted(name)} THEN DATE '{last}'" for name, last in ended.items())
    last_day = f"CASE {code} {cases} END"
    return f"{code} IN ({_listed(ended)}) AND make_timestamp(timestamp_us)::DATE > {last_day}"


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(map(quoted, texts))
