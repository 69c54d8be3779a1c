"""Money as whole minor units: exact decimals in, integers out, half to even."""

from decimal import Decimal
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from features.markets import minor_unit_digits
from features.sources.values import MAX_AMOUNT

_Array: TypeAlias = pa.Array | pa.ChunkedArray


def amount_minor(first: _Array, second: _Array, currency: str) -> _Array:
    """Money of each row in minor units; null where it is missing or too large.

    `second` is null on every row, or a factor of each: then the product is taken exactly before
    it is rounded, so 3 x 0.335 is 1.00 and not 1.01.
    """
    digits = minor_unit_digits(currency)
    if second.null_count < len(second):
        wide = pa.decimal256(37, 18)
        first = pc.multiply(first.cast(wide), second.cast(wide))
    rounded = _rounded(first, digits)
    fits = pc.less(pc.abs(rounded), pa.scalar(Decimal(MAX_AMOUNT)))
    rounded = pc.if_else(fits, rounded, pa.scalar(None, rounded.type))
    narrow = rounded.cast(pa.decimal128(18, digits))
    return pc.multiply(narrow, pa.scalar(Decimal(10**digits))).cast(pa.int64())


def is_rounded(amount: _Array, currency: str) -> _Array:
    """Whether each amount has more decimals than the currency."""
    return pc.not_equal(_rounded(amount, minor_unit_digits(currency)), amount)


def _rounded(amount: _Array, digits: int) -> _Array:
    return pc.round(amount, ndigits=digits, round_mode="half_to_even")
