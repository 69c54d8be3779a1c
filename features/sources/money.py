"""Numbers as whole units: exact decimals in, integers out, half to even."""

from decimal import Decimal
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.markets import minor_unit_digits
from features.rates import Rates
from features.sources.values import MAX_AMOUNT

_Array: TypeAlias = pa.Array | pa.ChunkedArray


class InBusinessCurrency(NamedTuple):
    """Money in minor units of the business's currency; `has_no_rate` where it has none."""

    amounts_minor: _Array
    has_no_rate: npt.NDArray[np.bool_]


class Amounts(NamedTuple):
    """Money as it was written: a number or two factors, a currency, and the day of each row."""

    first: _Array
    second: _Array
    codes: _Array
    days: npt.NDArray[np.int64]


def into_business_currency(
    amounts: Amounts, business_currency: str, rates: Rates | None
) -> InBusinessCurrency:
    """Money of each row, given in the currency of its code, in the business's own.

    Each is rounded to minor units of its own currency, then converted by the rate of its day.
    Without rates another currency has none.
    """
    codes = amounts.codes.combine_chunks() if hasattr(amounts.codes, "chunks") else amounts.codes
    is_foreign = pc.not_equal(codes, business_currency).to_numpy(zero_copy_only=False)
    own = whole_units(amounts.first, amounts.second, minor_unit_digits(business_currency))
    if rates is None or not is_foreign.any():
        return InBusinessCurrency(own, is_foreign)
    minor = pc.fill_null(own, 0).to_numpy(zero_copy_only=False).copy()
    is_known = ~own.is_null().to_numpy(zero_copy_only=False)
    has_no_rate = np.zeros(len(minor), dtype=np.bool_)
    for code in pc.unique(codes.filter(pa.array(is_foreign))).to_pylist():
        rows = np.flatnonzero(pc.equal(codes, code).to_numpy(zero_copy_only=False))
        at = pa.array(rows)
        exact = whole_units(
            amounts.first.take(at), amounts.second.take(at), minor_unit_digits(code)
        )
        given = pc.fill_null(exact, 0).to_numpy(zero_copy_only=False)
        converted = rates.to_minor(given, code, amounts.days[rows])
        minor[rows] = converted.amounts_minor
        has_no_rate[rows] = converted.has_no_rate
        is_known[rows] = ~exact.is_null().to_numpy(zero_copy_only=False)
        is_known[rows] &= ~converted.is_out_of_range
    return InBusinessCurrency(pa.array(minor, mask=~is_known), has_no_rate)


def whole_units(first: _Array, second: _Array, digits: int) -> _Array:
    """Each number as a count of units so many digits after the point: 10.5 is 1050 with two.

    Null where it is missing or too large. `second` is null on every row, or a factor of each: then
    the product is taken exactly before it is rounded, so 3 x 0.335 is 1.00 and not 1.01.
    """
    if second.null_count < len(second):
        wide = pa.decimal256(37, 18)
        first = pc.multiply(first.cast(wide), second.cast(wide))
    rounded = _rounded(first, digits)
    fits = pc.less(pc.abs(rounded), pa.scalar(Decimal(MAX_AMOUNT)))
    rounded = pc.if_else(fits, rounded, pa.scalar(None, rounded.type))
    narrow = rounded.cast(pa.decimal128(18, digits))
    return pc.multiply(narrow, pa.scalar(Decimal(10**digits))).cast(pa.int64())


def is_rounded(number: _Array, digits: int) -> _Array:
    """Whether each number has more decimals than so many."""
    return pc.not_equal(_rounded(number, digits), number)


def _rounded(number: _Array, digits: int) -> _Array:
    return pc.round(number, ndigits=digits, round_mode="half_to_even")
