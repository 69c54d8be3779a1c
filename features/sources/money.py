"""Numbers as whole units: exact decimals in, integers out, half to even."""

from decimal import Decimal
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.markets import minor_unit_digits
from features.sources.values import MAX_AMOUNT

_Array: TypeAlias = pa.Array | pa.ChunkedArray


class InBusinessCurrency(NamedTuple):
    """Money in minor units of the business's currency; `has_no_rate` where it has none."""

    amounts_minor: _Array
    has_no_rate: npt.NDArray[np.bool_]


def into_business_currency(
    first: _Array, second: _Array, codes: _Array, business_currency: str
) -> InBusinessCurrency:
    """Money of each row, given in the currency of its code, in the business's own.

    Without exchange rates another currency has no rate.
    """
    has_no_rate = pc.not_equal(codes, business_currency).to_numpy(zero_copy_only=False)
    amounts = whole_units(first, second, minor_unit_digits(business_currency))
    return InBusinessCurrency(amounts, has_no_rate)


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
