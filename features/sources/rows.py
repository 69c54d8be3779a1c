"""What the statement read of some rows, made of one kind: moments of a clock, whole units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from features.contracts import Table
from features.market_settings import Market
from features.markets import time_zone
from features.rates import Rates
from features.sources.arrays import Column, Flags, Ints, flags, ints, is_filled
from features.sources.clock import Clocks, Moments
from features.sources.columns import Places
from features.sources.endings import ENDINGS, Ending
from features.sources.money import Amounts, into_business_currency, whole_units

SCORE_DIGITS = 2
"""Decimals of a score, which is kept in hundredths."""


class Business(Protocol):
    """What reading needs to know about a business; Settings is one."""

    @property
    def markets(self) -> Mapping[str, Market]:
        """Clock and currency of each market."""

    @property
    def default_market(self) -> str:
        """The market of rows that name none."""

    @property
    def currency(self) -> str:
        """The currency of every amount inside."""


@dataclass(frozen=True, slots=True)
class Markets:
    """The markets of a business; position 0 is that of rows that name none."""

    currencies: Mapping[str, str]
    zones: tuple[ZoneInfo, ...]
    currency: str
    rates: Rates | None

    @classmethod
    def of(cls, business: Business, rates: Rates | None = None) -> Self:
        """Those of this business, with the rates of other currencies."""
        first = business.default_market
        names = [first, *(name for name in business.markets if name != first)]
        return cls(
            currencies={name: business.markets[name].currency for name in names},
            zones=tuple(time_zone(business.markets[name].time_zone) for name in names),
            currency=business.currency,
            rates=rates,
        )


class Scaled(NamedTuple):
    """A column of decimals that was made whole: its name, its role, and whether it is money."""

    name: str
    role: str
    is_money: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a source, one value a row in every field.

    `values` is what the statement gave, `row_at` each row's position in the source, `columns` those
    of the contract that need no more than the statement.
    """

    values: pa.Table
    row_at: Ints
    markets: pa.Array
    when: Moments
    known_day: Ints
    arrived_us: Ints
    columns: Mapping[str, Column]
    numbers: tuple[Scaled, ...]
    has_no_rate: Mapping[str, Flags]
    ending: Ending | None
    ends: Moments | None


def rows_of(
    table: Table, values: pa.Table, places: Places, markets: Markets, first_at: int
) -> Rows:
    """The rows that a statement gave, the first standing at this position of the source."""
    market_at = ints(values["market_at"], 0)
    clocks = Clocks(markets.zones)

    def moments(role: str) -> Moments:
        written_us = ints(values[f"{role}_us"], 0)
        return clocks.moments(written_us, flags(values[f"{role}_zoned"]), market_at)

    when = arrived = moments("timestamp")
    if "arrived_at" in places.at:
        arrived = _where(is_filled(values["arrived_at_us"]), moments("arrived_at"), when)
    ending = ENDINGS.get(table.name)
    columns, numbers, has_no_rate = _columns(table, values, markets, when.local_day)
    return Rows(
        values=values,
        row_at=np.arange(first_at, first_at + values.num_rows),
        markets=pa.array(markets.currencies, pa.string()).take(pa.array(market_at)),
        when=when,
        known_day=arrived.local_day,
        arrived_us=arrived.utc_us,
        columns=columns,
        numbers=tuple(numbers),
        has_no_rate=has_no_rate,
        ending=ending,
        ends=moments(ending.role) if ending is not None and ending.role in places.at else None,
    )


def _columns(
    table: Table, values: pa.Table, markets: Markets, days: Ints
) -> tuple[dict[str, Column], list[Scaled], dict[str, Flags]]:
    columns: dict[str, Column] = {}
    numbers: list[Scaled] = []
    has_no_rate: dict[str, Flags] = {}
    for column in table.columns:
        name, first, second = column.name, f"{column.name}_0", f"{column.name}_1"
        if name in values.column_names:
            columns[name] = values[name]
        elif first in values.column_names:
            is_money = column.reads == "money"
            numbers.append(Scaled(name, column.role or name, is_money))
            if is_money:
                amounts = Amounts(values[first], values[second], values["currency"], days)
                columns[name], has_no_rate[name] = into_business_currency(
                    amounts, markets.currency, markets.rates
                )
            else:
                columns[name] = whole_units(values[first], values[second], SCORE_DIGITS)
    return columns, numbers, has_no_rate


def _where(mask: Flags, first: Moments, second: Moments) -> Moments:
    """The first moments where the mask says so, else the second."""
    return Moments(
        np.where(mask, first.utc_us, second.utc_us),
        np.where(mask, first.local_us, second.local_us),
        np.where(mask, first.skipped, second.skipped),
        np.where(mask, first.repeated, second.repeated),
    )
