"""Exchange rates by day: money of one currency as whole minor units of the business's own.

An amount is converted at the rate of its own day, or at the last one known before it, as banks
set none at weekends. All arithmetic is exact decimals, rounded once at the end, half to even.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts import EPOCH
from features.errors import DataError
from features.markets import is_known_currency, minor_unit_digits
from features.schema import RATES
from features.sources.values import MAX_AMOUNT

MAX_AGE_DAYS = 7
"""An older rate is none: over a week a currency may have moved."""

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_NEVER = -(2**40)  # a day so long ago that its rate is always too old
_RATE = RATES.column("rate").type
_AMOUNT = pa.decimal256(19, 0)  # every 64-bit integer fits


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """Amounts in minor units of the business's currency, 0 where there is none.

    `is_stale`: at a rate of 1 to 7 days before; `has_no_rate`: none within 7 days, refuse the row;
    `is_out_of_range`: a million millions or more once converted, refuse the row.
    """

    amounts_minor: Ints
    is_stale: Flags
    has_no_rate: Flags
    is_out_of_range: Flags


class _Rate(NamedTuple):
    row: int
    day: date
    currency: str
    rate: Decimal


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """Every rate of a business, by foreign currency: days since 1970 in order, and their rates."""

    currency: str
    by_currency: Mapping[str, tuple[Ints, pa.Array]]

    @classmethod
    def from_table(
        cls,
        table: pa.Table,
        currency: str,
        *,
        rows: Sequence[int] | None = None,
        name: str = "Exchange rates",
    ) -> Self:
        """The rates of a table in schema.RATES, into this currency of the business.

        `rows` and `name` tell where a row stands in errors; without `rows` the first is row 2, as
        below a header. Raises DataError for a rate that cannot be right.
        """
        wanted = RATES.arrow_schema()
        if not table.schema.remove_metadata().equals(wanted):
            message = (
                f"{name} must have the columns {', '.join(map(str, wanted))}; "
                f"it has {', '.join(map(str, table.schema))}."
            )
            raise DataError(message)
        numbers = range(2, table.num_rows + 2) if rows is None else rows
        columns = (table[name].to_pylist() for name in wanted.names)
        rates: dict[str, dict[date, _Rate]] = {}
        for one in map(_Rate, numbers, *columns):
            other = rates.setdefault(one.currency, {}).setdefault(one.day, one)
            problem = next(_problems(one, other, currency), None)
            if problem:
                raise DataError(f"{name}, row {one.row}: {problem}")
        return cls(currency, {code: _series(rates[code]) for code in sorted(rates)})

    def to_minor(self, amounts_minor: Ints, currency: str, days: Ints) -> Converted:
        """Amounts of one currency, in its minor units, at the rates of these days since 1970."""
        if currency == self.currency:
            none = np.zeros(len(amounts_minor), dtype=np.bool_)
            return Converted(amounts_minor, none, none, none)
        rate_days, rates = self.by_currency.get(currency, _series({}))
        at = np.searchsorted(rate_days, days, side="right") - 1
        age_days = days - rate_days[at]
        has_no_rate = age_days > MAX_AGE_DAYS
        exact = _product(amounts_minor, rates.take(pa.array(at)), self._shift(currency))
        limit = Decimal(MAX_AMOUNT * 10 ** minor_unit_digits(self.currency))
        fits = pc.less(pc.abs(exact), pa.scalar(limit, exact.type))
        whole = pc.if_else(fits, exact, pa.scalar(None, exact.type)).cast(pa.int64())
        return Converted(
            amounts_minor=np.where(has_no_rate, 0, whole.fill_null(0).to_numpy()),
            is_stale=~has_no_rate & (age_days > 0),
            has_no_rate=has_no_rate,
            is_out_of_range=~has_no_rate & ~fits.to_numpy(zero_copy_only=False),
        )

    def _shift(self, currency: str) -> pa.Scalar:
        """What makes a minor unit of this currency one of the business's: 100 from JPY to USD."""
        digits = minor_unit_digits(self.currency) - minor_unit_digits(currency)
        return pa.scalar(Decimal(1).scaleb(digits), pa.decimal256(10, max(0, -digits)))


def _product(amounts: Ints, rates: pa.Array, shift: pa.Scalar) -> pa.Array:
    """Amount x rate x shift as whole numbers, rounded half to even.

    19, 28 and 10 digits make at most 59, far below the 76 that the type holds: none is ever lost.
    """
    wide = rates.cast(pa.decimal256(_RATE.precision, _RATE.scale))
    product = pc.multiply(pc.multiply(pa.array(amounts).cast(_AMOUNT), wide), shift)
    return pc.round(product, ndigits=0, round_mode="half_to_even")


def _problems(one: _Rate, other: _Rate, business_currency: str) -> Iterator[str]:
    """What cannot be right about a rate, with its cure; `other` is the first of the same day."""
    if None in one:
        yield "a value is missing; write day, currency and rate, or leave the row out."
    elif not is_known_currency(one.currency):
        yield f"{one.currency!r} is no ISO 4217 currency; write it like EUR."
    elif one.rate <= 0:
        yield (
            f"the rate {one.rate:f} of {one.currency} is not above zero; write what one "
            f"{one.currency} is worth in {business_currency}."
        )
    elif one.currency == business_currency and one.rate != 1:
        yield (
            f"the rate of {one.currency}, the business's own currency, is {one.rate:f} and not 1; "
            f"rates say what one foreign unit is worth in {business_currency}, so turn the table "
            "round, or leave the row out."
        )
    elif one.rate != other.rate:
        yield (
            f"{one.currency} has the rate {one.rate:f} on {one.day}, but {other.rate:f} in row "
            f"{other.row}; keep one rate a day."
        )


def _series(rates: Mapping[date, _Rate]) -> tuple[Ints, pa.Array]:
    """Days in order and the rate of each, before them one that is always too old."""
    ordered = [rates[day] for day in sorted(rates)]
    days = [_NEVER, *((one.day - EPOCH).days for one in ordered)]
    values = [Decimal(0), *(one.rate for one in ordered)]
    return np.array(days, dtype=np.int64), pa.array(values, _RATE)
